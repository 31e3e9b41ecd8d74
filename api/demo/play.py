"""The play from beginning to end, whenever that comes: the city, the story, nothing left."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from api.cli.console import t
from node.errors import LedgerError, Unavailable

from . import founding
from .cast import gather
from .city import City
from .ending import Ending
from .folder import DemoFolder, remove_abandoned
from .population import build_sources, count_rows
from .stages import Stages
from .story import tell

if TYPE_CHECKING:
    from pathlib import Path

LOOK_SECONDS = 0.5


class Play:
    """One demo: its folder, its servers, and its way through the story."""

    def __init__(self, *, rows: int, seed: int, keep_up: bool) -> None:
        """Take what the user chose; nothing is begun."""
        self._rows, self._seed, self._keep_up = rows, seed, keep_up
        self._stages = Stages()
        self._home = DemoFolder()
        self._city: City | None = None
        self._code: int | None = None
        """What the story has come to; None while it is not through."""

    def run(self) -> int:
        """Play everything; return the exit code. Whatever happens, nothing stays behind."""
        ending = Ending()
        try:
            with ending.possible():
                self._play()
        except KeyboardInterrupt:
            print(t("\n正在停止……", "\nstopping ..."), flush=True)
            # A city that was up has done all it had to: Ctrl-C is how its user ends it.
            return ending.exit_code if self._code is None else self._code
        except LedgerError as error:
            print(f"✗ [{error.code}] {error.message}", flush=True)
            return 1
        finally:
            self._clear()
        return self._code or 0

    def _play(self) -> None:
        for path in remove_abandoned():
            print(
                t(f"已删除被强行终止的演示留下的 {path}", f"removed {path}, left by a killed demo")
            )
        self._home.make()
        self._city = city = self._found()
        tell(self._stages, city, self._rows, self._seed)
        self._code = self._stages.close()
        if self._keep_up:
            _stay(city)

    def _clear(self) -> None:
        """Stop every server, then remove the folder. No signal interrupts this (ending.py)."""
        if self._city is not None:
            self._city.stop()
            self._city.claims.close()
        self._home.remove()

    def _found(self) -> City:
        stages = self._stages
        with stages.stage("合成数据、链、合约、三个节点", "data, chain, contracts, three nodes"):
            self._city = city = City(self._home, gather(), self._data(self._home.path))
            city.chain.start()
            stages.tell(f"链：{city.chain_url}", f"chain: {city.chain_url}")
            founding.deploy_contracts(city)
            stages.tell("合约已部署", "contracts deployed")
            city.prepare_nodes()
            city.start_nodes()
            for host in city.cast.hosts:
                served = "、".join(
                    player.name + ("" if player.custody == "own" else t("（托管）", " (hosted)"))
                    for player in city.cast.hosted_by(host)
                )
                stages.tell(f"节点 {city.url(host)}：{served}", f"node {city.url(host)}: {served}")
        return city

    def _data(self, folder: Path) -> dict[str, Path]:
        sources = build_sources(folder, rows=self._rows, seed=self._seed)
        counts = count_rows(sources)
        self._stages.check(
            counts == [self._rows] * 4,
            f"SQL 库中的合成数据：{'、'.join(f'{count:,}' for count in counts)} 行"
            f"（种子 {self._seed}）",
            f"synthetic rows in SQL: {', '.join(f'{count:,}' for count in counts)}"
            f" (seed {self._seed})",
        )
        return sources


def play(*, rows: int, seed: int, keep_up: bool) -> int:
    """Play everything in a folder of its own; return the exit code."""
    return Play(rows=rows, seed=seed, keep_up=keep_up).run()


def _stay(city: City) -> None:
    """Keep the city up until a signal ends it, or a server ends by itself.

    Raises:
        Unavailable: a server has ended.
    """
    print(t("\n城市继续运行，按 Ctrl-C 结束：", "\nthe city stays up, Ctrl-C ends it:"))
    print(f"  {t('链', 'chain')}  {city.chain_url}")
    for host in city.cast.hosts:
        print(
            f"  {host.name}  {city.url(host)}/api/v1/status  {city.url(host)}/openapi.json",
            flush=True,
        )
    pause = threading.Event()
    while not (ended := city.ended):
        pause.wait(LOOK_SECONDS)
    raise Unavailable(t(f"{ended}自行结束", f"{ended} has ended by itself"))
