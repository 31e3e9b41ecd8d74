"""The running count and the day's quota of each authorisation in a log.

Loaded and stored inside the commit's own transaction, so that two calls can never both be the
last of the day. A department's logs in one store are one count: what is not in a log yet is looked
for in those it has superseded, so that no succession gives a second quota, nor a number twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.protocol.wire.ids import ZERO
from node.protocol.wire.leaf import SERVED

from ..storage.bulk import insert_rows, look_up
from ..storage.dialects import insert
from .tables import counter as table
from .tables import stranger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Column, Connection, Table

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
    connection: Connection, logs: Iterable[int], authorisations: Collection[int]
) -> dict[int, Counter]:
    """Return the counters of those authorisations that have been called before.

    `logs` are the numbers of a department's logs, the newest first: the newest that has one counts.
    """
    found = _look_up(connection, logs, COLUMNS, table, authorisations)
    return {row[0]: Counter(*row[1:]) for row in found}


def store_counters(
    connection: Connection, log_number: int, counters: Mapping[int, Counter]
) -> None:
    """Write counters back, new ones included."""
    rows = [
        (log_number, authorisation, one.count, bytearray(one.last), one.day, one.calls, one.rows)
        for authorisation, one in counters.items()
    ]
    insert_rows(connection, _PUT, rows)


def load_strangers(
    connection: Connection, logs: Iterable[int], keys: Collection[bytes]
) -> dict[bytes, Stranger]:
    """Return what is known of those keys; `logs` as in `load_counters`."""
    found = _look_up(connection, logs, _STRANGER_COLUMNS, stranger, keys)
    return {row[0]: Stranger(*row[1:]) for row in found}


def store_strangers(
    connection: Connection, log_number: int, strangers: Mapping[bytes, Stranger]
) -> None:
    """Write back what is known of keys, new ones included."""
    rows = [(log_number, key, one.day, one.calls) for key, one in strangers.items()]
    insert_rows(connection, _PUT_STRANGER, rows)


def _look_up(
    connection: Connection,
    logs: Iterable[int],
    columns: tuple[Column[Any], ...],
    table: Table,
    keys: Collection[Any],
) -> list[Any]:
    """Return the row of each key, the first column, from the first log that has one."""
    found: dict[Any, Any] = {}
    for log in logs:
        missing = [key for key in keys if key not in found]
        if not missing:
            break
        found |= {row[0]: row for row in look_up(connection, columns, table.c.log, log, missing)}
    return list(found.values())
