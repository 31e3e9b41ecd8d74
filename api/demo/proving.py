"""Proving: anchored, traced, exported, verified offline, tampering found, started again."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from api.city.folders import DATA
from api.city.processes import run_command
from api.cli.console import t
from node.log.tables import entry
from node.storage.engines import open_engine
from node.storage.stores import Stores

from .entries import HOUSEHOLD
from .stages import seconds

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from node.client.calls import Answer

    from .calling import Calls
    from .cast import Player

VERIFY_SECONDS = 1.0
ANCHOR_WAIT_SECONDS = 30.0
SHOWN_ENTRY = 3


class Proof:
    """One call of the story, followed until a stranger can verify it."""

    def __init__(self, calls: Calls, call: Answer) -> None:
        self.city, self.calls, self.stages = calls.city, calls, calls.stages
        self.call, self.event = call, call.event.hex()
        self.bundle, self.trust = (
            self.city.folder / name for name in ("evidence.json", "trust.json")
        )
        auditor = self.city.cast.audit
        place = self.city.keys.places[auditor.plan.key(auditor.official("审计员").id)]
        self._as_auditor = [
            *("--config", self._settings(auditor), "--as", str(place.file)),
            *("--password-file", str(place.password_file)),
        ]
        """Options of a command the auditor gives, at the node that hosts his department."""

    def _settings(self, player: Player) -> str:
        """Name the settings of the node that serves a department."""
        return str(self.city.settings_file(self.city.plan.node_of(player.code)))

    def anchor(self) -> None:
        """Wait until the chain has every served call; upgrade the receipt of one."""
        police = self.city.cast.police
        begun = time.perf_counter()
        client = self.calls.client(police)
        anchor = client.wait_anchored(self.call.receipt, ANCHOR_WAIT_SECONDS).anchored
        block, size = (anchor.block, anchor.size) if anchor else ("—", "—")
        self.stages.check(
            anchor is not None,
            f"该调用所在的检查点已锚定：第 {block} 块，含日志前 {size} 条",
            f"the call's checkpoint is anchored in block {block}, with the log's first {size}",
        )
        self.stages.figure(
            "等待锚定", "waiting for the anchor", seconds(time.perf_counter() - begun)
        )

    def trace(self) -> None:
        """Trace the call with the auditor's key, from the node that hosts the auditor."""
        code, output, _ = run_command("trace", "call", self.event, *self._as_auditor)
        print(output)
        self.stages.check(
            code == 0 and "✗" not in output,
            "shareledger trace call：每一行的检查都成立",
            "shareledger trace call: every line's check holds",
        )

    def export(self) -> None:
        """Write the evidence bundle and the trust file a stranger verifies it by."""
        code, output, spent = run_command(
            *("trace", "export", self.event, "-o", str(self.bundle), "--trust", str(self.trust)),
            *self._as_auditor,
        )
        print(output)
        self.stages.check(
            code == 0, f"证据包已导出（{seconds(spent)}）", f"exported ({seconds(spent)})"
        )
        if code == 0:
            size = f"{self.bundle.stat().st_size / 1024:.0f} KiB"
            self.stages.figure("证据包大小", "bundle", size)

    def verify_offline(self) -> None:
        """Verify the bundle while no server runs; a changed byte must fail and say where."""
        code, output, spent = run_command("verify", str(self.bundle), "--trust", str(self.trust))
        print(output)
        self.stages.check(
            code == 0,
            "全部服务停止后离线验证通过",
            "verified with every server stopped",
        )
        # Seconds of a whole process on a shared machine: shown, a miss does not end the demo.
        missed = "" if spent <= VERIFY_SECONDS else t("，超过 1 秒", ", over 1 s")
        self.stages.figure(
            "离线验证，含程序启动", "offline, start included", f"{seconds(spent)}{missed}"
        )
        data = bytearray(self.bundle.read_bytes())
        place = len(data) * 2 // 3
        data[place] = ord("b") if data[place] == ord("a") else ord("a")
        changed = self.city.folder / "changed.json"
        changed.write_bytes(bytes(data))
        code, output, _ = run_command("verify", str(changed), "--trust", str(self.trust))
        self.stages.check(
            code != 0,
            f"改动第 {place} 个字节后不通过：{output.strip().splitlines()[-1]}",
            f"byte {place} changed, refused: {output.strip().splitlines()[-1]}",
        )

    def tamper(self) -> None:
        """Edit one leaf in a copy of a provider's log; `log check` names entry and department."""
        police = self.city.cast.police
        if self.city.database is not None:
            self.city.database.start()
        code, output, _ = run_command("log", "check", "--config", self._settings(police))
        self.stages.check(code == 0, f"原日志：{output.strip()}", f"the log: {output.strip()}")
        copy, *arguments = self._copy(police)
        self._edit(copy)
        code, output, _ = run_command("log", "check", *arguments)
        said = output.strip().splitlines()[0] if output.strip() else ""
        self.stages.check(
            code != 0 and police.code in said and f" {SHOWN_ENTRY} " in said,
            f"改动副本中第 {SHOWN_ENTRY} 条（从 0 数起）：{said}",
            f"entry {SHOWN_ENTRY} edited in a copy: {said}",
        )

    def _copy(self, player: Player) -> tuple[Engine, str, str, *tuple[str, ...]]:
        """Copy a provider's log; return the copy, and the options of a command that reads it."""
        settings, database = Path(self._settings(player)), self.city.database
        if database is None:
            path = self.city.folder / "copied-log.db"
            original = settings.parent / DATA / "log.db"
            with (
                closing(sqlite3.connect(original)) as here,
                closing(sqlite3.connect(path)) as there,
            ):
                here.backup(there)
            return open_engine(path), "--config", str(settings), "--file", str(path)
        name = settings.parent.name
        address = database.create(f"{name}-copy", template=name)
        # Beside the settings, for they name files by the way from their own folder.
        copied = settings.with_name("copied.toml")
        copied.write_text(
            settings.read_text("utf-8").replace(database.url(name), address[0]), "utf-8"
        )
        return Stores(settings.parent, address).open("log"), "--config", str(copied)

    def _edit(self, log: Engine) -> None:
        """Change a figure of one leaf."""
        # The police serve one department, so their log is the first and only one of the store.
        query = select(entry.c.position, entry.c.leaf).order_by(entry.c.position)
        with log.begin() as connection:
            position, leaf = connection.execute(query.limit(1).offset(SHOWN_ENTRY)).one()
            edited = leaf.replace(b'"rows":1', b'"rows":9')
            change = update(entry).where(entry.c.position == position).values(leaf=edited)
            connection.execute(change)
        log.dispose()

    def restart(self) -> None:
        """Start the city again from its disks; the same call is still there, and new ones work."""
        self.city.resume()
        client = self.calls.client(self.city.cast.police)
        self.stages.check(
            client.fetch_receipt(self.call.receipt).leaf == self.call.receipt.leaf,
            "先前的调用仍在日志中，回执仍可验证",
            "the call is still in the log, its receipt still verifies",
        )
        # Calls are judged by a read model that has seen the chain: a moment after the start.
        answer = self.calls.ask_patiently(client, HOUSEHOLD)
        self.stages.check(
            answer.receipt.index > self.call.receipt.index and len(answer.rows) == 1,
            "新的调用照常提供",
            "new calls are served",
        )
