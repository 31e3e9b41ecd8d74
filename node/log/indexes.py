"""The indexes of a log's events and calls, which follow its commits.

They are spread over as many pages as there are authorisations and seconds; written with every
commit they were half of what reached the disk. So every sixteenth commit brings events and calls
of all since into them, sorted, in its own transaction; `head.indexed` says how far they go. What
lies beyond is looked for in the rows of the commits (`batchrows`), which the writer and every
reader hold in memory. Whoever dies in between finds both on disk as one commit left them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from itertools import count
from struct import pack, unpack
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, insert, select

from node.errors import LogTampered
from node.protocol.wire.merkle import HASH_SIZE

from ..storage.bulk import fetch, insert_rows, look_up
from ..storage.dialects import Whole, summed
from .batchrows import CALL_BYTES, fresh_rows, newer_events, split_events
from .tables import call, event, head

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from .batchrows import Added, FreshRow

BATCHES = 16
"""Commits whose events and calls may wait for the indexes."""
LAST_NUMBER = (1 << 62) - 1
_INDEX_BYTES = 8
_EVENT, _CALL = insert(event), insert(call)
_FIRST, _LAST = bindparam("first", type_=Whole), bindparam("last", type_=Whole)
_OF_ONE = (call.c.log == bindparam("log_")) & (call.c.authorisation == bindparam("authorisation_"))
_BEGINS = select(func.max(call.c.number)).where(_OF_ONE, call.c.number <= _FIRST).scalar_subquery()
_CALLS = (
    select(call.c.number, call.c.index, call.c.others)
    .where(_OF_ONE, call.c.number >= func.coalesce(_BEGINS, 0), call.c.number <= _LAST)
    .order_by(call.c.number)
    .limit(bindparam("limit", type_=Whole))
)
"""The rows of the calls from one number to another; the first may begin before them."""


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
        LogTampered: the rows do not reach from the indexes to the head, or these are beyond it.
    """
    query = select(head.c.indexed).where(head.c.number == log_number)
    indexed: int = connection.execute(query).scalar_one()
    if not 0 <= indexed <= size:
        raise LogTampered(
            f"the indexes are to have {indexed} entries, the log has {size}", what="head"
        )
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
        if len(row.events) % HASH_SIZE or len(row.calls) != CALL_BYTES * row.entries:
            raise LogTampered(f"the batch from entry {row.first} on is none", what="index")
        found.since = found.since if found.rows else row.at
        found.rows += 1
        found.events.update(row.each_event())
        found.calls += row.each_call()
    return found


class Seen:
    """The events of a log's newest commits, as a reader meets them; for any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = -1
        """Index of the first entry of the newest row that was read."""
        self._commits: deque[tuple[int, list[bytes]]] = deque()
        """Tree size and events of each, the newest last."""
        self._events: dict[bytes, int] = {}

    def find(self, connection: Connection, log_number: int, event: bytes) -> int | None:
        """Return the index of an event's entry, if the log has it."""
        with self._lock:
            last, index = self._last, self._events.get(event)
        if index is not None:
            return index
        # Those that the indexes have meanwhile need not be read.
        rows = newer_events(connection, log_number, last)
        commits = [(first, size, dict(split_events(each, first))) for first, size, each in rows]
        with self._lock:
            for first, size, events in commits:
                if first > self._last:  # nobody else has read it meanwhile
                    self._last = first
                    self._add(size, events)
        for _, _, events in commits:
            if event in events:
                return events[event]
        # The rows first: what comes into the index meanwhile is met twice, and not missed.
        return find_indexed(connection, log_number, [event]).get(event)

    def _add(self, size: int, new: dict[bytes, int]) -> None:
        self._events |= new
        if not self._commits or self._commits[-1][0] != size:
            self._commits.append((size, []))
        self._commits[-1][1].extend(new)
        if len(self._commits) > 2 * BATCHES:  # the indexes have had it for long
            for event in self._commits.popleft()[1]:
                self._events.pop(event, None)


def find_indexed(
    connection: Connection, log_number: int, events: Collection[bytes]
) -> dict[bytes, int]:
    """Return the indexes of those events that the index has."""
    keys = [bytearray(each) for each in events]
    rows = look_up(connection, (event.c.event, event.c.index), event.c.log, log_number, keys)
    return {row[0]: row[1] for row in rows}


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

    Of many, the first `limit`.

    Raises:
        LogTampered: no log wrote such a row.
    """
    whose = {"log_": log_number, "authorisation_": authorisation}
    values = {**whose, "first": first, "last": last, "limit": limit + 1}
    found: dict[int, int] = {}
    for number, index, others in fetch(connection, _CALLS, values):
        words = b"" if others is None else others
        if len(words) % _INDEX_BYTES:
            raise LogTampered(
                f"the calls of authorisation {authorisation} from {number} on were changed",
                what="index",
                index=index,
            )
        # A row has thousands of them where one authorisation is called much: no more than is asked.
        begin = max(first - number, 0)
        end = min(last - number, len(words) // _INDEX_BYTES, begin + limit - len(found) - 1) + 1
        if begin < end:
            wanted = words[max(begin - 1, 0) * _INDEX_BYTES : (end - 1) * _INDEX_BYTES]
            indexes = unpack(f">{len(wanted) // _INDEX_BYTES}q", wanted)
            found.update(enumerate(indexes if begin else (index, *indexes), number + begin))
        if len(found) >= limit:
            break
    return found


def count_calls(connection: Connection, log_number: int) -> int:
    """Return how many calls of a log the index has."""
    others = func.coalesce(func.length(call.c.others), 0) // _INDEX_BYTES
    query = select(summed(1 + others)).where(call.c.log == log_number)
    return connection.scalar(query) or 0
