"""One orderly end, however the demo is told to end: Ctrl-C, SIGTERM or a terminal that closes.

While `Ending.possible` is open a signal raises KeyboardInterrupt in the main thread; before and
after it a signal changes nothing, so that what was begun is always cleaned up, and cleaned up once.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNAL_EXIT = 128
"""Added to the signal's number: the exit code a shell gives a command that a signal ended."""


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
