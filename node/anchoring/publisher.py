"""Publication: a log's newest checkpoint is remembered as shown, at most one a second.

Remembering comes first: a checkpoint that anybody may have seen is in `published`, so a disk that
was rolled back behind it is found at the next start. Then head >= published >= chain must hold,
each a prefix of the next: a smaller head is a disk that was rolled back, a differing root one that
was changed. Serving on would sign a second history, so the process must not start.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from node.errors import LogRolledBack, NotFound
from node.log.published import Published, last_published, mark_published

from .anchorer import read_chain_head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from .anchorer import Chain, Logs

INTERVAL_MS = 1000


class Publisher:
    """Publishes the heads of some logs."""

    def __init__(
        self,
        engine: Engine,
        logs: Logs,
        ids: Sequence[bytes],
        *,
        interval_ms: int = INTERVAL_MS,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Take the engine of `node.db`, whose table `published` exists, and the logs' ids."""
        self._engine = engine
        self._logs = logs
        self._ids = tuple(ids)
        self._interval_ms = interval_ms
        self._clock = clock
        self._last: dict[bytes, Published | None] = {}
        """Published last, by log: read once, for nobody else publishes these logs."""
        self.waits = False
        """Whether a log has grown that may not be published yet."""

    def run_once(self) -> int:
        """Publish each log that has grown and was not published within the interval.

        Returns how many were published.

        Raises:
            LogRolledBack: a head is behind what was published before.
        """
        self.waits = False
        return sum(self._publish(log) for log in self._ids)

    def _publish(self, log: bytes) -> bool:
        try:
            head = self._logs.head(log)
        except NotFound:  # its writer has not opened it yet
            return False
        if log not in self._last:
            self._last[log] = last_published(self._engine, log)
        last, now = self._last[log], self._clock()
        if head.size == (last.size if last else 0):
            return False
        # A clock set back must not stop publication: only a second just past holds it up.
        if last and 0 <= now - last.at < self._interval_ms and head.size > last.size:
            self.waits = True
            return False
        # Committed before anybody is shown it: if we die in between, it was shown to nobody.
        mark_published(self._engine, log, head.size, head.root, head.checkpoint, now)
        self._last[log] = Published(head.size, head.root, head.checkpoint, now)
        return True


def check_logs(
    engine: Engine, logs: Logs, ids: Sequence[bytes], *, chain: Chain, contract: bytes
) -> None:
    """Compare each log with what was published of it and with what the chain knows.

    Raises:
        LogRolledBack: a log is behind, or has another history than was published or anchored.
        ChainUnavailable: no endpoint answers; nothing is known then.
    """
    for log in ids:
        size = _size(logs, log)
        last = last_published(engine, log)
        published_size = last.size if last else 0
        if last:
            check_prefix(logs, log, size, (last.size, last.root), "published")
        head = read_chain_head(chain, contract, log)
        if head.size > published_size:
            raise LogRolledBack(
                f"the chain has size {head.size} of log {log.hex()}, published was "
                f"{published_size}: node.db is not the newest",
                log=log.hex(),
                size=published_size,
                expected=head.size,
            )
        if head.size:
            check_prefix(logs, log, size, (head.size, head.root), "anchored")


def _size(logs: Logs, log: bytes) -> int:
    try:
        return logs.head(log).size
    except NotFound:
        return 0


def check_prefix(logs: Logs, log: bytes, size: int, known: tuple[int, bytes], how: str) -> None:
    """Check that a log of `size` entries begins with the tree that others know of it.

    Raises:
        LogRolledBack: it is shorter, or another one.
    """
    known_size, known_root = known
    if size < known_size:
        raise LogRolledBack(
            f"log {log.hex()} has {size} entries, but {known_size} were {how}",
            log=log.hex(),
            size=size,
            expected=known_size,
        )
    if known_size and logs.root_at(log, known_size) != known_root:
        raise LogRolledBack(
            f"log {log.hex()} has another history than was {how} at size {known_size}",
            log=log.hex(),
            size=size,
            expected=known_size,
        )
