"""Publication: a log's newest checkpoint is remembered as shown, at most one a second.

Remembering comes first: a checkpoint that anybody may have seen is in `published`, so a disk that
was rolled back behind it is found at the next start (startup.py).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from node.errors import NotFound
from node.log.published import last_published, mark_published

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from .ports import Logs

INTERVAL_MS = 1000


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Publisher:
    """Publishes the heads of some logs."""

    def __init__(
        self,
        engine: Engine,
        logs: Logs,
        ids: Sequence[bytes],
        *,
        interval_ms: int = INTERVAL_MS,
        clock: Callable[[], int] = _now_ms,
    ) -> None:
        """Take the engine of `node.db`, whose table `published` exists, and the logs' ids."""
        self._engine = engine
        self._logs = logs
        self._ids = tuple(ids)
        self._interval_ms = interval_ms
        self._clock = clock

    def run_once(self) -> int:
        """Publish each log that has grown and was not published within the interval.

        Returns how many were published.

        Raises:
            LogRolledBack: a head is behind what was published before.
        """
        return sum(self._publish(log) for log in self._ids)

    def _publish(self, log: bytes) -> bool:
        try:
            head = self._logs.head(log)
        except NotFound:  # its writer has not opened it yet
            return False
        last = last_published(self._engine, log)
        now = self._clock()
        if head.size == (last.size if last else 0):
            return False
        # A clock set back must not stop publication: only a second just past holds it up.
        if last and 0 <= now - last.at < self._interval_ms and head.size > last.size:
            return False
        mark_published(self._engine, log, head.size, head.root, head.checkpoint, now)
        return True
