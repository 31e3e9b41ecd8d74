"""The machine a measurement ran on, and how steady it was meanwhile.

The same short work is timed again and again: pure Python, one SM2 verification, one fdatasync. On
a machine that does nothing else their times agree; how far apart they are is the noise every other
figure of the run carries.
"""

from __future__ import annotations

import os
import platform
import ssl
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from node.crypto import SoftwareSigner, sign_decision, verify_decision

from .figures import Line, Spread

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 20
LOOP = 20_000
PAGE_BYTES = 4096


@dataclass
class Machine:
    """Times of the reference work, gathered whenever `look` is called."""

    loop: list[float] = field(default_factory=list)
    """Milliseconds of a pure Python loop."""
    verify: list[float] = field(default_factory=list)
    """Microseconds of one SM2 verification."""
    fdatasync: list[float] = field(default_factory=list)
    """Microseconds of a 4 KiB append and its fdatasync."""
    load: list[float] = field(default_factory=list)
    """Runnable processes, ours included (the kernel's one-minute average)."""

    def look(self) -> None:
        """Time the reference work now."""
        signer, digest = SoftwareSigner.generate(), bytes(32)
        signature = sign_decision(signer, digest)
        with tempfile.NamedTemporaryFile(prefix="shareledger-machine-", dir=Path.cwd()) as file:
            descriptor = file.fileno()
            for _ in range(ROUNDS):
                self.loop.append(_seconds(_count) * 1e3)
                verify = _seconds(lambda: verify_decision(signer.public_key, digest, signature))
                self.verify.append(verify * 1e6)
                self.fdatasync.append(_seconds(lambda: _append(descriptor)) * 1e6)
        self.load.append(os.getloadavg()[0])

    def lines(self) -> list[Line]:
        """Return what was seen."""
        name = f"{platform.machine()}, {os.cpu_count()} CPU, Python {platform.python_version()}"
        return [
            Line("机器", "machine", f"{name}, {ssl.OPENSSL_VERSION}"),
            Line("系统负载", "load average", Spread.of(self.load).show(1)),
            Line("纯 Python 循环，毫秒", "pure Python loop, ms", Spread.of(self.loop).show(2)),
            Line("一次 SM2 验签，微秒", "one SM2 verification, µs", Spread.of(self.verify).show()),
            Line("一次 fdatasync，微秒", "one fdatasync, µs", Spread.of(self.fdatasync).show()),
        ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _count() -> int:
    return sum(number & 7 for number in range(LOOP))


def _append(descriptor: int) -> None:
    os.write(descriptor, bytes(PAGE_BYTES))
    os.fdatasync(descriptor)
