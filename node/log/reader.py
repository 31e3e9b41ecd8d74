"""Reading a log: heads, entries, events and proofs at any size up to the head.

Give it a read-only engine, so that reading never waits for the writer. Sizes and indexes are
pinned by the caller: what an answer says about a size stays true for ever. Entries and hashes that
were moved to a store are read from there (`fartiles`), unseen by whoever asks: he may also meet
LogIncomplete or LogTampered, where the store lost or changed them, and LogUnavailable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from node.errors import InvalidInput, LogTampered, LogUnavailable, NotFound
from node.protocol.wire.merkle import HASH_SIZE
from node.protocol.wire.receipt import Receipt

from .batchrows import fresh_rows
from .counters import load_counters
from .fartiles import FarTiles
from .indexes import Seen, find_calls
from .parts import unpack_parts
from .published import list_published
from .resends import Resend, replay
from .tables import (
    entry,
    head,
    position,
    request,
)
from .tiles import Proofs, read_hashes, read_tiles
from .tree import WIDTH

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Engine

    from .counters import Counter
    from .logdrafts import Committed
    from .published import Published
    from .tilestore import TileStore


@dataclass(frozen=True, slots=True)
class Head:
    """The newest commit of a log."""

    size: int
    root: bytes
    checkpoint: bytes
    """The signed note of (size, root)."""
    at: int
    """Milliseconds of the last entry; 0 before the first."""


class LogReader:
    """The logs of one store, for any number of threads."""

    def __init__(
        self, engine: Engine, *, published: Engine | None = None, store: TileStore | None = None
    ) -> None:
        """Read through a read-only engine over `log.db`, and what was moved from there in `store`.

        With `published`, the engine of `node.db`, receipts are under published checkpoints. What is
        anchored was published before, so the proof from such a receipt to its anchor is short, and
        its signature was made before the anchor: it counts even after the log's key was revoked.
        """
        self._engine = engine
        self._published = published
        self._far = None if store is None else FarTiles(engine, store)
        self._proofs = Proofs(engine, self._far)
        self._numbers: dict[bytes, int] = {}
        self._sizes: dict[bytes, int] = {}
        self._seen: dict[int, Seen] = {}
        """By the number of the log."""

    def logs(self) -> list[tuple[bytes, str]]:
        """Return (log, origin) of every log in the store."""
        query = select(head.c.log, head.c.origin).order_by(head.c.number)
        with self._engine.connect() as connection:
            return [(log, origin) for log, origin in connection.execute(query)]

    def sizes(self) -> dict[bytes, int]:
        """Return how many leaves each log in the store has."""
        with self._engine.connect() as connection:
            return {
                row.log: row.size for row in connection.execute(select(head.c.log, head.c.size))
            }

    def head(self, log: bytes) -> Head:
        """Return the head of a log.

        Raises:
            NotFound: no such log in this store.
        """
        columns = (head.c.number, head.c.size, head.c.root, head.c.checkpoint, head.c.at)
        with self._engine.connect() as connection:
            row = connection.execute(select(*columns).where(head.c.log == log)).one_or_none()
        if row is None:
            raise NotFound("no such log in this store", log=log.hex())
        self._numbers[log] = row.number
        self._sizes[log] = row.size
        return Head(row.size, row.root, row.checkpoint, row.at)

    def entry(self, log: bytes, index: int) -> bytes:
        """Return the leaf of an entry.

        Raises:
            NotFound: the log has no such entry.
        """
        query = select(entry.c.leaf).where(entry.c.position == self._position(log, index))
        with self._engine.connect() as connection:
            leaf: bytes | None = connection.scalar(query)
        leaf = leaf or self._moved(log, [index]).get(index)
        if leaf is None:
            raise NotFound(f"the log has no entry {index}", log=log.hex())
        return leaf

    def leaves(self, log: bytes, indexes: Sequence[int]) -> list[bytes]:
        """Return the leaves of some entries, a page of them, in that order.

        Raises:
            NotFound: the log has no such entry.
        """
        places = {self._position(log, index): index for index in indexes}
        place = entry.c.position
        query = select(place, entry.c.leaf).where(place.in_(list(places)))
        with self._engine.connect() as connection:
            found = {row.position: row.leaf for row in connection.execute(query)}
        gone = sorted({index for position_, index in places.items() if position_ not in found})
        moved = self._moved(log, gone)
        for index in gone:
            if index not in moved:
                raise NotFound(f"the log has no entry {index}", log=log.hex())
        return [found.get(self._position(log, index)) or moved[index] for index in indexes]

    def entries(self, log: bytes, first: int, count: int) -> list[bytes]:
        """Return the leaves of `count` entries from index `first` on.

        Raises:
            LogTampered: one of them is missing; what is beyond the log is the caller's to know.
        """
        start = self._position(log, first)
        place = entry.c.position
        within = (place >= start) & (place < start + count)
        query = select(entry.c.leaf).where(within).order_by(place)
        with self._engine.connect() as connection:
            leaves: list[bytes] = [leaf for (leaf,) in connection.execute(query).all()]
            if len(leaves) == count:
                return leaves
            oldest = connection.scalar(select(func.min(place)).where(within))
        # Only the oldest are ever moved: those that are here are the last.
        gone = range(first, first + count - len(leaves))
        moved = self._moved(log, gone)
        if len(moved) != len(gone) or oldest not in {None, start + len(gone)}:
            raise LogTampered(f"the log has not all entries {first} to {first + count - 1}")
        return [moved[index] for index in gone] + leaves

    def tile(self, log: bytes, level: int, number: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile of the tree.

        Raises:
            LogTampered: the store has fewer; what is beyond the tree is the caller's to know.
        """
        log_number = self._number(log)
        if not level and self._far is not None:
            for _, hashes in self.tiles(log, number, 1):
                if len(hashes) >= width * HASH_SIZE:
                    return hashes[: width * HASH_SIZE]
        with self._engine.connect() as connection:
            hashes = read_hashes(connection, log_number, level, number, width)
        return hashes[: width * HASH_SIZE]

    def tiles(self, log: bytes, first: int, count: int) -> list[tuple[int, bytes]]:
        """Return the tiles of leaf hashes there are from a number on, each with its number."""
        log_number = self._number(log)
        with self._engine.connect() as connection:
            found = dict(read_tiles(connection, log_number, first, count))
        if self._far is not None and len(found) < count:
            numbers = range(first, first + count)
            gone = [each for each in numbers if each not in found and self._is_full(log, each)]
            found |= zip(gone, self._far.hashes(log_number, gone), strict=True)
        return sorted(found.items())

    def check_stored(self, log: bytes, numbers: Sequence[int]) -> None:
        """Read full tiles of leaf hashes and their bundles from the store, here or not here.

        Raises:
            LogIncomplete, LogTampered: one is not there, or another; `facts` name it.
            LogUnavailable: the store does not answer, or there is none.
        """
        if self._far is None:
            raise LogUnavailable("the settings name no tile store")
        self._far.check(self._number(log), numbers)

    def request(self, log: bytes, index: int) -> bytes | None:
        """Return the body of the request behind an entry, or None when none is kept."""
        wanted = self._position(log, index)
        place = request.c.position
        query = (
            select(place, request.c.body, request.c.entries)
            .where(place >= self._position(log, 0), place <= wanted)
            .order_by(place.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        within: int = wanted - row.position
        if within >= (row.entries or 1):
            return None
        if row.entries is None:
            body: bytes = row.body
            return body
        return unpack_parts(row.body, row.entries)[within]

    def find_event(self, log: bytes, event: bytes) -> int | None:
        """Return the index of the call with this event id, or None."""
        number = self._number(log)
        with self._engine.connect() as connection:
            return self._seen.setdefault(number, Seen()).find(connection, number, event)

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, int]]:
        """List (number, index) of an authorisation's calls after the one numbered `after`."""
        log_number = self._number(log)
        with self._engine.connect() as connection:
            # The rows first: what comes into the index meanwhile is met twice, and not missed.
            rows = fresh_rows(connection, log_number)
            found = find_calls(connection, log_number, authorisation, after + 1, limit=limit)
        for row in rows:
            for whose, number, index in row.each_call():
                if whose == authorisation and number > after:
                    found[number] = index
        return sorted(found.items())[:limit]

    def used(
        self, logs: Sequence[bytes], authorisations: Collection[int], day: int
    ) -> dict[int, tuple[int, int]]:
        """Return (calls, rows) served on a Beijing day of those authorisations ever called.

        `logs` are a department's, the newest first (`counters`); not all need be here.
        """
        counters = self._counters(logs, authorisations)
        for counter in counters.values():
            counter.open_day(day)
        return {number: (one.calls, one.rows) for number, one in counters.items()}

    def numbered(self, logs: Sequence[bytes], authorisations: Collection[int]) -> dict[int, int]:
        """Return how many calls are numbered of those authorisations ever called.

        `logs` as in `used`: a log that superseded another goes on counting.
        """
        counters = self._counters(logs, authorisations)
        return {number: one.count for number, one in counters.items()}

    def _counters(
        self, logs: Sequence[bytes], authorisations: Collection[int]
    ) -> dict[int, Counter]:
        known = dict.fromkeys(logs)
        with self._engine.connect() as connection:
            query = select(head.c.log, head.c.number).where(head.c.log.in_(list(known)))
            numbers = {row.log: row.number for row in connection.execute(query)}
            here = [numbers[log] for log in known if log in numbers]
            return load_counters(connection, here, authorisations)

    def resend(self, log: bytes, call: Resend, now: int) -> Committed | None:
        """Return the stored result of an identical call, or None when the event is new.

        `now` is in ms. Spares the work of serving again; the commit decides all the same.

        Raises:
            CallReplayed: the event id was used with another text, or too long ago.
        """
        index = self.find_event(log, call.event)
        if index is None:
            return None
        # On a connection of its own: the look before went to the driver by itself, which on a
        # server has begun a transaction there that SQLAlchemy knows nothing of.
        with self._engine.connect() as connection:
            return replay(connection, self._number(log), index, call, now, far=self._far)

    def root_at(self, log: bytes, size: int) -> bytes:
        """Return the root of the first `size` leaves.

        Raises:
            InvalidInput: the log has fewer.
        """
        self._check_size(log, size)
        return self._proofs.root_at(self._number(log), size)

    def inclusion(self, log: bytes, index: int, size: int) -> list[bytes]:
        """Return the proof that entry `index` is in the tree of `size` leaves.

        Raises:
            InvalidInput: it is not, or the log has fewer leaves.
        """
        self._check_size(log, size)
        if not 0 <= index < size:
            raise InvalidInput(f"entry {index} is not in a tree of {size}")
        return self._proofs.inclusion(self._number(log), index, size)

    def consistency(self, log: bytes, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of `new` leaves begins with the tree of `old`.

        Raises:
            InvalidInput: `old` is larger, or the log has fewer leaves than `new`.
        """
        self._check_size(log, new)
        if not 0 <= old <= new:
            raise InvalidInput(f"a tree of {new} does not continue one of {old}")
        return self._proofs.consistency(self._number(log), old, new)

    def receipt(self, log: bytes, index: int) -> Receipt:
        """Return an entry's receipt under the first published checkpoint that holds it.

        Under the newest one of the log while none was published, or none is known.

        Raises:
            NotFound: the log has no such entry.
        """
        shown: Sequence[Published | Head] = ()
        if self._published is not None:
            shown = list_published(self._published, log, from_size=index + 1, limit=1)
        under = shown[0] if shown else self.head(log)
        return Receipt(
            leaf=self.entry(log, index),
            index=index,
            size=under.size,
            proof=tuple(self.inclusion(log, index, under.size)),
            checkpoint=under.checkpoint,
        )

    def _number(self, log: bytes) -> int:
        number = self._numbers.get(log)
        if number is None:
            self.head(log)
            number = self._numbers[log]
        return number

    def _position(self, log: bytes, index: int) -> int:
        if index < 0:
            raise NotFound(f"the log has no entry {index}", log=log.hex())
        return position(self._number(log), index)

    def _moved(self, log: bytes, indexes: Sequence[int]) -> dict[int, bytes]:
        """Return those of some leaves, by index, that may have been moved to the store."""
        if self._far is None:
            return {}
        numbers = sorted({index // WIDTH for index in indexes})
        full = [number for number in numbers if self._is_full(log, number)]
        bundles = dict(zip(full, self._far.leaves(self._number(log), full), strict=True))
        return {
            index: bundles[index // WIDTH][index % WIDTH]
            for index in indexes
            if index // WIDTH in bundles
        }

    def _is_full(self, log: bytes, number: int) -> bool:
        """Tell whether the log has all leaves of a tile."""
        size = (number + 1) * WIDTH
        return size <= self._sizes.get(log, -1) or size <= self.head(log).size

    def _check_size(self, log: bytes, size: int) -> None:
        """Heads only grow, so one that was seen to reach `size` need not be read again."""
        if size > self._sizes.get(log, -1) and size > self.head(log).size:
            raise InvalidInput(f"the log has fewer than {size} entries", log=log.hex())
