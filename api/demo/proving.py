"""Proving: anchored, traced, exported, verified offline, tampering found, started again."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from api.cli.console import t
from node.store import open_engine

from .offices import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from node.client.calls import Answer

    from .calling import Calls
    from .cast import Player
    from .city import City
    from .offices import Offices
    from .stages import Stages

VERIFY_SECONDS = 1.0
ANCHOR_WAIT_SECONDS = 30.0
SHOWN_ENTRY = 3


def run_command(*arguments: str) -> tuple[int, str, float]:
    """Run `shareledger ARGUMENTS` as a user would; return exit code, output, seconds."""
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "api.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr, time.perf_counter() - begun


class Proof:
    """One call of the story, followed until a stranger can verify it."""

    def __init__(self, city: City, offices: Offices, calls: Calls, stages: Stages) -> None:
        self.city, self.offices, self.calls, self.stages = city, offices, calls, stages
        police = city.cast.police
        self.call: Answer = next(
            answer for answer in calls.answers if self._origin(answer).endswith(police.code)
        )
        self.bundle = city.folder / "evidence.json"
        self.trust = city.folder / "trust.json"

    @staticmethod
    def _origin(answer: Answer) -> str:
        return answer.receipt.signed_checkpoint.checkpoint.origin

    @property
    def event(self) -> str:
        """The call's event id."""
        return self.call.event.hex()

    def anchor(self) -> None:
        """Wait until the chain has every served call; upgrade the receipt of one."""
        police = self.city.cast.police
        begun = time.perf_counter()
        client = self.calls.client(police)
        anchored = client.wait_anchored(self.call.receipt, ANCHOR_WAIT_SECONDS)
        self.stages.check(
            anchored.anchored is not None,
            f"检查点已锚定：区块 {anchored.anchored.block if anchored.anchored else '—'}，"
            f"日志大小 {anchored.anchored.size if anchored.anchored else '—'}",
            f"anchored in block {anchored.anchored.block if anchored.anchored else '-'}",
        )
        self.stages.figure(
            "等待锚定", "waiting for the anchor", f"{time.perf_counter() - begun:.1f} s"
        )

    def trace(self) -> None:
        """Trace the call with the auditor's key, from the node that hosts the auditor."""
        auditor = self.city.cast.audit
        key = self.city.keys / "auditor.pem"
        auditor.official("审计员").signer.save(key, self.city.password)
        arguments = ["--config", str(self.city.settings_file(auditor)), "--as", str(key)]
        code, output, _ = run_command("trace", "call", self.event, *arguments)
        print(output)
        self.stages.check(
            code == 0 and "✗" not in output,
            "shareledger trace call：每一行的检查都成立",
            "shareledger trace call: every line's check holds",
        )
        code, output, spent = run_command(
            *("trace", "export", self.event, "-o", str(self.bundle), "--trust", str(self.trust)),
            *arguments,
        )
        print(output)
        self.stages.check(code == 0, f"证据包已导出（{spent:.2f} s）", f"exported ({spent:.2f} s)")
        if code == 0:
            self.stages.figure("证据包", "bundle", f"{self.bundle.stat().st_size / 1024:.0f} KiB")

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
        missed = "" if spent <= VERIFY_SECONDS else t("，超过 1 s", ", over 1 s")
        self.stages.figure("离线验证，含启动", "offline, start included", f"{spent:.2f} s{missed}")
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
        arguments = ["--config", str(self.city.settings_file(police))]
        code, output, _ = run_command("log", "check", *arguments)
        self.stages.check(code == 0, f"原日志：{output.strip()}", f"the log: {output.strip()}")
        copy = self._edited_copy(police)
        code, output, _ = run_command("log", "check", *arguments, "--file", str(copy))
        said = output.strip().splitlines()[0] if output.strip() else ""
        self.stages.check(
            code != 0 and police.code in said and f" {SHOWN_ENTRY} " in said,
            f"改动副本中第 {SHOWN_ENTRY} 条：{said}",
            f"entry {SHOWN_ENTRY} edited in a copy: {said}",
        )

    def _edited_copy(self, player: Player) -> Path:
        from sqlalchemy import select, update

        from node.log.tables import entry

        copy = self.city.folder / "copied-log.db"
        original = self.city.data_dir(player) / "log.db"
        with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        engine = open_engine(copy)
        # The police serve one department, so their log is the first and only one of the store.
        where = entry.c.position.in_(
            select(entry.c.position).order_by(entry.c.position).offset(SHOWN_ENTRY).limit(1)
        )
        with engine.begin() as connection:
            leaf: bytes = connection.execute(select(entry.c.leaf).where(where)).scalar_one()
            edited = leaf.replace(b'"rows":1', b'"rows":9')
            connection.execute(update(entry).where(where).values(leaf=edited))
        engine.dispose()
        return copy

    def restart(self) -> None:
        """Start the city again from its disks; the same call is still there, and new ones work."""
        self.city.chain.start()
        self.city.start_nodes()
        police = self.city.cast.police
        client = self.calls.client(police)
        self.stages.check(
            client.fetch_receipt(self.call.receipt).leaf == self.call.receipt.leaf,
            "从磁盘重新启动：先前的调用仍在日志中",
            "started again from its disks: the call is still in the log",
        )
        wait_until(
            lambda: all(self.city.status(host) for host in self.city.cast.hosts),
            "the city does not come back",
        )
