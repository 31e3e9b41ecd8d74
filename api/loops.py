"""The node's threads (follower, keeper, fetcher), and the alarms a server process writes to stderr.

The threads share nothing but a flag to stop. A loop that ends by an error ends the process: whoever
restarts it starts from what is on disk, and nobody is served by a node of which a part is missing.

An alarm is a line, once while it lasts. A loop that cannot reach the chain, a disk or another node
says so at every try: said each time, it would bury the alarm that comes beside it. Text of others
in a line can hide nothing in it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from node.protocol.wire.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    OnFatal = Callable[[str, BaseException], None]

AGAIN_SECONDS = 3_600.0
"""An alarm that lasts is said again after this."""


class Once(logging.Filter):
    """Lets pass what its logger did not say last, or has not said for an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[str, tuple[str, float]] = {}
        """By logger: one entry each, however long an alarm lasts."""

    def filter(self, record: logging.LogRecord) -> bool:
        text, now = record.getMessage(), self._clock()
        said, at = self._last.get(record.name, ("", 0.0))
        if text == said and now - at < AGAIN_SECONDS:
            return False
        self._last[record.name] = (text, now)
        return True


class Visible(logging.Formatter):
    """Renders a record with every hidden character as its escape; tracebacks keep their lines."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record), lines=record.exc_info is not None)


def configure_logging() -> None:
    """Write warnings and worse to stderr."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(Visible("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Once())
    logging.getLogger().addHandler(handler)


logger = logging.getLogger(__name__)

FATAL_EXIT = 70
"""EX_SOFTWARE of sysexits.h."""


def end_process(name: str, error: BaseException) -> None:
    """Say why on stderr and end the process at once; the disks hold all there is to keep."""
    code = getattr(error, "code", type(error).__name__)
    sys.stderr.write(f"shareledger: {name} stopped: {code}: {visible(str(error))}\n")
    sys.stderr.flush()
    logging.shutdown()
    os._exit(FATAL_EXIT)


class Loops:
    """Threads that run until `stop`, each given the event that says so."""

    def __init__(self, on_fatal: OnFatal | None = None) -> None:
        """`on_fatal` is called with the name and the error of a loop that failed."""
        self.wake = threading.Event()
        """Set when there may be documents to fetch; ends the fetcher's pause."""
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._on_fatal = on_fatal or end_process

    def start(self, name: str, run: Callable[[threading.Event], None]) -> None:
        thread = threading.Thread(target=self._run, args=(name, run), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def fail(self, name: str, error: BaseException) -> None:
        """Handle an error a loop cannot go on from."""
        logger.critical("%s failed", name, exc_info=error)
        self._on_fatal(name, error)

    def stop(self) -> None:
        """Tell all loops to end and wait until they have."""
        self._stop.set()
        self.wake.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _run(self, name: str, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self._stop)
        except BaseException as error:  # noqa: BLE001 - the edge of a thread: whatever it is, end
            self.fail(name, error)
