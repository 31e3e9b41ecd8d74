"""The play: from an empty folder to a city that was stopped, checked and started again."""

from __future__ import annotations

import shutil
import signal
import statistics
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.console import t
from node.errors import LedgerError
from node.protocol.enums import AuthorisationState

from . import founding
from .calling import Calls
from .cast import gather
from .city import City
from .offices import Offices
from .population import build_sources
from .proving import Proof
from .sharing import Share
from .stages import Stages

if TYPE_CHECKING:
    from types import FrameType


def play(*, rows: int, seed: int, keep_up: bool) -> int:
    """Play everything in a folder of its own; return the exit code."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    stages = Stages()
    folder = Path(tempfile.mkdtemp(prefix="shareledger-demo-"))
    city: City | None = None
    try:
        city = _city(stages, folder, rows, seed)
        _story(stages, city, rows, seed)
        code = stages.close()
        if keep_up:
            _stay(city)
    except LedgerError as error:
        print(f"✗ [{error.code}] {error.message}", flush=True)
        return 1
    except KeyboardInterrupt:
        print(t("\n已中断", "\ninterrupted"), flush=True)
        return 130
    else:
        return code
    finally:
        if city is not None:
            city.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _city(stages: Stages, folder: Path, rows: int, seed: int) -> City:
    with stages.stage("合成数据、链、合约、三个节点", "data, chain, contracts, three nodes"):
        stages.tell(f"在 SQL 库中生成 4 × {rows} 行", f"4 × {rows} rows into SQL databases")
        city = City(folder, gather(), build_sources(folder, rows=rows, seed=seed))
        try:
            city.chain.start()
            stages.tell(f"链：{city.chain_url}", f"chain: {city.chain_url}")
            founding.deploy_contracts(city)
            stages.tell("合约已部署", "contracts deployed")
            city.prepare_nodes()
            city.start_nodes()
        except BaseException:
            city.stop()
            raise
        for host in city.cast.hosts:
            served = "、".join(player.name for player in city.cast.hosted_by(host))
            stages.tell(f"节点 {city.url(host)}：{served}", f"node {city.url(host)}: {served}")
    return city


def _story(stages: Stages, city: City, rows: int, seed: int) -> None:
    offices = Offices(city)
    share = Share(city, offices)
    calls = Calls(city, share, stages, rows, seed)
    try:
        with stages.stage("入账：部门、密钥、角色、应用、日志", "enrolment"):
            founding.enrol_everybody(city, offices)
            founding.list_contracts(city, offices)
            founding.appoint(city, offices)
            founding.register_systems(city, offices)
            founding.open_logs(city, offices)
            stages.check(
                len(offices.node(city.cast.data).queries.departments()) == len(city.cast.players),
                f"{len(city.cast.players)} 个部门，{len(offices.seconds)} 个决定",
                f"{len(city.cast.players)} departments, {len(offices.seconds)} decisions",
            )
        with stages.stage("编目：Excel 填报、审核、退回与第二版", "the catalogue"):
            count = share.publish_catalogue()
            stages.check(count == 6, f"{count} 个版本，退回 1 个", f"{count} versions, 1 returned")  # noqa: PLR2004 - four entries, one mended, one renewed
        with stages.stage("申请与答复", "applications and replies"):
            _apply(stages, share)
        with stages.stage("200 次调用，每次都验证", "200 calls, each one verified"):
            calls.await_papers()
            calls.serve_two_hundred()
        with stages.stage("各种拒绝", "refusals"):
            calls.refusals()
            calls.suspension()
        proof = Proof(city, offices, calls, stages)
        with stages.stage("锚定、溯源、导出", "anchor, trace, export"):
            proof.anchor()
            proof.trace()
        _figures(stages, offices)
    finally:
        calls.close()
        offices.close()
    with stages.stage("全部停机，离线验证，查篡改", "stopped, verified offline, tampering found"):
        city.stop()
        proof.verify_offline()
        proof.tamper()
    with stages.stage("从磁盘重新启动", "started again from its disks"):
        try:
            proof.restart()
        finally:
            calls.close()


def _apply(stages: Stages, share: Share) -> None:
    share.set_standing_reply()
    states = share.apply()
    stages.check(
        states
        == [AuthorisationState.APPLIED, AuthorisationState.APPLIED, AuthorisationState.AGREED],
        "两件有条件的已受理，一件无条件的凭长期答复当即同意",
        "two conditional ones filed; the unconditional one agreed at once by standing reply",
    )
    share.reply()
    stages.tell("一件全部同意，一件部分同意并逐项说明理由", "one agreed, one partly with a reason")


def _figures(stages: Stages, offices: Offices) -> None:
    stages.figure(
        "决定，从签名到出块 p50",
        "decision, signed to mined p50",
        f"{statistics.median(offices.seconds) * 1000:.0f} ms（{len(offices.seconds)}）",
    )
    for kind, gas in sorted(offices.gas.items()):
        stages.figure(f"gas {kind}", f"gas {kind}", f"{min(gas)}-{max(gas)}（{len(gas)}）")


def _stay(city: City) -> None:
    print(t("\n城市继续运行，Ctrl-C 结束：", "\nthe city stays up, Ctrl-C ends it:"))
    print(f"  {t('链', 'chain')}  {city.chain_url}")
    for host in city.cast.hosts:
        print(f"  {host.name}  {city.url(host)}/api/v1/status  {city.url(host)}/openapi.json")
    threading.Event().wait()


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
