"""The running count and the day's quota of each authorisation in a log.

Loaded and stored inside the commit's own transaction, so that two calls can never both be the
last of the day. A day is a Beijing day: `Asia/Shanghai` has kept UTC+8 without summer time since
1991, which is why plain arithmetic will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.dialects.sqlite import insert

from node.protocol.wire.ids import ZERO
from node.protocol.wire.leaf import SERVED

from ..storage.bulk import insert_rows, look_up
from .tables import counter as table
from .tables import stranger

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

_BEIJING_OFFSET_SECONDS = 8 * 3600
_DAY_SECONDS = 24 * 3600

_STATE = (table.c.count, table.c.last, table.c.day, table.c.calls, table.c.rows)
COLUMNS = (table.c.authorisation, *_STATE)
_STRANGER_COLUMNS = (stranger.c.key, stranger.c.day, stranger.c.calls)
_INSERT, _INSERT_STRANGER = insert(table), insert(stranger)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=["log", "authorisation"],
    set_={column.name: _INSERT.excluded[column.name] for column in _STATE},
)
_PUT_STRANGER = _INSERT_STRANGER.on_conflict_do_update(
    index_elements=["log", "key"],
    set_={name: _INSERT_STRANGER.excluded[name] for name in ("day", "calls")},
)


def beijing_day(at: int) -> int:
    """Return the number of the Beijing day (1970-01-01 is 0) of a time in ms."""
    return (at // 1000 + _BEIJING_OFFSET_SECONDS) // _DAY_SECONDS


def end_of_day(at: int) -> int:
    """Return the Unix seconds of the Beijing midnight that ends the day of a time in ms."""
    return (beijing_day(at) + 1) * _DAY_SECONDS - _BEIJING_OFFSET_SECONDS


@dataclass(slots=True)
class Counter:
    """One authorisation's state in one log."""

    count: int = 0
    """Calls numbered so far, served and refused."""
    last: bytes = ZERO
    """Hash of the last numbered leaf; 32 zero bytes before the first."""
    day: int = 0
    calls: int = 0
    """Calls served on `day`: a refused call uses nothing up."""
    rows: int = 0
    """Rows served on `day`."""

    def open_day(self, day: int) -> None:
        """Start the use anew when the Beijing day is a later one."""
        if day > self.day:
            self.day, self.calls, self.rows = day, 0, 0

    def judge(self, *, calls_per_day: int, rows: int, rows_per_day: int) -> str:
        """Return `served`, or the code of the quota one more call of `rows` would break."""
        if self.calls >= calls_per_day:
            return "quota-calls"
        if self.rows + rows > rows_per_day:
            return "quota-rows"
        return SERVED

    def use(self, rows: int) -> None:
        self.calls += 1
        self.rows += rows

    def link(self, leaf_hash: bytes) -> None:
        """Make a leaf the last of the chain."""
        self.count += 1
        self.last = leaf_hash


@dataclass(slots=True)
class Stranger:
    """One key's calls that no authorisation counts, on one Beijing day."""

    day: int = 0
    calls: int = 0

    def open_day(self, day: int) -> None:
        """Start anew when the Beijing day is a later one."""
        if day > self.day:
            self.day, self.calls = day, 0


def load_counters(
    connection: Connection, log_number: int, authorisations: Collection[int]
) -> dict[int, Counter]:
    """Return the counters of those authorisations that have been called before."""
    rows = look_up(connection, COLUMNS, table.c.log, log_number, authorisations)
    return {row[0]: Counter(*row[1:]) for row in rows}


def store_counters(
    connection: Connection, log_number: int, counters: Mapping[int, Counter]
) -> None:
    """Write counters back, new ones included."""
    rows = [
        (log_number, authorisation, one.count, one.last, one.day, one.calls, one.rows)
        for authorisation, one in counters.items()
    ]
    insert_rows(connection, _PUT, rows)


def load_strangers(
    connection: Connection, log_number: int, keys: Collection[bytes]
) -> dict[bytes, Stranger]:
    """Return what is known of those keys."""
    rows = look_up(connection, _STRANGER_COLUMNS, stranger.c.log, log_number, keys)
    return {row[0]: Stranger(*row[1:]) for row in rows}


def store_strangers(
    connection: Connection, log_number: int, strangers: Mapping[bytes, Stranger]
) -> None:
    """Write back what is known of keys, new ones included."""
    rows = [(log_number, key, one.day, one.calls) for key, one in strangers.items()]
    insert_rows(connection, _PUT_STRANGER, rows)
