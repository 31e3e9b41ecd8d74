"""The one transaction that makes calls part of the log (design.md section 6).

Inside it replays are told from new calls, the day's quota is decided, every new call gets its
number, its link to the call before it and its time, the trees grow, and the signed heads are
written.
Results are returned only after COMMIT has: what was answered is on disk, and what is not on disk
was not answered. After any error it is not known what the file holds, so nothing is tried again.

COMMIT waits for the disk and lets go of the interpreter: meanwhile what comes next can be judged,
in another thread, on top of what is on its way, and signed after that. Should the commit fail, this
dies with it: it was only in memory.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.exc import OperationalError

from node.errors import LogUnavailable, NotFound

from ..storage.migrations import upgrade
from .batch import Batch
from .heads import open_log
from .tables import metadata
from .tenure import Tenure, is_held_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Engine, RootTransaction

    from node.errors import LedgerError

    from .drafts import Committed, Draft, LogIdentity
    from .heads import OpenLog

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_CACHE_KIBIBYTES = 65_536
_WAL_PAGES_PER_CHECKPOINT = 8_192
LOCK_MILLISECONDS = 600
"""How long a commit waits for its lock. Calls are answered within two seconds: one that arrives
while a commit waits may wait through that one, a full batch before it and its own."""
STRANGERS_PER_DAY = 100


class _Part(NamedTuple):
    """Those of some drafts that are of one log."""

    log: OpenLog
    places: list[int]
    """Which of the drafts they are."""
    batch: Batch | None = None
    """They, judged ahead."""


class _Ahead(NamedTuple):
    """Drafts that were judged before their transaction, as far as that could be done."""

    drafts: Sequence[Draft]
    parts: Sequence[_Part]


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
        self._beside = ThreadPoolExecutor(1, "log-ahead")
        """The other thread."""
        self._ahead: Future[_Ahead] | None = None
        self._connection = engine.connect()
        try:
            self._tenure = Tenure(self._connection, commit_milliseconds=LOCK_MILLISECONDS)
            # Not before: who stands by changes nothing under who is at work.
            upgrade(engine, "log", metadata.sorted_tables)
            with self._connection.begin():
                self._tenure.require(self._connection)
                self._logs = {one.log: open_log(self._connection, one) for one in identities}
            self._tune()
            # Nothing, but its thread starts now, not in a commit: there may be none to have then.
            self._beside.submit(bool).result()
        except BaseException:
            self._connection.close()
            self._beside.shutdown()
            raise

    def close(self) -> None:
        """Close the connection; one that a commit failed on is thrown away, never used again."""
        if not self._sound:
            self._connection.invalidate()
        self._connection.close()
        self._tenure.end()
        self._beside.shutdown()

    def commit(
        self, drafts: Sequence[Draft], *, following: Callable[[], Sequence[Draft]] | None = None
    ) -> list[Committed | LedgerError]:
        """Commit `drafts` in order; return for each its entry, its replay or its own error.

        While the database writes them to the disk another thread asks `following` what is to be
        committed next, and judges it as far as it can. That costs the results a little where the
        disk is faster than the judging, so it is for when a full batch waits.

        Whatever it raises, nothing of this was committed as far as is known, and the object is
        of no more use. While somebody else holds the lock nothing is begun: then every result is
        LogUnavailable, and the next commit may do better.

        Raises:
            LogUnavailable: an earlier commit failed.
        """
        if not self._sound:
            raise LogUnavailable("an earlier commit failed")
        # From here on: whatever fails, nothing is built on what was judged ahead.
        self._sound = False
        parts = self._take_ahead(drafts) or self._by_log(drafts)
        transaction = self._begin()
        if transaction is None:
            _give_up(parts)
            self._sound = True
            return [
                LogUnavailable("another process holds the log; send the call again") for _ in drafts
            ]
        results: list[Committed | LedgerError] = [NotFound("not a log of this node")] * len(drafts)
        try:
            with transaction:
                self._tenure.require(self._connection)
                written = self._write(drafts, parts)
                if following is not None:
                    batches = [batch for _, batch in written]
                    self._ahead = self._beside.submit(self._look_ahead, batches, following)
        finally:
            # Waited for, whatever became of COMMIT: it moves what the next one goes on from. What
            # it failed with is for `require_ahead`, not to be raised instead of these results.
            if self._ahead is not None:
                self._ahead.exception()
        # Reached only after COMMIT has returned; until then this object stays unsound. What needs
        # no connection is done here: others may have the lock meanwhile.
        for places, batch in written:
            for place, result in zip(places, batch.results(), strict=True):
                results[place] = result
        if self._ahead is None:
            self._settle()
        self._sound = True
        return results

    def require_ahead(self) -> None:
        """Raise what looking ahead of the last commit failed with; the next commit would, too."""
        if self._ahead is not None:
            self._ahead.result()

    def _begin(self) -> RootTransaction | None:
        """Begin a transaction; None while somebody else holds the lock."""
        try:
            return self._connection.begin()
        except OperationalError as error:
            # The lock is taken before anything is read or written: the file is as it
            # was. From here on an error leaves it unknown what the file holds, and is the end.
            if not _is_locked(error):
                raise
            return None

    def _write(
        self, drafts: Sequence[Draft], parts: Iterable[_Part]
    ) -> list[tuple[list[int], Batch]]:
        """Judge what was not judged ahead, or not rightly, and write all of it."""
        written, now = [], self._now()
        for part in parts:
            batch = self._judged(part, drafts, now)
            batch.write(self._connection)
            written.append((part.places, batch))
        return written

    def _judged(self, part: _Part, drafts: Sequence[Draft], now: int) -> Batch:
        log, ahead = part.log, part.batch
        if ahead is not None and now - ahead.now > LOCK_MILLISECONDS:
            ahead.give_up()  # its entries would say they were committed long before
        loaded = log.refresh(self._connection)
        log.make_room(self._connection, len(part.places))
        # What was loaded again knows nothing of it.
        if ahead is not None and not loaded:
            if ahead.stands(self._connection):
                return ahead
            ahead.give_up()
            log.refresh(self._connection)
        batch = self._batch(part, drafts, now)
        batch.judge(self._connection)
        return batch

    def _take_ahead(self, drafts: Sequence[Draft]) -> Sequence[_Part]:
        """Return the parts of `drafts` if they are what was looked at; raise what that raised."""
        if self._ahead is None:
            return ()
        ahead = self._ahead.result()
        self._ahead = None
        if ahead.drafts == drafts:
            return ahead.parts
        _give_up(ahead.parts)
        return ()

    def _look_ahead(
        self, written: Iterable[Batch], following: Callable[[], Sequence[Draft]]
    ) -> _Ahead:
        """Make the proofs of what is on its way to the disk, then judge what follows it."""
        for batch in written:
            batch.prove()
        self._settle()
        drafts, now = following(), self._now()
        parts = []
        for part in self._by_log(drafts):
            batch = self._batch(part, drafts, now)
            judged = batch.judge_ahead(self._beside)
            if judged:
                batch.prove()
            parts.append(part._replace(batch=batch) if judged else part)
        return _Ahead(drafts, parts)

    def _settle(self) -> None:
        for log in self._logs.values():
            log.tree.settle()

    def _batch(self, part: _Part, drafts: Sequence[Draft], now: int) -> Batch:
        own = [drafts[place] for place in part.places]
        return Batch(part.log, own, now, strangers_per_day=self._strangers_per_day)

    def _now(self) -> int:
        return self._clock() // _NANOSECONDS_PER_MILLISECOND

    def _by_log(self, drafts: Sequence[Draft]) -> list[_Part]:
        places: dict[bytes, list[int]] = {}
        for place, draft in enumerate(drafts):
            places.setdefault(draft.log, []).append(place)
        known = self._logs
        return [_Part(known[log], found) for log, found in places.items() if log in known]

    def _tune(self) -> None:
        """Keep the hot ends in memory, move the WAL in larger pieces, wait no longer than calls."""
        if self._connection.dialect.name == "sqlite":
            pragma = self._connection.exec_driver_sql
            pragma(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
            pragma(f"PRAGMA wal_autocheckpoint={_WAL_PAGES_PER_CHECKPOINT}")
            pragma(f"PRAGMA busy_timeout={LOCK_MILLISECONDS}")
            self._connection.commit()


def _give_up(parts: Iterable[_Part]) -> None:
    for part in parts:
        if part.batch is not None:
            part.batch.give_up()


def _is_locked(error: OperationalError) -> bool:
    """Tell a lock that somebody holds from a disk that fails."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return is_held_elsewhere(error) or code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
