"""Demos as a user starts them, in a temporary folder of their own by which all of them is found."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.common.nodes import until
from tests.common.quick_command import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 180.0
END_SECONDS = 60.0


class Demo:
    """`shareledger demo`, leader of a process group as a shell makes it one."""

    def __init__(self, folder: Path, *arguments: str, command: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self._lines: list[str] = []
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [*(command or (*COMMAND, "demo")), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(folder), "SHARELEDGER_LANG": "zh"},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def reaches(self, text: str) -> None:
        """Wait until the demo has said this."""
        until(lambda: text in self.output or self.process.poll() is not None, START_SECONDS)
        assert text in self.output, self.output

    def interrupt(self) -> None:
        """What Ctrl-C in a terminal does: SIGINT to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self) -> int:
        """Wait for its end; return the exit code."""
        code = self.process.wait(END_SECONDS)
        self._reader.join()
        return code

    @property
    def ports(self) -> list[int]:
        """The ports it has said its servers listen on."""
        return [int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", self.output)]

    def processes(self) -> list[int]:
        """Everything that runs in its name, however far removed."""
        mark = f"TMPDIR={self.folder}".encode()
        found = []
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return found

    def kill_all(self) -> None:
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            self._lines.extend(iter(stdout.readline, ""))


@contextmanager
def running_demo(folder: Path, *arguments: str, command: tuple[str, ...] = ()) -> Iterator[Demo]:
    """Start a demo; whatever a failed test leaves of it is killed."""
    folder.mkdir(exist_ok=True)
    demo = Demo(folder, *arguments, command=command)
    try:
        yield demo
    finally:
        demo.kill_all()
        demo.wait()


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def assert_nothing_is_left(demo: Demo) -> None:
    """No process, no folder, no port."""
    assert demo.processes() == []
    assert list(demo.folder.iterdir()) == []
    assert [port for port in demo.ports if not is_free(port)] == []
