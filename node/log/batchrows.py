"""What a commit adds to a log besides its leaves, in a row of its own (`tables.batch`), or several.

A resend gets it again from there, and the indexes of events and calls are made of it (`indexes`).
A row goes once the resend window has passed and the indexes have it.
"""

from __future__ import annotations

from itertools import chain
from struct import pack, unpack
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from node.protocol.wire.merkle import HASH_SIZE

from ..storage.bulk import fetch, insert_rows, run
from ..storage.dialects import Whole
from .parts import pack_parts, portions
from .tables import batch, head, position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

PURGED = 3
CALL_BYTES = 16
"""Of a call in a row: authorisation and number."""
_CALL_WORDS = 2
_INSERT = insert(batch)
_FIRST, _LAST = bindparam("first", type_=Whole), bindparam("last", type_=Whole)
_INDEXED = select(head.c.indexed).where(head.c.number == bindparam("number_")).scalar_subquery()
_FRESH = (
    select(batch.c.position, batch.c.at, batch.c.events, batch.c.calls)
    .where(batch.c.position >= _FIRST + _INDEXED, batch.c.position <= _LAST)
    .order_by(batch.c.position)
)
_NEWER = (
    select(batch.c.position, batch.c.size, batch.c.events)
    .where(
        batch.c.position > bindparam("seen", type_=Whole),
        batch.c.position >= _FIRST + _INDEXED,
        batch.c.position <= _LAST,
    )
    .order_by(batch.c.position)
)
_OLDEST = (
    select(batch.c.position, batch.c.at)
    .where(batch.c.position >= _FIRST, batch.c.position <= _LAST)
    .order_by(batch.c.position)
    .limit(bindparam("limit", type_=Whole))
)
_DROP = delete(batch).where(batch.c.position >= _FIRST, batch.c.position <= _LAST)


class Added(NamedTuple):
    """Entries as their row has them, each list in their order."""

    events: list[bytes]
    authorisations: list[int]
    numbers: list[int]
    """0 for what is no call of the authorisation's own application."""
    texts: list[bytes]
    """SHA-256 of the signed texts."""
    answers: list[bytes | None]

    def part(self, some: slice) -> Added:
        """Return some of the entries."""
        return Added(
            self.events[some],
            self.authorisations[some],
            self.numbers[some],
            self.texts[some],
            self.answers[some],
        )


class FreshRow(NamedTuple):
    """What a row has for the indexes."""

    first: int
    """Index of its first entry."""
    at: int
    events: bytes
    calls: bytes

    @property
    def entries(self) -> int:
        """How many it is about."""
        return len(self.events) // HASH_SIZE

    def each_event(self) -> Iterator[tuple[bytes, int]]:
        """Yield each event with its index."""
        return split_events(self.events, self.first)

    def each_call(self) -> Iterator[tuple[int, int, int]]:
        """Yield authorisation, number and index of each call that has a number."""
        words = unpack(f">{_CALL_WORDS * self.entries}q", self.calls)
        for place in range(self.entries):
            authorisation, number = words[_CALL_WORDS * place : _CALL_WORDS * (place + 1)]
            if number:
                yield authorisation, number, self.first + place


def split_events(events: bytes, first: int) -> Iterator[tuple[bytes, int]]:
    """Yield each event of a row with its index; the first one's is `first`."""
    for start in range(0, len(events), HASH_SIZE):
        yield events[start : start + HASH_SIZE], first + start // HASH_SIZE


def fresh_rows(connection: Connection, log_number: int) -> list[FreshRow]:
    """Return the rows the indexes do not have, the oldest first."""
    first, last = _span(log_number)
    rows = fetch(connection, _FRESH, {"number_": log_number, "first": first, "last": last})
    return [FreshRow(place - first, *rest) for place, *rest in rows]


def list_sizes(connection: Connection, log_number: int) -> set[int]:
    """Return the tree sizes that were signed for the rows."""
    first, last = _span(log_number)
    query = select(batch.c.size).where(batch.c.position.between(first, last))
    return set(connection.scalars(query))


def newer_events(
    connection: Connection, log_number: int, seen: int
) -> list[tuple[int, int, bytes]]:
    """Return first index, tree size and events of the rows the indexes do not have.

    Of these, of those after the row that begins at index `seen`.
    """
    first, last = _span(log_number)
    values = {"number_": log_number, "first": first, "last": last, "seen": first + seen}
    return [(place - first, *row) for place, *row in fetch(connection, _NEWER, values)]


def add_batch(  # noqa: PLR0917 - what a commit is
    connection: Connection,
    log_number: int,
    first: int,
    at: int,
    checkpoint: bytes,
    added: Added,
) -> int:
    """Write what a commit added; `at` in ms is the last entry's. Return how many rows it took."""
    size = first + len(added.events)
    rows = []
    for some in map(added.part, portions(added.answers)):
        words = chain.from_iterable(zip(some.authorisations, some.numbers, strict=True))
        row = (
            position(log_number, first),
            size,
            at,
            checkpoint,
            b"".join(some.events),
            pack(f">{_CALL_WORDS * len(some.events)}q", *words),
            b"".join(some.texts),
            pack_parts(some.answers),
        )
        rows.append(row)
        first += len(some.events)
    insert_rows(connection, _INSERT, rows)
    return len(rows)


def purge(
    connection: Connection, log_number: int, expired: int, indexed: int, written: int
) -> None:
    """Drop the oldest rows whose entries are before `expired` (ms) and indexed.

    Of them a few more than this commit has `written`: so there are ever fewer.
    """
    first, last = _span(log_number)
    last = min(last, first + indexed - 1)
    values = {"first": first, "last": last, "limit": written + PURGED}
    old = [place for place, at in fetch(connection, _OLDEST, values) if at < expired]
    if old:
        run(connection, _DROP, {"first": first, "last": old[-1]})


def _span(log_number: int) -> tuple[int, int]:
    return position(log_number, 0), position(log_number + 1, 0) - 1
