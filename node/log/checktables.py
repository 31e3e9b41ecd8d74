"""What must hold beside a log's entries, given these: its chains of calls, and its other tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import BigInteger, Integer, LargeBinary, Text, func, or_, select

from node.crypto import sm3
from node.errors import CheckpointInvalid, InvalidInput, LogTampered
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.days import beijing_day
from node.protocol.wire.ids import ZERO
from node.protocol.wire.leaf import AUDIT, OPEN, PREVIEW, SERVED
from node.protocol.wire.merkle import HASH_SIZE

from .counters import COLUMNS
from .indexes import find_calls, find_indexed
from .parts import unpack_parts
from .tables import (
    INDEX_BITS,
    batch,
    counter,
    entry,
    head,
    metadata,
    position,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, Table

    from .indexes import Fresh

NO_COUNTER = (0, ZERO, 0, 0, 0)
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


NO_CALLS = CallChain(0, ZERO, 0)


class CallChains:
    """The calls of every authorisation, going on from where the logs before this one left them."""

    def __init__(self, connection: Connection, earlier: Iterable[int]) -> None:
        """Begin where the logs numbered `earlier`, the newest first, have ended."""
        self._opening: dict[int, CallChain] = {}
        self._chains: dict[int, CallChain] = {}
        self.places: dict[int, dict[int, int]] = {}
        """Indexes of the calls added since it was emptied, by authorisation and number."""
        for number in reversed(list(earlier)):
            rows = connection.execute(select(*COLUMNS).where(counter.c.log == number))
            for authorisation, count, last, *used in rows:
                if count:
                    self._opening[authorisation] = CallChain(count, last, 0, *used)

    @property
    def numbered(self) -> int:
        """How many calls were added that have a number."""
        return sum(chain.count - self._opened(one).count for one, chain in self._chains.items())

    def add(self, index: int, hash_: bytes, members: dict[str, Any]) -> tuple[int, str] | None:
        """Add the call at `index`; return which entry is wrong, and how, if it does not follow."""
        authorisation, number = members["authorisation"], members["number"]
        prev, wrong = bytes.fromhex(members["prev"]), None
        before = self._chains.get(authorisation)
        chain = before or replace(self._opened(authorisation), index=index)
        longer = chain.follow(index, hash_, members)
        if number not in (0, chain.count + 1):
            said = f"call {number} of authorisation {authorisation}, after call {chain.count}"
            wrong = index, f"entry {index} is {said}"
        elif prev != (chain.last if number else ZERO):
            wrong = chain.index, f"entry {chain.index} is not the one that entry {index} follows"
        if number:
            self._chains[authorisation] = longer
            self.places.setdefault(authorisation, {})[number] = index
        return wrong

    def find_wrong_counter(self, connection: Connection, log_number: int) -> int | None:
        """Return the first authorisation whose counter is not that of its calls, or None."""
        rows = connection.execute(select(*COLUMNS).where(counter.c.log == log_number))
        counters = {row[0]: row[1:] for row in rows if row[1]}
        # Both hold only what was called: where one side lacks an authorisation, the counts differ.
        chains = {one: self._opened(one) for one in counters} | self._chains
        wrong = (
            one for one, chain in chains.items() if not chain.fits(*counters.get(one, NO_COUNTER))
        )
        return min(wrong, default=None)

    def _opened(self, authorisation: int) -> CallChain:
        return self._opening.get(authorisation, NO_CALLS)


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
    connection: Connection, log_number: int, events: Mapping[bytes, int], fresh: Fresh
) -> int | None:
    """Return the first index whose event the event index gives another place, or None.

    `fresh` has what the index need not have yet.
    """
    indexed = {each: fresh.events[each] for each in events if each in fresh.events}
    indexed |= find_indexed(connection, log_number, events)
    return min((index for _, index in events.items() - indexed.items()), default=None)


def find_unindexed_call(
    connection: Connection,
    log_number: int,
    calls: Mapping[int, Mapping[int, int]],
    fresh: Fresh,
) -> int | None:
    """Return the first index whose call the index of calls gives another place, or None.

    `calls` are {authorisation: {number: index}}, the numbers of each without a gap; `fresh` has
    what the index need not have yet.
    """
    wrong, waiting = [], defaultdict[int, dict[int, int]](dict)
    for authorisation, number, index in fresh.calls:
        waiting[authorisation][number] = index
    for authorisation, indexes in calls.items():
        first, last = min(indexes), max(indexes)
        try:
            indexed = find_calls(connection, log_number, authorisation, first, last, limit=last)
        except LogTampered:
            return min(indexes.values())
        indexed |= waiting.get(authorisation, {})
        wrong += [index for _, index in indexes.items() - indexed.items()]
    return min(wrong, default=None)


def find_wrong_batch(
    connection: Connection,
    log_number: int,
    origin: str,
    roots: Mapping[int, bytes],
    verify: Callable[[SignedCheckpoint], None],
) -> int | None:
    """Return the first index from which a batch is not its commit's, or None.

    `roots` are those of the sizes that the batches name; `verify` raises CheckpointInvalid of a
    checkpoint whose signatures do not hold. The digests of the texts are compared with nothing:
    the log has them nowhere else.
    """
    verified = b""
    first = position(log_number, 0)
    place = batch.c.position
    within = place.between(first, position(log_number + 1, 0) - 1)
    columns = (place, batch.c.size, batch.c.checkpoint, batch.c.events, batch.c.texts)
    for start, size, note, events, texts in connection.execute(
        select(*columns).where(within).order_by(place)
    ):
        index = int(start - first)
        try:
            signed = SignedCheckpoint.parse(note)
            if note != verified:  # the rows of one commit have one
                verify(signed)
                verified = note
        except (InvalidInput, CheckpointInvalid):
            return index
        named = signed.checkpoint
        if (named.origin, named.size, named.root) != (origin, size, roots.get(size)):
            return index
        if len(texts) != len(events) or size < index + len(events) // HASH_SIZE:
            return index
    return None


def find_wrong_answer(connection: Connection, log_number: int) -> int | None:
    """Return the first index whose kept answer is not the one of its leaf, or None."""
    first = position(log_number, 0)
    place = batch.c.position
    within = place.between(first, position(log_number + 1, 0) - 1)
    columns = (place, batch.c.events, batch.c.answers)
    for start, events, packed in connection.execute(select(*columns).where(within).order_by(place)):
        count = len(events) // HASH_SIZE
        try:
            answers = unpack_parts(packed, count)
        except LogTampered:
            return int(start - first)
        query = select(entry.c.position, entry.c.leaf).where(
            entry.c.position >= start, entry.c.position < start + count
        )
        leaves = dict(tuple(row) for row in connection.execute(query))
        for index, answer in enumerate(answers, start):
            leaf = leaves.get(index)
            members = {} if leaf is None else orjson.loads(leaf)
            if not answer and members.get("type") in {AUDIT, OPEN, PREVIEW}:
                continue  # a download, a page: logged by its digest; no bytes are kept here
            digest = None if answer is None else sm3(answer).hex()
            if members.get("answer", "") != digest:
                return int(index - first)
    return None


def _misfits(table: Table) -> Iterator[ColumnElement[bool]]:
    for column in table.columns:
        fitting = [_CLASSES[type(column.type)]]
        if column.nullable:
            fitting.append("null")
        yield func.typeof(column).not_in(fitting)
