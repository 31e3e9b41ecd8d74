"""What a server process writes to stderr: a line for each alarm, once while it lasts.

A loop that cannot reach the chain, a disk or another node says so at every try. Said each time, it
would bury the alarm that comes beside it. Text of others in a line can hide nothing in it.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from node.protocol.wire.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable

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
