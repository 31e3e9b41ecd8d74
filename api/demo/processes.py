"""The chain and the nodes as child processes that cannot outlive the demo.

Each child is in a process group of its own, so that Ctrl-C reaches only the demo, which then
stops them in order; the kernel ends them if the demo itself is killed (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from node.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PR_SET_PDEATHSIG = 1
START_SECONDS = 60
STOP_SECONDS = 15
POLL_SECONDS = 0.05


def free_port(wanted: int) -> int:
    """Return `wanted`, or the next port on loopback that nobody listens on."""
    for port in range(wanted, wanted + 1000):
        with closing(socket.socket()) as probe:
            # As the servers will: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable(f"no free port from {wanted} on")


@dataclass
class Child:
    """One server of the city."""

    name: str
    arguments: list[str]
    log: Path
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Spawn the server and wait until it answers."""
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Spawn `shareledger ARGUMENTS`, its output going to its log."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "api.cli", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it makes one system call, no more
            )

    def wait_ready(self) -> None:
        """Wait until the server answers.

        Raises:
            Unavailable: it ended, or did not answer within a minute; the end of its log is said.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.alive or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise Unavailable(f"{self.name} did not start:\n{tail}")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            return self.ready()
        except httpx.HTTPError:
            return False

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Ask it to end, insist after a while; done when it is gone."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.ask_to_end()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
