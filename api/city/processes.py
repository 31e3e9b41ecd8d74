"""The chain, the nodes and single commands as child processes that cannot outlive the demo.

Each is in a process group of its own, so that Ctrl-C reaches only the demo, which then stops them
in order; the kernel ends them if the demo itself is killed (PR_SET_PDEATHSIG). The child asks for
that itself, before anything else: a `preexec_fn` can deadlock beside other threads.

However the demo is told to end (Ctrl-C, SIGTERM, a terminal that closes), it ends once and in
order: while `Ending.possible` is open a signal raises KeyboardInterrupt in the main thread; before
and after it a signal changes nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from api.cli.console import t
from node.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

START_SECONDS = 180
STOP_SECONDS = 15
POLL_SECONDS = 0.05
TAIL_CHARACTERS = 2_000
COMMAND_LINE = "api.cli"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNAL_EXIT = 128
"""Added to the signal's number: the exit code a shell gives a command that a signal ended."""

# argv: the demo's pid, the module whose `main` runs, its arguments. Asking comes before the look at
# the parent: if that died in between, the signal was missed and the child ends by itself. Signals
# were held back around the fork, and a child inherits that.
_LAUNCHER = """
import ctypes, importlib, os, signal, sys
if ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0):
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
if os.getppid() != int(sys.argv[1]):
    sys.exit("the demo has gone")
signal.pthread_sigmask(signal.SIG_SETMASK, ())
program = sys.argv[2]
sys.argv = ["shareledger", *sys.argv[3:]]
importlib.import_module(program).main()
"""


class Ending:
    """What the demo does about signals, from its construction to the end of the process."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The signal that ended the demo; None while there was none."""
        self._possible = False
        for each in SIGNALS:
            signal.signal(each, self._handle)

    @property
    def exit_code(self) -> int:
        """What a demo ends with that was told to end before it was through."""
        return SIGNAL_EXIT + (self.signal or signal.SIGINT)

    @contextmanager
    def possible(self) -> Iterator[None]:
        """Let a signal end what happens inside."""
        self._possible = True
        try:
            yield
        finally:
            self._possible = False

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._possible:
            self.signal = number
            raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Keep signals waiting while something is begun that must not be begun and forgotten."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def launch(
    arguments: list[str],
    output: IO[bytes],
    *,
    inherited: tuple[int, ...] = (),
    program: str = COMMAND_LINE,
) -> subprocess.Popen[bytes]:
    """Spawn `shareledger ARGUMENTS`, both its outputs into `output`; from the main thread only.

    `program` is the module whose `main` runs. The kernel's signal comes when the thread that
    spawned ends, not the process.
    """
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-c", _LAUNCHER, str(os.getpid()), program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=inherited,
    )


@dataclass
class Child:
    """One server of the city."""

    name: str
    arguments: list[str]
    log: Path
    address: str
    """What it announces, in its log, once it answers."""
    inherited: tuple[int, ...] = ()
    """Descriptors it is to hold as long as it runs."""
    program: str = COMMAND_LINE
    """Module whose `main` runs."""
    process: subprocess.Popen[bytes] | None = None
    _begun: int = 0
    """Size of the log when the process was spawned."""

    def start(self) -> None:
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Spawn the server, its output going to its log; a signal now cannot lose it."""
        with held_back(), self.log.open("ab") as output:
            self._begun = output.tell()
            self.process = launch(
                self.arguments, output, inherited=self.inherited, program=self.program
            )

    def wait_ready(self) -> None:
        """Wait until the server answers.

        Raises:
            Unavailable: it ended, or did not answer in three minutes; its log's end is said.
        """
        deadline = time.monotonic() + START_SECONDS
        while self.address not in self._said():
            if not self.alive or time.monotonic() > deadline:
                tail = self._said()[-TAIL_CHARACTERS:] or f"{self.log} {t('是空的', 'is empty')}"
                chinese, english = self._how()
                raise Unavailable(
                    t(
                        f"{self.name}没有启动（{chinese}）：\n{tail}",
                        f"{self.name} did not start ({english}):\n{tail}",
                    )
                )
            time.sleep(POLL_SECONDS)

    def _how(self) -> tuple[str, str]:
        """Say how it ended, or that it did not."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return f"{START_SECONDS} 秒内没有应答", f"no answer in {START_SECONDS} s"
        if code < 0:
            name = signal.Signals(-code).name
            return f"被信号 {name} 结束，可能是内存不足或有人停止了它", f"ended by {name}"
        return f"退出码 {code}", f"exit code {code}"

    def _said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._begun)
            return log.read().decode(errors="replace")

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting."""
        if self.process is not None:
            self.process.terminate()  # of one that has ended already: nothing

    def stop(self) -> None:
        """Ask it to end, insist after a while; done when it is gone."""
        self.ask_to_end()
        if self.process is not None:
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def run_command(*arguments: str) -> tuple[int, str, float]:
    """Run `shareledger ARGUMENTS` as a user would; return exit code, output, seconds."""
    begun = time.perf_counter()
    process: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as output:
        try:
            with held_back():
                process = launch(list(arguments), output)
            code = process.wait()
        except BaseException:
            # Ctrl-C, too: whoever started a command leaves none running behind him.
            if process is not None:
                process.kill()
                process.wait()
            raise
        spent = time.perf_counter() - begun
        output.seek(0)
        return code, output.read().decode(errors="replace"), spent
