"""What the tables beside a log's entries must hold, and its chains of calls, given the entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import BigInteger, Integer, LargeBinary, Text, func, or_, select

from node.crypto import sm3
from node.protocol.wire.days import beijing_day
from node.protocol.wire.leaf import OPEN, SERVED

from .recent import find_events
from .tables import (
    INDEX_BITS,
    call,
    entry,
    head,
    metadata,
    position,
    recent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Table

_CLASSES = {LargeBinary: "blob", Text: "text", Integer: "integer", BigInteger: "integer"}


@dataclass(frozen=True, slots=True)
class CallChain:
    """The calls of one authorisation so far."""

    count: int
    last: bytes
    index: int
    """Where the last one stands."""
    day: int = 0
    calls: int = 0
    rows: int = 0
    """What was served on `day`, the last one."""

    def follow(self, index: int, hash_: bytes, members: dict[str, Any]) -> CallChain:
        """Return the chain one call longer."""
        day = max(self.day, beijing_day(members["at"] // 1000))
        calls, rows = (self.calls, self.rows) if day == self.day else (0, 0)
        if members["outcome"] == SERVED:
            calls, rows = calls + 1, rows + members["rows"]
        return CallChain(members["number"], hash_, index, day, calls, rows)

    def fits(self, count: int, last: bytes, day: int, calls: int, rows: int) -> bool:
        """Tell whether this is what a counter says, which may have opened a later day."""
        if (count, last) != (self.count, self.last) or day < self.day:
            return False
        return (calls, rows) == ((self.calls, self.rows) if day == self.day else (0, 0))


def find_misfit(connection: Connection) -> str | None:
    """Return the name of a table with a value that no log writes there, or None.

    SQLite takes a value of any kind in any column; everything after this may rely on their types.
    """
    if connection.dialect.name != "sqlite":
        return None
    for table in metadata.sorted_tables:
        query = select(func.count()).select_from(table).where(or_(*_misfits(table)))
        if connection.scalar(query):
            return table.name
    return None


def find_headless(connection: Connection) -> bool:
    """Tell whether there are entries that belong to no log with a head."""
    number = entry.c.position.op(">>")(INDEX_BITS)
    query = select(entry.c.position).where(number.not_in(select(head.c.number))).limit(1)
    return connection.execute(query).first() is not None


def find_unindexed_event(
    connection: Connection, log_number: int, events: Mapping[bytes, int]
) -> int | None:
    """Return the first index whose event the event index gives another place, or None."""
    indexed = find_events(connection, log_number, events)
    return min((index for _, index in events.items() - indexed.items()), default=None)


def find_unindexed_call(
    connection: Connection, log_number: int, calls: Mapping[int, Mapping[int, int]]
) -> int | None:
    """Return the first index whose call the index of calls gives another place, or None.

    `calls` are {authorisation: {number: index}}, the numbers of each without a gap.
    """
    wrong = []
    for authorisation, indexes in calls.items():
        query = select(call.c.number, call.c.index).where(
            call.c.log == log_number,
            call.c.authorisation == authorisation,
            call.c.number.between(min(indexes), max(indexes)),
        )
        indexed = {row["number"]: row["index"] for row in connection.execute(query).mappings()}
        wrong += [index for _, index in indexes.items() - indexed.items()]
    return min(wrong, default=None)


def find_wrong_answer(connection: Connection, log_number: int) -> int | None:
    """Return the first index whose kept answer is not the one of its leaf, or None."""
    first = position(log_number, 0)
    query = (
        select(recent.c.position, recent.c.answer, entry.c.leaf)
        .outerjoin(entry, entry.c.position == recent.c.position)
        .where(recent.c.position.between(first, position(log_number + 1, 0) - 1))
        .order_by(recent.c.position)
    )
    for place, answer, leaf in connection.execute(query):
        members = {} if leaf is None else orjson.loads(leaf)
        if answer is None and members.get("type") == OPEN:
            continue  # a download is logged by its digest; its bytes are not kept here
        digest = None if answer is None else sm3(answer).hex()
        if members.get("answer", "") != digest:
            return int(place - first)
    return None


def _misfits(table: Table) -> Iterator[ColumnElement[bool]]:
    for column in table.columns:
        fitting = [_CLASSES[type(column.type)]]
        if column.nullable:
            fitting.append("null")
        yield func.typeof(column).not_in(fitting)
