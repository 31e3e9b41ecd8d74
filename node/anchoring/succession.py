"""Which log a department's calls are written to, and from when on.

A log that took another's place goes on counting from it (`node.log.counters`), if that one's
entries are here whole. If they are lost, nobody knows what was used on that day: the new log then
serves from the next Beijing day on, so that a succession gives nobody a second quota.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from node.errors import LogRolledBack, LogUnavailable, NotFound
from node.log.published import last_published
from node.protocol.wire.days import end_of_day
from node.protocol.wire.encoding import rfc3339
from node.protocol.wire.leaf import COMMIT_SECONDS

from .publisher import check_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from node.log.logdrafts import LogIdentity
    from node.protocol.ledger.facts import LogFact

    from .anchorer import Logs


class Ledger(Protocol):
    """What it needs of `ledger_sync.queries.Queries`."""

    def find_log(self, log: bytes) -> LogFact | None: ...
    def logs_of(self, department: bytes) -> Sequence[LogFact]:
        """Return every log a department has had, the first one first."""
        ...

    def log_opened_at(self, log: LogFact) -> int:
        """Return the second of the block that registered a log."""
        ...


class PresentLog:
    """The log of a department that takes calls; shared by threads, read anew when told to."""

    def __init__(
        self,
        ledger: Ledger,
        logs: Logs,
        published: Engine,
        identity: LogIdentity,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Ask `ledger` whether it takes anchors, and `logs` and `node.db` what came before it."""
        self._ledger = ledger
        self._logs = logs
        self._published = published
        self._identity = identity
        self._clock = clock
        self._moves = 0
        self._kept: tuple[int, bytes | None] = (-1, None)
        self._serves_from: int | None = None

    def find(self) -> bytes | None:
        """Return the log's id, or None while the chain does not know it or takes it no more.

        Raises:
            LogUnavailable: what was used today in the log before it is not known.
        """
        # Taken before the read: what a move overtakes is then read again by the next call.
        moves, (kept, found) = self._moves, self._kept
        if kept != moves:
            fact = self._ledger.find_log(self._identity.log)
            # What is written to an ended log is anchored by nobody: no call there has a proof.
            found = fact.log if fact is not None and fact.is_open else None
            if found is not None and self._serves_from is None:
                self._serves_from = self._find_begin()
            self._kept = moves, found
        if found is not None and self._clock() < (self._serves_from or 0):
            begin = rfc3339(self._serves_from or 0)
            raise LogUnavailable(
                "the entries of the log before this one are not here, so nobody knows what was "
                f"used today; calls are served from {begin} on",
                begin=begin,
            )
        return found

    def forget(self) -> None:
        """Ask again at the next call: the log may have been opened or ended."""
        self._moves += 1

    def _find_begin(self) -> int:
        """Return the second from which the log may serve: the day of the last gap must be over."""
        logs = self._ledger.logs_of(self._identity.department)
        for later, earlier in pairwise(reversed(logs)):
            if not self._is_whole(earlier):
                # A call was written to it perhaps a little after it had ended.
                return end_of_day(self._ledger.log_opened_at(later) + COMMIT_SECONDS)
        return 0

    def _is_whole(self, log: LogFact) -> bool:
        """Say whether a log's entries are here as far as anybody was shown them."""
        last = last_published(self._published, log.log)
        try:
            size = self._logs.head(log.log).size
            check_prefix(self._logs, log.log, size, (log.size, log.root), "anchored")
            if last:
                check_prefix(self._logs, log.log, size, (last.size, last.root), "published")
        except (NotFound, LogRolledBack):
            return False
        return True
