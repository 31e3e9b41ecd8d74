"""What a commit adds to a log besides its leaves: a row of its own, from which the indexes follow.

The indexes of events and of calls are spread over as many pages as there are authorisations and
seconds; written with every commit they were half of what reached the disk. So a commit writes its
events and calls one after the other into its row, and every sixteenth brings those of all since
into the indexes, sorted, in its own transaction. `head.indexed` says how far the indexes go: what
lies beyond is looked for in the rows, which are few, and by the writer in its memory. Whoever dies
in between finds both on disk as one commit left them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, count
from struct import pack, unpack
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select

from node.errors import LogTampered
from node.protocol.wire.merkle import HASH_SIZE

from ..storage.bulk import fetch, insert_rows, look_up, run
from ..storage.dialects import Whole, summed
from .parts import pack_parts
from .tables import batch, call, event, head, position

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

BATCHES = 16
"""Commits whose events and calls may wait for the indexes."""
ANSWER_BYTES = 64 * 1024 * 1024
"""Answers of one row, but for a single one: a row holds a gigabyte at most."""
PURGED_AT_ONCE = 4
LAST_NUMBER = (1 << 62) - 1
_CALL_WORDS, _CALL_BYTES, _INDEX_BYTES = 2, 16, 8
_INSERT, _EVENT, _CALL = insert(batch), insert(event), insert(call)
_FIRST, _LAST = bindparam("first", type_=Whole), bindparam("last", type_=Whole)
_INDEXED = select(head.c.indexed).where(head.c.number == bindparam("number_")).scalar_subquery()
_FRESH = (
    select(batch.c.position, batch.c.at, batch.c.events, batch.c.calls)
    .where(batch.c.position >= _FIRST + _INDEXED, batch.c.position <= _LAST)
    .order_by(batch.c.position)
)
_OLDEST = (
    select(batch.c.position, batch.c.at)
    .where(batch.c.position >= _FIRST, batch.c.position <= _LAST)
    .order_by(batch.c.position)
    .limit(bindparam("limit", type_=Whole))
)
_OF_ONE = (call.c.log == bindparam("log_")) & (call.c.authorisation == bindparam("authorisation_"))
_BEGINS = select(func.max(call.c.number)).where(_OF_ONE, call.c.number <= _FIRST).scalar_subquery()
_CALLS = (
    select(call.c.number, call.c.index, call.c.others)
    .where(_OF_ONE, call.c.number >= func.coalesce(_BEGINS, 0), call.c.number <= _LAST)
    .order_by(call.c.number)
    .limit(bindparam("limit", type_=Whole))
)
"""The rows of the calls from one number to another; the first may begin before them."""
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

    def portions(self) -> Iterator[Added]:
        """Yield what belongs in a row each: nearly always all of it."""
        start, size = 0, 0
        for place, answer in enumerate(self.answers):
            length = len(answer or b"")
            if place > start and size + length > ANSWER_BYTES:
                yield self._part(start, place)
                start, size = place, 0
            size += length
        yield self._part(start, len(self.answers))

    def _part(self, start: int, end: int) -> Added:
        return Added(
            self.events[start:end],
            self.authorisations[start:end],
            self.numbers[start:end],
            self.texts[start:end],
            self.answers[start:end],
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

    def find(self, wanted: bytes) -> int | None:
        """Return the index of an event's entry."""
        place = self.events.find(wanted)
        # It may also be found across the border of two others: that is none.
        while place >= 0 and place % HASH_SIZE:
            place = self.events.find(wanted, place + 1)
        return None if place < 0 else self.first + place // HASH_SIZE

    def each_event(self) -> Iterator[tuple[bytes, int]]:
        """Yield each event with its index."""
        for place in range(self.entries):
            start = place * HASH_SIZE
            yield self.events[start : start + HASH_SIZE], self.first + place

    def each_call(self) -> Iterator[tuple[int, int, int]]:
        """Yield authorisation, number and index of each call that has a number."""
        words = unpack(f">{_CALL_WORDS * self.entries}q", self.calls)
        for place in range(self.entries):
            authorisation, number = words[_CALL_WORDS * place : _CALL_WORDS * (place + 1)]
            if number:
                yield authorisation, number, self.first + place


@dataclass(slots=True)
class Fresh:
    """What the indexes of a log do not have yet, as its writer holds it in memory."""

    indexed: int
    events: dict[bytes, int] = field(default_factory=dict)
    calls: list[tuple[int, int, int]] = field(default_factory=list)
    rows: int = 0
    since: int = 0
    """Time of the oldest row, in ms."""
    newest: bytes = b""
    """The last of the events in the index, in their order."""

    def add(self, first: int, at: int, added: Added) -> None:
        """Take what one commit adds."""
        self.since = self.since if self.rows else at
        self.rows += 1
        self.events.update(zip(added.events, count(first)))
        calls = zip(added.authorisations, added.numbers, count(first))
        self.calls += [one for one in calls if one[1]]

    def is_due(self, expired: int) -> bool:
        """Tell whether the indexes are to have it now; `expired` rows (ms) wait to be purged."""
        return self.rows >= BATCHES or self.since < expired

    def index(self, connection: Connection, log_number: int, size: int) -> None:
        """Bring all of it into the indexes."""
        # In their order: the rows of a page are then written while it is at hand. The driver looks
        # for an adapter of each `bytes`, and takes a bytearray as it is.
        events = [(log_number, bytearray(one), self.events[one]) for one in sorted(self.events)]
        insert_rows(connection, _EVENT, events)
        insert_rows(connection, _CALL, [(log_number, *row) for row in self._call_rows()])
        self.newest = max(self.newest, bytes(events[-1][1]))
        self.indexed, self.rows = size, 0
        self.events.clear()
        self.calls.clear()

    def _call_rows(self) -> Iterator[tuple[int, int, int, bytes | None]]:
        """Yield authorisation, number, index and others; calls are here in their order."""
        first: dict[int, tuple[int, int]] = {}
        others = defaultdict[int, list[int]](list)
        for authorisation, number, index in self.calls:
            if first.setdefault(authorisation, (number, index))[0] != number:
                others[authorisation].append(index)
        for authorisation in sorted(first):
            more = others.get(authorisation)
            yield (
                authorisation,
                *first[authorisation],
                pack(f">{len(more)}q", *more) if more else None,
            )

    def find(
        self, connection: Connection, log_number: int, events: Sequence[bytes]
    ) -> dict[bytes, int]:
        """Return the indexes of those events that are in the log, as far as `events` tell."""
        # They begin with their second: most are later than all the index has.
        older = [event for event in events if event <= self.newest]
        waiting = {event: self.events[event] for event in events if event in self.events}
        return waiting | find_indexed(connection, log_number, older)


def load_fresh(connection: Connection, log_number: int, size: int) -> Fresh:
    """Return what the indexes of a log do not have.

    Raises:
        LogTampered: the rows do not reach from the indexes to the head.
    """
    query = select(head.c.indexed).where(head.c.number == log_number)
    indexed: int = connection.execute(query).scalar_one()
    newest = select(event.c.event).where(event.c.log == log_number)
    newest = newest.order_by(event.c.event.desc()).limit(1)  # PostgreSQL knows no max() of bytes
    found = gather(indexed, fresh_rows(connection, log_number))
    if sorted(found.events.values()) != list(range(indexed, size)):
        raise LogTampered(
            f"events of entries {indexed} to {size - 1} are in no index and in no batch",
            what="index",
        )
    found.newest = connection.scalar(newest) or b""
    return found


def gather(indexed: int, rows: Iterable[FreshRow]) -> Fresh:
    """Return what rows have for the indexes, which have the entries before `indexed`.

    Raises:
        LogTampered: no commit wrote such a row.
    """
    found = Fresh(indexed)
    for row in rows:
        if len(row.events) % HASH_SIZE or len(row.calls) != _CALL_BYTES * row.entries:
            raise LogTampered(f"the batch from entry {row.first} on is none", what="index")
        found.since = found.since if found.rows else row.at
        found.rows += 1
        found.events.update(row.each_event())
        found.calls += row.each_call()
    return found


def fresh_rows(connection: Connection, log_number: int) -> list[FreshRow]:
    """Return the rows the indexes do not have, the oldest first."""
    first, last = _span(log_number)
    rows = fetch(connection, _FRESH, {"number_": log_number, "first": first, "last": last})
    return [FreshRow(place - first, *rest) for place, *rest in rows]


def find_events(
    connection: Connection, log_number: int, events: Collection[bytes]
) -> dict[bytes, int]:
    """Return the indexes of those events that are in the log, by its rows and its indexes."""
    # The rows first: what is brought into the indexes meanwhile is found twice, and not missed.
    rows = fresh_rows(connection, log_number)
    found = {
        each: index for row in rows for each in events if (index := row.find(each)) is not None
    }
    return found | find_indexed(connection, log_number, events)


def find_calls(
    connection: Connection,
    log_number: int,
    authorisation: int,
    first: int,
    last: int = LAST_NUMBER,
    *,
    limit: int,
) -> dict[int, int]:
    """Return index by number of an authorisation's calls from `first` to `last` the index has.

    Of many, at least the first `limit`.
    """
    whose = {"log_": log_number, "authorisation_": authorisation}
    values = {**whose, "first": first, "last": last, "limit": limit + 1}
    found: dict[int, int] = {}
    for number, index, others in fetch(connection, _CALLS, values):
        words = b"" if others is None else others
        indexes = (index, *unpack(f">{len(words) // _INDEX_BYTES}q", words))
        found.update(enumerate(indexes, number))
    return {number: index for number, index in found.items() if first <= number <= last}


def count_calls(connection: Connection, log_number: int) -> int:
    """Return how many calls of a log the index has."""
    others = func.coalesce(func.length(call.c.others), 0) // _INDEX_BYTES
    query = select(summed(1 + others)).where(call.c.log == log_number)
    return connection.scalar(query) or 0


def find_indexed(
    connection: Connection, log_number: int, events: Collection[bytes]
) -> dict[bytes, int]:
    """Return the indexes of those events that the index has."""
    keys = [bytearray(each) for each in events]
    rows = look_up(connection, (event.c.event, event.c.index), event.c.log, log_number, keys)
    return {row[0]: row[1] for row in rows}


def add_batch(  # noqa: PLR0917 - what a commit is
    connection: Connection,
    log_number: int,
    first: int,
    at: int,
    checkpoint: bytes,
    added: Added,
) -> None:
    """Write what a commit added; `at` in ms is the last entry's."""
    size = first + len(added.events)
    for some in added.portions():
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
        insert_rows(connection, _INSERT, [row])
        first += len(some.events)


def purge(connection: Connection, log_number: int, expired: int, indexed: int) -> None:
    """Drop the oldest rows whose entries are before `expired` (ms) and indexed, a few at once."""
    first, last = _span(log_number)
    last = min(last, first + indexed - 1)
    values = {"first": first, "last": last, "limit": PURGED_AT_ONCE}
    old = [place for place, at in fetch(connection, _OLDEST, values) if at < expired]
    if old:
        run(connection, _DROP, {"first": first, "last": old[-1]})


def _span(log_number: int) -> tuple[int, int]:
    return position(log_number, 0), position(log_number + 1, 0) - 1
