"""A child process of a node: forked from a process without threads, and gone when its parent is.

What all of them are made of was read and compiled before the fork: a child answers a tenth of a
second after it, and shares that memory with the others. It is in a process group of its own, so
that Ctrl-C reaches the parent alone, and the kernel sends it SIGTERM if the parent is killed.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from node.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Duty = Callable[[Callable[[], None]], int]
    """What a child does: it is given what tells that it is ready, and returns its exit code."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_PR_SET_PDEATHSIG = 1
_KERNEL = ctypes.CDLL(None, use_errno=True)


@dataclass
class Offspring:
    """A child that runs, or has ended and was not missed yet."""

    name: str
    pid: int
    told: int
    """Descriptor that can be read once it is ready, or has ended."""
    since: float = field(default_factory=time.monotonic)
    ready: bool = False
    leaving: bool = False
    """Whether it was told to end."""

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal that ends it."""
        self.leaving = True
        os.kill(self.pid, number)  # not reaped yet: the pid is nobody else's


def fork(
    name: str,
    duty: Duty,
    *,
    quit_parent: Callable[[], None],
    fail: Callable[[LedgerError], NoReturn],
) -> Offspring:
    """Begin a child that does `duty` and ends; called in the main thread of a process without more.

    `quit_parent` is called in the child first: it closes what is the parent's alone. `fail` says
    why a child ends that raised an error of ours, and exits with its code.
    """
    if threading.active_count() > 1:
        # A lock that another thread holds would stay locked in the child for ever.
        raise RuntimeError(f"a fork beside {threading.active_count() - 1} threads")
    parent = os.getpid()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with _held_back():
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _live(parent, lambda: duty(lambda: _tell(writing)), quit_parent, fail)
    os.close(writing)
    os.set_blocking(reading, False)
    return Offspring(name, pid, reading)


def end_with(parent: int) -> bool:
    """Have the kernel end this process (SIGTERM) when its parent ends; False if it has already."""
    # Asking comes before the look at the parent: one that died in between is noticed here.
    return not _KERNEL.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) and os.getppid() == parent


def _live(
    parent: int,
    work: Callable[[], int],
    quit_parent: Callable[[], None],
    fail: Callable[[LedgerError], NoReturn],
) -> NoReturn:
    """Be the child: nothing of the parent's is ever returned to."""
    code = os.EX_SOFTWARE
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if not end_with(parent):
            os._exit(os.EX_OSERR)
        quit_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            code = work()
        except LedgerError as error:
            fail(error)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else os.EX_SOFTWARE
    except BaseException as error:
        logging.getLogger(__name__).critical("进程出错 / a process failed", exc_info=error)
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell(writing: int) -> None:
    os.write(writing, b".")
    os.close(writing)


@contextmanager
def _held_back() -> Iterator[None]:
    """Keep signals waiting around a fork: a child with its parent's handlers would lose them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
