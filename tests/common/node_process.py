"""A node in a process of its own, and clients that call it whatever becomes of it."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from node.client.calls import LedgerClient
from node.client.trust import NodeTrust
from node.errors import LedgerError, PeerUnavailable
from tests.common.nodes import QUERY
from tests.common.quick_command import COMMAND
from tests.common.zygote import warmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.client.calls import Answer
    from node.client.checks import Asked
    from node.client.http import SignedRequest
    from tests.common.nodes import NodeTown

END_SECONDS = 30


class NodeProcess:
    """`shareledger node run`, started again as often as a test wants.

    It is a fork of the zygote, or the command as it is installed. Whichever it is, it is dead when
    `end` returns: its end of the pipe is closed then.
    """

    def __init__(self, settings: Path, *, installed: bool = False) -> None:
        self._command = COMMAND if installed else warmed()
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    def start(self, changed: str = "") -> None:
        """Start it, its program `changed` first; returns when it has said that it answers."""
        run = "import sys; from api.cli import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", f"{changed}\n{run}"] if changed else self._command
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "node", "run", "--config", str(self._settings)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert "http://" in self._process.stdout.readline(), "the node did not start"

    def mebibytes(self) -> float:
        """Return its resident memory."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        [kibibytes] = re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        return int(kibibytes) / 1024

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        assert self._process is not None
        self._process.wait(END_SECONDS)
        return self.end()

    def end(self, number: int = signal.SIGKILL) -> int:
        """Send it a signal and return its exit code; harmless when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(END_SECONDS)
        finally:
            process.kill()
            process.communicate()


class RecordingClient(LedgerClient):
    """A client that knows which signed call it sent last."""

    last: tuple[SignedRequest, Asked] | None = None

    def send(self, request: SignedRequest, asked: Asked) -> Answer:
        self.last = (request, asked)
        return super().send(request, asked)


class Caller(threading.Thread):
    """Calls one after the other until the node is gone; every answer goes into `answered`."""

    def __init__(self, town: NodeTown, name: str, answered: queue.Queue[Answer]) -> None:
        super().__init__(name=name)
        http = town.http(town.keys.application)
        self.client = RecordingClient(
            town.url,
            town.keys.application,
            town.keys.encryption,
            NodeTrust(http, town.url),
            attempts=1,
        )
        self.unanswered: tuple[SignedRequest, Asked] | None = None
        """The call whose answer did not come: nobody knows whether it was served."""
        self.failure: BaseException | None = None
        self._town, self._answered = town, answered
        self._told_to_end = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._told_to_end.is_set():
            number += 1
            query = {**QUERY, "matter": f"{self.name}-{number}"}
            try:
                self._answered.put(self.client.query(self._town.first, **query))
            except PeerUnavailable:
                self.unanswered = self.client.last
                return
            except LedgerError as error:
                if not error.retryable:
                    self.failure = error
                    return
            except Exception as error:  # noqa: BLE001 - told by the thread that started this one
                self.failure = error
                return

    def stop(self) -> None:
        self._told_to_end.set()


def call_until(
    town: NodeTown, label: str, callers: int, answers: int, then: Callable[[], int]
) -> tuple[int, list[Answer], list[tuple[SignedRequest, Asked]]]:
    """Call from several threads; after so many answers do `then`, whose result comes first.

    Returns every answer, and the calls that were under way then.
    """
    answered: queue.Queue[Answer] = queue.Queue()
    threads = [Caller(town, f"{label}-{number}", answered) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        found = [answered.get(timeout=60) for _ in range(answers)]
        result = then()
    finally:
        for thread in threads:
            thread.stop()
            thread.join()
            thread.client.close()
    failures = [thread.failure for thread in threads if thread.failure is not None]
    assert failures == []
    found += [answered.get() for _ in range(answered.qsize())]
    return result, found, [thread.unanswered for thread in threads if thread.unanswered]
