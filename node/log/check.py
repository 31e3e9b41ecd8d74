"""A stored log hashed again from its entries and compared with everything that is known of it.

Compared are, from the bottom up: each leaf with its hash in the tiles, the numbers and links
between calls, the indexes, the tiles of every level, the counters, the kept answers, the head, its
signed checkpoint, and the roots that were published or anchored. Streams in chunks, each in a
transaction of its own: memory stays flat and the writer is not held up, for entries are only ever
added. What was moved to a store is read from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from node.errors import (
    CheckpointInvalid,
    InvalidInput,
    LogIncomplete,
    LogTampered,
    NotFound,
)
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.ids import (
    department_id,
    log_id,
    parse_origin,
)
from node.protocol.wire.leaf import CALL, KINDS, VERSION
from node.protocol.wire.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash

from ..storage.migrations import require_newest
from .batchrows import fresh_rows, list_sizes
from .checktables import (
    CallChains,
    find_headless,
    find_misfit,
    find_unindexed_call,
    find_unindexed_event,
    find_wrong_answer,
    find_wrong_batch,
)
from .fartiles import FarTiles
from .heads import earlier_logs
from .indexes import count_calls, gather
from .logpairs import find_signing
from .tables import (
    INDEX_BITS,
    entry,
    event,
    head,
    position,
)
from .tiles import read_tile
from .tree import HEIGHT, WIDTH, GrowingTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Engine, Row

    from .indexes import Fresh
    from .logpairs import LogPair
    from .tilestore import TileStore

CHUNK_ENTRIES = 16 * WIDTH
LOGS = 1 << 63 - INDEX_BITS
"""More logs than positions have room for."""


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """A log that is what its head says."""

    department: str
    """The code of the department the log belongs to."""
    size: int
    root: bytes
    is_head_proven: bool = True
    """Whether its keys or the chain vouch for the head; False: only a revoked key, or half a pair.

    A revoked key may be a thief's, and the time up to which it counts is the writer's word.
    """
    unverified: int = 0
    """Checkpoints, kept for resends or the head's, of which only the SM2 line was verified."""


def check_log(
    engine: Engine,
    log: bytes,
    *,
    anchored: Iterable[tuple[int, bytes]] = (),
    store: TileStore | None = None,
    pairs: Sequence[LogPair] = (),
    progress: Callable[[int], None] | None = None,
) -> CheckedLog:
    """Check one log whole; `anchored` are (size, root) pairs from the chain or from `published`.

    `pairs` are the keys that may have signed it, each while it was valid: with any, the signatures
    of the head and of whatever is kept for resends are checked too, 0.2 ms a commit of the last
    minutes.
    `progress` is told the entries done.

    Raises:
        LogTampered: the first thing found wrong; `facts` hold `what`, `log`, `department` (its
            code, once the head could be read) and, where an entry can be named, `index`.
        LogIncomplete: nothing is wrong with it as far as it goes, but more is anchored: a copy
            made without the `-wal` file, an old copy, or a log cut off; `facts` hold `log`, `size`
            and `anchored`. Or `store` lost a `tile`, which they name.
        LogUnavailable: the store does not answer.
        NotFound: no such log in this store.
        ConfigInvalid: another version of this program has written the file.
    """
    known = dict(anchored)
    try:
        row = _open_head(engine, log, known)
        run = _Check(engine, row, known, store, pairs)
        run.check_head()
        run.check_entries(progress)
        run.check_rest()
        if max(known, default=0) > row.size:
            raise _missing(log, row.size, known)
    except SQLAlchemyError as error:
        # A table is missing, a page is damaged, a text is not UTF-8: as it stands, no log at all.
        message = f"the file cannot be read as a log: {getattr(error, 'orig', error)}"
        raise LogTampered(message, what="file", log=log.hex()) from error
    return CheckedLog(run.code, row.size, row.root, run.is_head_proven, run.unverified)


def _open_head(engine: Engine, log: bytes, known: dict[int, bytes]) -> Row[Any]:
    """Return a log's head row; raises as `check_log` does where there is none to go on from."""
    with engine.connect() as connection:
        if not inspect(connection).get_table_names():
            raise _missing(log, 0, known)
        require_newest(connection, "log")
        misfit = find_misfit(connection)
        if misfit is not None:
            message = f"the table {misfit} holds a value that no log writes there"
            raise LogTampered(message, what="file", log=log.hex(), table=misfit)
        row = connection.execute(select(head).where(head.c.log == log)).one_or_none()
        if row is not None:
            return row
        if any(known) and find_headless(connection):
            message = f"{max(known)} entries are anchored, and the head over those here is gone"
            raise LogTampered(message, what="size", log=log.hex(), index=0)
    raise _missing(log, 0, known)


def _missing(log: bytes, size: int, known: dict[int, bytes]) -> LogIncomplete | NotFound:
    """Return what to say of a log that ends at `size`, given what is anchored of it."""
    anchored = max(known, default=0)
    if not anchored:
        return NotFound("no such log in this store", log=log.hex())
    return LogIncomplete(
        f"{anchored} entries are anchored, {size} are here, and those are sound; copy log.db "
        "together with log.db-wal, or while its node is stopped",
        log=log.hex(),
        size=size,
        anchored=anchored,
    )


class _Moved(NamedTuple):
    """An entry as its row was."""

    position: int
    leaf: bytes


class _Check:
    """One run over one log."""

    def __init__(
        self,
        engine: Engine,
        row: Row[Any],
        known: dict[int, bytes],
        store: TileStore | None = None,
        pairs: Sequence[LogPair] = (),
    ) -> None:
        self._engine = engine
        self._pairs = pairs
        self._far = None if store is None else FarTiles(engine, store)
        self._moved: list[int] = []
        """Of this chunk's bundles, those that are not in the table any more."""
        self._head = row
        self._known = known
        self._kept: set[int] = set()
        """Sizes that were signed for what is kept for resends."""
        self._roots: dict[int, bytes] = {}
        """Theirs, as the entries hash."""
        self._times: dict[int, int] = {}
        """When the last entry of each was logged, in ms."""
        self._tree = GrowingTree(0, [])
        self._at = 0
        self._sound_size = 0
        self._suspicion: LogTampered | None = None
        self.code = ""
        self.is_head_proven = True
        self.unverified = 0

    def check_head(self) -> None:
        """Compare the head row with its own checkpoint and with the sizes known to others."""
        row = self._head
        try:
            self.code = parse_origin(row.origin)[2]
            with self._engine.connect() as connection:
                self._chains = CallChains(connection, earlier_logs(connection, row.origin))
            signed = SignedCheckpoint.parse(row.checkpoint)
            self._verify_head(signed)
        except (InvalidInput, CheckpointInvalid) as error:
            raise self._tampered("checkpoint", f"the head's checkpoint: {error.message}") from error
        if not 0 <= row.indexed <= row.size:
            raise self._tampered("head", "the head's indexes go beyond its entries")
        if not 0 < row.number < LOGS:
            raise self._tampered("head", "the head's number is that of no log")
        if log_id(row.origin) != row.log or department_id(self.code) != row.department:
            raise self._tampered("head", "the head names another log or department")
        note = signed.checkpoint
        if (note.origin, note.size, note.root) != (row.origin, row.size, row.root):
            raise self._tampered("head", "the head is not what its checkpoint signs")

    def _verify_head(self, signed: SignedCheckpoint) -> None:
        """Verify the head's signatures; its time is held against its last entry's later on."""
        if not self._pairs:
            return
        size = self._head.size
        pair = find_signing(signed, self._pairs, self._head.at if size else None)
        self.unverified += pair.ed25519 is None
        # An anchored root holds whoever signed it.
        vouched = pair.ed25519 is not None and pair.revoked_at is None
        self.is_head_proven = vouched or not size or size in self._known

    def _verify_kept(self, signed: SignedCheckpoint) -> None:
        """Verify the signatures of a checkpoint that is kept for resends.

        Raises:
            CheckpointInvalid: they do not hold, or by keys that were not valid when it was signed.
        """
        if not self._pairs:
            return
        at = self._times.get(signed.checkpoint.size)
        if at is None:
            raise CheckpointInvalid("no commit ended at the size of a kept checkpoint")
        self.unverified += find_signing(signed, self._pairs, at).ed25519 is None

    def check_entries(self, progress: Callable[[int], None] | None) -> None:
        """Hash every entry again and compare what it leads to."""
        number, size = self._head.number, self._head.size
        with self._engine.connect() as connection:
            self._kept = list_sizes(connection, number)
        for start in range(0, size, CHUNK_ENTRIES):
            end = min(start + CHUNK_ENTRIES, size)
            query = (
                select(entry.c.position, entry.c.leaf)
                .where(entry.c.position.between(position(number, start), position(number, end - 1)))
                .order_by(entry.c.position)
            )
            with self._engine.connect() as connection:
                rows = self._with_moved(start, end, connection.execute(query).all())
                self._chains.places.clear()
                events = self._add(start, end, rows)
                self._check_tiles(connection)
                self._check_indexes(connection, events)
            self._tree.settle()
            if progress is not None:
                progress(end)
        self._check_root(size, self._head.root, "root")
        if self._suspicion is not None:
            raise self._suspicion
        # The keys were chosen by it, so it is held even if the writer goes on.
        if self._head.at != self._at:
            raise self._tampered("head", "the head's time is not that of the last entry")

    def _with_moved(self, start: int, end: int, rows: Sequence[Any]) -> Sequence[Any]:
        """Return a chunk's rows together with those of the bundles that a store has."""
        self._moved = []
        if self._far is None or len(rows) == end - start:
            return rows
        number, first = self._head.number, position(self._head.number, 0)
        here = {(row.position - first) // WIDTH for row in rows}
        self._moved = [each for each in range(start // WIDTH, end // WIDTH) if each not in here]
        bundles = zip(self._moved, self._far.leaves(number, self._moved), strict=True)
        moved = [
            _Moved(first + each * WIDTH + at, leaf)
            for each, leaves in bundles
            for at, leaf in enumerate(leaves)
        ]
        return sorted([*moved, *rows], key=lambda row: row.position)

    def check_rest(self) -> None:
        """Compare counters, and look for rows that belong to no entry."""
        number, size = self._head.number, self._head.size
        with self._engine.connect() as connection:
            wrong_counter = self._chains.find_wrong_counter(connection, number)
            calls = count_calls(connection, number)
            newest = connection.scalar(select(head.c.size).where(head.c.number == number))
            events = connection.scalar(select(func.count()).where(event.c.log == number))
            fresh = self._fresh(connection)
            origin, verify = self._head.origin, self._verify_kept
            wrong_batch = find_wrong_batch(connection, number, origin, self._roots, verify)
            wrong_answer = find_wrong_answer(connection, number)
        if newest != size:
            # The writer went on meanwhile: these tables already speak of later entries.
            return
        if wrong_counter is not None:
            raise self._tampered(
                "counter",
                f"the counter of authorisation {wrong_counter} is not that of its entries",
                authorisation=wrong_counter,
            )
        indexed = calls + len(fresh.calls), (events or 0) + len(fresh.events)
        if indexed != (self._chains.numbered, size):
            raise self._tampered("index", "the indexes of calls or events have other rows")
        if wrong_batch is not None:
            raise self._tampered(
                "batch",
                f"what is kept for resends of entry {wrong_batch} is not its commit's",
                index=wrong_batch,
            )
        if wrong_answer is not None:
            raise self._tampered(
                "answer",
                f"the answer kept for entry {wrong_answer} is not its own",
                index=wrong_answer,
            )

    def _add(self, start: int, end: int, rows: Sequence[Any]) -> dict[bytes, int]:
        """Take a chunk's entries into tree and chains; return their events."""
        first = position(self._head.number, 0)
        events = {}
        for index, row in zip_longest(range(start, end), rows):
            if row is None or row.position != first + index:
                raise self._tampered("leaf", f"entry {index} is missing", index=index)
            hash_ = leaf_hash(row.leaf)
            self._tree.append(hash_)
            events[self._check_link(index, row.leaf, hash_)] = index
            if index + 1 in self._known:
                self._check_root(index + 1, self._known[index + 1], "anchor")
            if index + 1 in self._kept:
                self._roots[index + 1] = self._tree.edge().root
                self._times[index + 1] = self._at
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
            wrong = self._chains.add(index, hash_, members) if known and kind == CALL else None
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
                raise self._tampered("tile", f"tile {level}/{number} does not hash from its leaves")
            self._blame(connection, number, hashes, stored)

    def _stored(self, connection: Connection, level: int, number: int) -> bytes:
        hashes = read_tile(connection, self._head.number, level, number)
        if not hashes and not level and self._far is not None and number in self._moved:
            return self._far.hashes(self._head.number, [number])[0]
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
            above = read_tile(connection, self._head.number, 1, number // WIDTH)
            above = above[number % WIDTH * HASH_SIZE :]
            held = above[:HASH_SIZE] == self._tree.tile(0, number).node(HEIGHT, 0)
        else:
            held = self._tree.edge().root == self._head.root
        if held:
            raise self._tampered("tile", f"the hash of entry {index} was changed", index=index)
        raise self._tampered(
            "leaf",
            f"entry {index} does not have the hash it was logged with",
            index=index,
            expected=stored[at : at + HASH_SIZE].hex(),
            found=hashes[at : at + HASH_SIZE].hex(),
        )

    def _check_indexes(self, connection: Connection, events: dict[bytes, int]) -> None:
        """Compare the indexes of events and calls with what the leaves say."""
        number, fresh = self._head.number, self._fresh(connection)
        for what, wrong in (
            ("event", find_unindexed_event(connection, number, events, fresh)),
            ("call", find_unindexed_call(connection, number, self._chains.places, fresh)),
        ):
            if wrong is not None:
                message = f"the {what} of entry {wrong} is not in the index"
                self._suspect("index", message, index=wrong)

    def _fresh(self, connection: Connection) -> Fresh:
        """Return what the indexes do not have as this transaction sees them."""
        try:
            return gather(0, fresh_rows(connection, self._head.number))
        except LogTampered as error:
            raise self._tampered("index", error.message) from error

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
            self._suspicion = self._tampered(what, message, **facts)

    def _tampered(self, what: str, message: str, **facts: object) -> LogTampered:
        return LogTampered(
            message, what=what, log=self._head.log.hex(), department=self.code, **facts
        )
