"""The entries of a stored log, hashed again and compared with the trees and indexes over them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import select

from node.errors import LogTampered
from node.protocol.wire.leaf import CALL, KINDS, VERSION
from node.protocol.wire.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash

from .batchrows import fresh_rows, list_sizes
from .checktables import CallChains, find_unindexed_call, find_unindexed_event
from .fartiles import FarTiles
from .heads import earlier_logs
from .indexes import gather
from .tables import entry, position
from .tiles import read_tile
from .tree import HEIGHT, WIDTH, GrowingTree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine, Row

    from .indexes import Fresh
    from .tilestore import TileStore

CHUNK_ENTRIES = 16 * WIDTH


@dataclass(frozen=True, slots=True)
class StoredLog:
    """The log that is checked, as its head row names it."""

    engine: Engine
    head: Row[Any]
    department: str
    """The code of the department it belongs to."""

    @property
    def facts(self) -> dict[str, str]:
        """Return what an error says of whose log it is about."""
        return {"log": self.head.log.hex(), "department": self.department}

    def fresh(self, connection: Connection) -> Fresh:
        """Return what the indexes do not have as this transaction sees them.

        Raises:
            LogTampered: no commit wrote such rows.
        """
        try:
            return gather(0, fresh_rows(connection, self.head.number))
        except LogTampered as error:
            raise LogTampered(error.message, what="index", **self.facts) from error


class _Moved(NamedTuple):
    """An entry as its row was."""

    position: int
    leaf: bytes


class EntryCheck:
    """One run over a log's entries; what it leaves is compared with the other tables afterwards."""

    def __init__(
        self, log: StoredLog, known: dict[int, bytes], store: TileStore | None = None
    ) -> None:
        """Begin; `known` are the roots others have of it, by size."""
        self._log = log
        self._known = known
        self._far = None if store is None else FarTiles(log.engine, store)
        self._moved: list[int] = []
        """Of this chunk's bundles, those that are not in the table any more."""
        self._kept: set[int] = set()
        """Sizes that were signed for what is kept for resends."""
        self.roots: dict[int, bytes] = {}
        """Theirs, as the entries hash."""
        self.times: dict[int, int] = {}
        """When the last entry of each was logged, in ms."""
        with log.engine.connect() as connection:
            self.chains = CallChains(connection, earlier_logs(connection, log.head.origin))
        self._tree = GrowingTree(0, [])
        self._at = 0
        self._sound_size = 0
        self._suspicion: LogTampered | None = None

    def run(self, progress: Callable[[int], None] | None) -> None:
        """Hash every entry again and compare what it leads to."""
        number, size = self._log.head.number, self._log.head.size
        with self._log.engine.connect() as connection:
            self._kept = list_sizes(connection, number)
        for start in range(0, size, CHUNK_ENTRIES):
            end = min(start + CHUNK_ENTRIES, size)
            query = (
                select(entry.c.position, entry.c.leaf)
                .where(entry.c.position.between(position(number, start), position(number, end - 1)))
                .order_by(entry.c.position)
            )
            with self._log.engine.connect() as connection:
                rows = self._with_moved(start, end, connection.execute(query).all())
                self.chains.places.clear()
                events = self._add(start, end, rows)
                self._check_tiles(connection)
                self._check_indexes(connection, events)
            self._tree.settle()
            if progress is not None:
                progress(end)
        self._check_root(size, self._log.head.root, "root")
        if self._suspicion is not None:
            raise self._suspicion
        # The keys were chosen by it, so it is held even if the writer goes on.
        if self._log.head.at != self._at:
            raise LogTampered(
                "the head's time is not that of the last entry", what="head", **self._log.facts
            )

    def _with_moved(self, start: int, end: int, rows: Sequence[Any]) -> Sequence[Any]:
        """Return a chunk's rows together with those of the bundles that a store has."""
        self._moved = []
        if self._far is None or len(rows) == end - start:
            return rows
        number, first = self._log.head.number, position(self._log.head.number, 0)
        here = {(row.position - first) // WIDTH for row in rows}
        self._moved = [each for each in range(start // WIDTH, end // WIDTH) if each not in here]
        bundles = zip(self._moved, self._far.leaves(number, self._moved), strict=True)
        moved = [
            _Moved(first + each * WIDTH + at, leaf)
            for each, leaves in bundles
            for at, leaf in enumerate(leaves)
        ]
        return sorted([*moved, *rows], key=lambda row: row.position)

    def _add(self, start: int, end: int, rows: Sequence[Any]) -> dict[bytes, int]:
        """Take a chunk's entries into tree and chains; return their events."""
        first = position(self._log.head.number, 0)
        events = {}
        for index, row in zip_longest(range(start, end), rows):
            if row is None or row.position != first + index:
                raise LogTampered(
                    f"entry {index} is missing", what="leaf", index=index, **self._log.facts
                )
            hash_ = leaf_hash(row.leaf)
            self._tree.append(hash_)
            events[self._check_link(index, row.leaf, hash_)] = index
            if index + 1 in self._known:
                self._check_root(index + 1, self._known[index + 1], "anchor")
            if index + 1 in self._kept:
                self.roots[index + 1] = self._tree.edge().root
                self.times[index + 1] = self._at
        return events

    def _check_link(self, index: int, leaf: bytes, hash_: bytes) -> bytes:
        """Check number, link and time against the entries before; return the event's id."""
        try:
            members = orjson.loads(leaf)
            kind, at, event_id = members["type"], members["at"], bytes.fromhex(members["event"])
            known = members["v"] == VERSION and members.keys() == KINDS[kind]
            if at < self._at:
                self._suspect("leaf", f"entry {index} is older than the one before", index=index)
            self._at = max(at, self._at)
            wrong = self.chains.add(index, hash_, members) if known and kind == CALL else None
            if wrong is not None:
                self._suspect("leaf", wrong[1], index=wrong[0])
        except (ValueError, TypeError, KeyError):
            known, event_id = False, b""
        if not known:
            self._suspect("leaf", f"entry {index} is not a leaf", index=index)
        return event_id

    def _check_tiles(self, connection: Connection) -> None:
        """Compare the tiles this chunk changed with the stored ones."""
        # Lowest level first: a wrong leaf also shows in every tile above it.
        for level, number, hashes in sorted(self._tree.changed()):
            stored = self._stored(connection, level, number)
            if stored[: len(hashes)] == hashes:
                continue
            if level:
                raise LogTampered(
                    f"tile {level}/{number} does not hash from its leaves",
                    what="tile",
                    **self._log.facts,
                )
            self._blame(connection, number, hashes, stored)

    def _stored(self, connection: Connection, level: int, number: int) -> bytes:
        hashes = read_tile(connection, self._log.head.number, level, number)
        if not hashes and not level and self._far is not None and number in self._moved:
            return self._far.hashes(self._log.head.number, [number])[0]
        return hashes

    def _blame(self, connection: Connection, number: int, hashes: bytes, stored: bytes) -> None:
        """Say whether a leaf or its tile was changed: the tile above bears one of them out."""
        at = next(
            at
            for at in range(0, len(hashes), HASH_SIZE)
            if hashes[at : at + HASH_SIZE] != stored[at : at + HASH_SIZE]
        )
        index = number * WIDTH + at // HASH_SIZE
        if len(hashes) == WIDTH * HASH_SIZE:
            above = read_tile(connection, self._log.head.number, 1, number // WIDTH)
            above = above[number % WIDTH * HASH_SIZE :]
            held = above[:HASH_SIZE] == self._tree.tile(0, number).node(HEIGHT, 0)
        else:
            held = self._tree.edge().root == self._log.head.root
        if held:
            raise LogTampered(
                f"the hash of entry {index} was changed",
                what="tile",
                index=index,
                **self._log.facts,
            )
        raise LogTampered(
            f"entry {index} does not have the hash it was logged with",
            what="leaf",
            index=index,
            expected=stored[at : at + HASH_SIZE].hex(),
            found=hashes[at : at + HASH_SIZE].hex(),
            **self._log.facts,
        )

    def _check_indexes(self, connection: Connection, events: dict[bytes, int]) -> None:
        """Compare the indexes of events and calls with what the leaves say."""
        number, fresh = self._log.head.number, self._log.fresh(connection)
        for what, wrong in (
            ("event", find_unindexed_event(connection, number, events, fresh)),
            ("call", find_unindexed_call(connection, number, self.chains.places, fresh)),
        ):
            if wrong is not None:
                message = f"the {what} of entry {wrong} is not in the index"
                self._suspect("index", message, index=wrong)

    def _check_root(self, size: int, root: bytes, what: str) -> None:
        """Compare a root known for `size`; without a better clue, blame the entries since then."""
        found = self._tree.edge().root if size else EMPTY_ROOT
        if found == root:
            self._sound_size = size
            return
        self._suspect(
            what,
            f"entries {self._sound_size} to {size - 1} do not have the root known for size {size}",
            index=self._sound_size,
            expected=root.hex(),
            found=found.hex(),
        )

    def _suspect(self, what: str, message: str, **facts: object) -> None:
        """Remember what looks wrong while a later entry may still tell more exactly what is."""
        exact = what == "leaf"
        if self._suspicion is None or (exact and self._suspicion.facts["what"] != "leaf"):
            self._suspicion = LogTampered(message, what=what, **facts, **self._log.facts)
