"""The one transaction that makes calls part of the log (design.md section 6).

Inside it replays are told from new calls, the day's quota is decided, every new call gets its
number, its link to the call before it and its time, the trees grow, and the new heads are signed.
Results are returned only after COMMIT has: what was answered is on disk, and what is not on disk
was not answered. After any error it is not known what the file holds, so nothing is tried again.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from node.errors import LogUnavailable, NotFound

from ..storage.migrations import upgrade
from .batch import Batch
from .heads import open_log
from .tables import metadata
from .tenure import Tenure, is_held_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Engine

    from node.errors import LedgerError

    from .heads import OpenLog
    from .logdrafts import Committed, Draft, LogIdentity

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_CACHE_KIBIBYTES = 65_536
_WAL_PAGES_PER_CHECKPOINT = 8_192
LOCK_MILLISECONDS = 600
"""How long a commit waits for its lock. Calls are answered within two seconds: one that arrives
while a commit waits may wait through that one, a full batch before it and its own."""
STRANGERS_PER_DAY = 100


class Committer:
    """The logs of one store, open for appending on a connection of their own; one thread's."""

    def __init__(
        self,
        engine: Engine,
        identities: Iterable[LogIdentity],
        *,
        clock: Callable[[], int] = time.time_ns,
        strangers_per_day: int = STRANGERS_PER_DAY,
    ) -> None:
        """Open the logs, creating what is missing; `clock` gives Unix nanoseconds.

        On a server's store it waits until no other process has the right to write them.

        `strangers_per_day` bounds a key's refusals of a day that no authorisation counts.

        Raises:
            LogTampered: a stored tree does not hash to its head.
        """
        self._clock = clock
        self._strangers_per_day = strangers_per_day
        self._sound = True
        self._connection = engine.connect()
        try:
            self._tenure = Tenure(self._connection, commit_milliseconds=LOCK_MILLISECONDS)
            # Not before: who stands by changes nothing under who is at work.
            upgrade(engine, "log", metadata.sorted_tables)
            with self._connection.begin():
                self._tenure.require(self._connection)
                self._logs = {one.log: open_log(self._connection, one) for one in identities}
            self._tune()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection; one that a commit failed on is thrown away, never used again."""
        if not self._sound:
            self._connection.invalidate()
        self._connection.close()
        self._tenure.end()

    def commit(self, drafts: Sequence[Draft]) -> list[Committed | LedgerError]:
        """Commit `drafts` in order; return for each its entry, its replay or its own error.

        Whatever it raises, nothing of this was committed as far as is known, and the object is
        of no more use. While somebody else holds the lock nothing is begun: then every result is
        LogUnavailable, and the next commit may do better.

        Raises:
            LogUnavailable: an earlier commit failed.
        """
        if not self._sound:
            raise LogUnavailable("an earlier commit failed")
        try:
            transaction = self._connection.begin()
        except OperationalError as error:
            if not _is_locked(error):
                raise
            # The lock is taken before anything is read or written: the file is as it
            # was. From here on an error leaves it unknown what the file holds, and is the end.
            return [
                LogUnavailable("another process holds the log; send the call again") for _ in drafts
            ]
        self._sound = False
        now = self._clock() // _NANOSECONDS_PER_MILLISECOND
        results: list[Committed | LedgerError] = [NotFound("not a log of this node")] * len(drafts)
        with transaction:
            self._tenure.require(self._connection)
            written = []
            for log, places in self._by_log(drafts):
                log.refresh(self._connection)
                log.make_room(self._connection, len(places))
                batch = Batch(
                    self._connection,
                    log,
                    now,
                    strangers_per_day=self._strangers_per_day,
                )
                batch.write([drafts[place] for place in places])
                written.append((places, batch))
        # Reached only after COMMIT has returned; until then this object stays unsound. What needs
        # no connection is done here: others may have the lock meanwhile.
        for places, batch in written:
            for place, result in zip(places, batch.results(), strict=True):
                results[place] = result
        for log in self._logs.values():
            log.tree.settle()
        self._sound = True
        return results

    def _by_log(self, drafts: Sequence[Draft]) -> list[tuple[OpenLog, list[int]]]:
        places: dict[bytes, list[int]] = {}
        for place, draft in enumerate(drafts):
            places.setdefault(draft.log, []).append(place)
        return [(self._logs[log], found) for log, found in places.items() if log in self._logs]

    def _tune(self) -> None:
        """Keep the hot ends in memory, move the WAL in larger pieces, wait no longer than calls."""
        if self._connection.dialect.name == "sqlite":
            pragma = self._connection.exec_driver_sql
            pragma(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
            pragma(f"PRAGMA wal_autocheckpoint={_WAL_PAGES_PER_CHECKPOINT}")
            pragma(f"PRAGMA busy_timeout={LOCK_MILLISECONDS}")
            self._connection.commit()


def _is_locked(error: OperationalError) -> bool:
    """Tell a lock that somebody holds from a disk that fails."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return is_held_elsewhere(error) or code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
