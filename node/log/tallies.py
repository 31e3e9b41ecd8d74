"""Calls counted by hour, by what they were for, by strip: a projection of the logs, `tally.db`.

A day may have a million leaves, too many to be read again for every look at it. So each leaf is
counted once, soon after its commit and beside it: nothing is added to the transaction that calls
wait for. How far a log is counted moves in the COMMIT that counts, so no leaf is counted twice,
whoever dies and whoever else counts; and the file may be deleted, for it is counted again.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sqlalchemy import Column, LargeBinary, Table, Text, delete, select
from sqlalchemy.exc import SQLAlchemyError

from node.errors import LedgerError
from node.protocol.wire.days import beijing_day
from node.protocol.wire.ids import ZERO
from node.protocol.wire.leaf import SERVED, glance

from ..storage.dialects import Whole, insert, summed
from ..storage.engines import READING
from .marks import add_marks, mark
from .scanning import CHUNK, LogScanner
from .strips import LEAVES, metadata, readable, strip, tallied

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine, Select

    from .reader import LogReader

logger = logging.getLogger(__name__)

STRETCH = 5_000
"""Leaves counted in one transaction."""
SECONDS, PAUSE_SECONDS, AGAIN_SECONDS = 1.0, 0.05, 60.0
"""Between two looks, between two stretches of a log that is far ahead, and after a failure."""
HOUR, DAY_HOURS = 3_600, 24
HOURS_KEPT, DAYS_KEPT = 31 * DAY_HOURS, 2
"""Of sums by hour, and of what the calls of a day were for."""
STRANGE = "authorisation-unknown"
"""Such a call names a number that is none, or not the caller's: strangers choose it."""

hourly = Table(
    "hourly",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("hour", Whole, primary_key=True, autoincrement=False),
    Column("served", Whole, nullable=False),
    Column("refused", Whole, nullable=False),
    Column("rows", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""A log's calls in an hour, by its number since 1970."""

daily = Table(
    "daily",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("day", Whole, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary(32), primary_key=True),
    Column("authorisation", Whole, primary_key=True, autoincrement=False),
    Column("outcome", Text, primary_key=True),
    Column("calls", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""A log's calls on a Beijing day, by what they were for and how they ended."""

_HOUR, _DAY, _STRIP, _TALLIED = insert(hourly), insert(daily), insert(strip), insert(tallied)
_ADD_HOUR = _HOUR.on_conflict_do_update(
    index_elements=["log", "hour"],
    set_={name: hourly.c[name] + _HOUR.excluded[name] for name in ("served", "refused", "rows")},
)
_ADD_DAY = _DAY.on_conflict_do_update(
    index_elements=["log", "day", "entry", "authorisation", "outcome"],
    set_={"calls": daily.c.calls + _DAY.excluded.calls},
)
_ADD_STRIP = _STRIP.on_conflict_do_update(
    index_elements=[column.name for column in strip.primary_key],
    set_={name: strip.c[name] + _STRIP.excluded[name] for name in ("calls", "rows")},
)
_MOVE = _TALLIED.on_conflict_do_update(
    index_elements=["log"],
    set_={"first": _TALLIED.excluded.first, "size": _TALLIED.excluded.size},
)


Hours: TypeAlias = dict[int, list[int]]
"""Served, refused and rows by hour."""
Strips: TypeAlias = dict[tuple[int, int, bytes, int, str], list[int]]
"""Calls and rows by strip, day, entry, authorisation and outcome."""


class Tallier:
    """Counts what the logs of one store grow by; one loop of the node."""

    def __init__(
        self, reader: LogReader, engine: Engine, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Count into `engine`, a `tally.db`; `clock` gives Unix seconds."""
        self._reader, self._engine, self._clock = reader, engine, clock
        self._again: dict[bytes, float] = {}
        """When a log that could not be read is tried again, in seconds of the monotonic clock."""
        metadata.create_all(engine)

    def run(self, stop: threading.Event) -> None:
        """Count until `stop` is set; what cannot be counted now holds no call up."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                pause = PAUSE_SECONDS if self.advance() else SECONDS
            except SQLAlchemyError:
                logger.warning("调用统计写不进 tally.db，一分钟后再试 / not counted", exc_info=True)
                pause = AGAIN_SECONDS

    def advance(self) -> bool:
        """Count a stretch of every log that has grown; return whether there is more.

        A log that cannot be read, where the store of tiles is away or lost one, waits alone.

        Raises:
            SQLAlchemyError: tally.db cannot be read or written; nothing was counted twice.
        """
        sizes, done = self._reader.sizes(), _sizes(self._engine)
        grown = [log for log, size in sizes.items() if done.get(log) != size]
        # Each gets its stretch, whichever have more.
        return sum(self._try(log, sizes[log]) for log in grown) > 0

    def _try(self, log: bytes, size: int) -> bool:
        """Count a stretch of a log, if it can be read and its time has come."""
        now = time.monotonic()
        if now < self._again.get(log, now):
            return False
        try:
            return self._count(log, size)
        except LedgerError as error:
            logger.warning("日志暂时读不出，一分钟后再统计 / not counted: %s", error)
            self._again[log] = now + AGAIN_SECONDS
            return False

    def _count(self, log: bytes, size: int) -> bool:
        with self._engine.begin() as connection:
            # Read under the lock: of two that count, the second goes on where the first ended.
            query = select(tallied).where(tallied.c.log == log)
            done = connection.execute(query).one_or_none()
            if done is None or done.size > size:
                first = start = self._begin(connection, log)
            else:
                first, start = done.first, done.size
            end = min(size, start + STRETCH)
            self._add(connection, log, start, end)
            add_marks(connection, self._reader, log, start, end)
            connection.execute(_MOVE, {"log": log, "first": first, "size": end})
        return end < size

    def _begin(self, connection: Connection, log: bytes) -> int:
        """Forget a log, which is new here or was put back to an earlier copy; return its start."""
        for table in (hourly, daily, strip, mark):
            connection.execute(delete(table).where(table.c.log == log))
        since = int(self._clock()) - HOURS_KEPT * HOUR
        return LogScanner(self._reader).index_at(log, since * 1000) // LEAVES * LEAVES

    def _sum(self, log: bytes, start: int, end: int) -> tuple[Hours, Strips]:
        """Return the sums of some leaves by hour, and by strip."""
        hours: Hours = {}
        strips: Strips = {}
        for first in range(start, end, CHUNK):
            leaves = self._reader.entries(log, first, min(CHUNK, end - first))
            for index, leaf in enumerate(leaves, first):
                if (call := glance(leaf)) is None:
                    continue
                second = call.at // 1000
                hour = hours.setdefault(second // HOUR, [0, 0, 0])
                hour[0 if call.outcome == SERVED else 1] += 1
                hour[2] += call.rows
                named = (beijing_day(second), call.entry, call.authorisation, call.outcome)
                total = strips.setdefault((index // LEAVES, *named), [0, 0])
                total[0] += 1
                total[1] += call.rows
        return hours, strips

    def _add(self, connection: Connection, log: bytes, start: int, end: int) -> None:
        hours, strips = self._sum(log, start, end)
        days: Counter[tuple[int, bytes, int, str]] = Counter()
        for (_, day, entry, number, outcome), (calls, _rows) in strips.items():
            days[day, entry, 0 if outcome == STRANGE else number, outcome] += calls
        now = int(self._clock())
        for table, column, oldest in (
            (hourly, hourly.c.hour, now // HOUR - HOURS_KEPT),
            (daily, daily.c.day, beijing_day(now) - DAYS_KEPT + 1),
        ):
            connection.execute(delete(table).where(table.c.log == log, column < oldest))
        rows = [
            {"log": log, "hour": hour, "served": served, "refused": refused, "rows": taken}
            for hour, (served, refused, taken) in hours.items()
            if hour >= now // HOUR - HOURS_KEPT
        ]
        if rows:
            connection.execute(_ADD_HOUR, rows)
        names = ("number", "day", "entry", "authorisation", "outcome")
        rows = [
            {"log": log, "calls": calls, "rows": taken, **dict(zip(names, key, strict=True))}
            for key, (calls, taken) in strips.items()
        ]
        if rows:
            connection.execute(_ADD_STRIP, rows)
        rows = [
            {"log": log, "calls": calls, **dict(zip(names[1:], key, strict=True))}
            for key, calls in days.items()
            if key[0] > beijing_day(now) - DAYS_KEPT
        ]
        if rows:
            connection.execute(_ADD_DAY, rows)


class Sums(NamedTuple):
    """Calls of an hour."""

    served: int
    refused: int
    rows: int


class Tallies:
    """What was counted, of all logs of one store together; for any number of threads."""

    def __init__(self, engine: Engine) -> None:
        """Read through a read-only engine over `tally.db`."""
        self._engine = engine

    def sizes(self) -> dict[bytes, int]:
        """Return how many leaves of each log are counted.

        Raises:
            LogUnavailable: tally.db cannot be read, here and in all that follows.
        """
        with readable():
            return _sizes(self._engine)

    def hours(self, since: int) -> dict[int, Sums]:
        """Return the calls of each hour that had any, from hour `since` (Unix second // 3600)."""
        sums = (summed(hourly.c[name]) for name in Sums._fields)
        query = select(hourly.c.hour, *sums).where(hourly.c.hour >= since).group_by(hourly.c.hour)
        return {hour: Sums(*found) for hour, *found in self._all(query)}

    def busiest(self, day: int, limit: int) -> list[tuple[bytes, int]]:
        """Return the entries that were served most on a Beijing day, with how often."""
        served = (daily.c.outcome == SERVED) & (daily.c.entry != ZERO)
        return self._most(day, daily.c.entry, limit, served)

    def used(self, day: int, limit: int) -> list[tuple[int, int]]:
        """Return the authorisations that were served most on a Beijing day, with how often."""
        return self._most(day, daily.c.authorisation, limit, daily.c.outcome == SERVED)

    def refusals(self, day: int, limit: int) -> list[tuple[str, int]]:
        """Return why calls of a Beijing day were refused, the most frequent reason first."""
        return self._most(day, daily.c.outcome, limit, daily.c.outcome != SERVED)

    def _most(self, day: int, by: Column, limit: int, where: object) -> list[tuple]:  # type: ignore[type-arg] # as the columns are
        calls = summed(daily.c.calls)
        query = select(by, calls).where(daily.c.day == day, where)  # type: ignore[arg-type] # a condition
        return self._all(query.group_by(by).order_by(calls.desc(), by).limit(limit))

    def _all(self, query: Select) -> list[tuple]:  # type: ignore[type-arg] # as the columns are
        with readable(), self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]


def _sizes(engine: Engine) -> dict[bytes, int]:
    with engine.execution_options(**READING).connect() as connection:
        return {row.log: row.size for row in connection.execute(select(tallied))}
