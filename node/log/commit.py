"""The one transaction that makes calls part of the log (design.md section 6).

Inside it replays are told from new calls, the day's quota is decided, every new call gets its
number, its link to the call before it and its time, the trees grow, and the new heads are signed.
Results are returned only after COMMIT has: what was answered is on disk, and what is not on disk
was not answered. After any error it is not known what the file holds, so nothing is tried again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
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

    from sqlalchemy import Connection, Engine

    from node.errors import LedgerError

    from .drafts import Committed, Draft, LogIdentity
    from .heads import OpenLog

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_CACHE_KIBIBYTES = 65_536
_WAL_PAGES_PER_CHECKPOINT = 8_192
RESERVED_PAGES = _WAL_PAGES_PER_CHECKPOINT + 1_024
"""Of the WAL, which the commit that has it moved makes that much longer."""
_WAL_FRAME_BYTES, _ZEROS = 24, 1 << 20
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
                if self._connection.dialect.name == "sqlite":
                    _reserve(self._connection)
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
                written.append((places, batch.results()))
        # Reached only after COMMIT has returned; until then this object stays unsound.
        for places, made in written:
            for place, result in zip(places, made, strict=True):
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


def _reserve(connection: Connection) -> None:
    """Let the WAL have the size it grows to before it is moved, so that no commit makes it longer.

    A file that becomes longer costs an fdatasync twice what one that is written over does. SQLite
    reads a WAL up to the first frame that does not follow those before, as zeros never do. Whoever
    writes frames has the lock that the caller's transaction holds; and on this file, other than on
    those beside it (`engines`), SQLite has no locks that closing it would drop.
    """
    pragma = connection.exec_driver_sql
    names = {row.name: row.file for row in pragma("PRAGMA database_list")}
    path = Path(f"{names['main']}-wal")
    wanted = RESERVED_PAGES * (pragma("PRAGMA page_size").scalar_one() + _WAL_FRAME_BYTES)
    # It only makes commits faster: that a disk is full says the commit that needs the room.
    with contextlib.suppress(OSError), path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        while size < wanted:
            size += file.write(bytes(min(wanted - size, _ZEROS)))
        os.fsync(file.fileno())
