"""Full tiles and bundles of entries go to a store, are read back, and then may leave the tables.

Written is what a published checkpoint covers, oldest first. How far a log has come stands in
`node.db` and moves only once its tiles were read back and are what the tree says; whoever is
killed before that finds them there and goes on. Nothing there is ever overwritten. Entries and
hashes of leaves are taken out of the tables only where the settings say so, and only after the
store was asked for them once more: readers then have them from there (`fartiles`). What leads to
them stays: the index of events, the calls, the hashes above, the requests. So does what is not
anchored: a node starts and anchors while the store is away.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from node.errors import LedgerError, LogTampered
from node.protocol.wire.merkle import HASH_SIZE, leaf_hash

from ..storage.dialects import Whole, insert
from ..storage.engines import READING
from .fartiles import (
    BUNDLE_BYTES,
    ENTRIES,
    TILE_BYTES,
    prefix_of,
    render_bundle,
)
from .published import last_published
from .tables import batch, entry, head, position, tile
from .tilestore import AT_ONCE, tile_path
from .tree import HEIGHT, WIDTH, Tile

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from .reader import LogReader
    from .tilestore import TileStore

logger = logging.getLogger(__name__)

LOOK_SECONDS, PAUSE_SECONDS = 5.0, 0.05
"""Between two looks, and between two steps of what has much to do."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 300.0
"""After a failure."""
MOVED_AT_ONCE: Final = 4
"""Bundles taken out of the tables in one transaction: calls wait for it, some milliseconds."""

metadata = MetaData()

archived = Table(
    "archived",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("store", Text, primary_key=True),
    Column("size", Whole, nullable=False),
    Column("moved", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""How many leaves of a log a store has, by its address; of these, how many the tables have not."""

_PUT = insert(archived)
_PUT = _PUT.on_conflict_do_update(
    index_elements=["log", "store"],
    set_={name: _PUT.excluded[name] for name in ("size", "moved")},
)


class Archived(NamedTuple):
    """How far a log is in a store, in leaves; both are whole tiles."""

    size: int
    """The store has so many."""
    moved: int
    """Of these, the tables have not the first ones any more."""


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """How the loop fares; read from other threads."""

    failures: int = 0
    """Rounds that failed in a row; 0 when all is well."""
    error: str | None = None
    """Code of what the last of them met."""


def find_archived(engine: Engine, store: str) -> dict[bytes, Archived]:
    """Return how far each log of a `node.db` is in a store, by its address."""
    query = select(archived.c.log, archived.c.size, archived.c.moved)
    with engine.execution_options(**READING).connect() as connection:
        rows = connection.execute(query.where(archived.c.store == store))
        return {log: Archived(size, moved) for log, size, moved in rows}


class Archivist:
    """Brings the logs of one store of tables to a store of tiles; one loop of the node."""

    def __init__(
        self,
        engine: Engine,
        memory: Engine,
        reader: LogReader,
        store: TileStore,
        *,
        anchored: Callable[[bytes], int],
        local_entries: int | None = None,
    ) -> None:
        """Take the engine of `log.db`, which may write, and that of `node.db`.

        `reader` reads what `store` has from there. Of each log `local_entries` stay in the tables;
        None: all do. `anchored` tells how many leaves of a log the chain knows.
        """
        self._engine, self._memory, self._reader = engine, memory, reader
        self._store, self._local_entries = store, local_entries
        self._anchored = anchored
        self._status = ArchiveStatus()

    @property
    def status(self) -> ArchiveStatus:
        return self._status

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set; what cannot be written now holds no call up."""
        pause = 0.0
        while not stop.wait(pause):
            pause = self.run_once()

    def run_once(self) -> float:
        """Take a step with each log; return after how many seconds to take the next."""
        more, failed = False, None
        for log, origin in self._reader.logs():
            try:
                more |= self._advance(log, prefix_of(origin))
            except (LedgerError, SQLAlchemyError) as error:
                # One log's wrong tile is not another's; of a store that is away all hear.
                failed = failed or error
                text = "日志归档到 %s 未成，稍后再试 / not archived: %s"
                logger.warning(text, self._store.url, error)
        if failed is None:
            self._status = ArchiveStatus()
            return PAUSE_SECONDS if more else LOOK_SECONDS
        code = failed.code if isinstance(failed, LedgerError) else type(failed).__name__
        failures = self._status.failures + 1
        self._status = ArchiveStatus(failures, code)
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE_SECONDS)

    def _advance(self, log: bytes, prefix: str) -> bool:
        """Write the next tiles of a log, or take out the next; tell whether there is more to do."""
        shown = last_published(self._memory, log)
        whole = shown.size // WIDTH * WIDTH if shown else 0
        done = find_archived(self._memory, self._store.url).get(log, Archived(0, 0))
        if done.size < whole:
            if done.size:
                # Where a disk should be mounted an empty folder lies: it must not be begun anew.
                self._reader.check_stored(log, [done.size // WIDTH - 1])
            end = min(whole, done.size + AT_ONCE * WIDTH)
            self._write(log, prefix, done.size // WIDTH, end // WIDTH)
            self._mark(log, Archived(end, done.moved))
            return True
        if self._local_entries is None:
            return False
        # The last tile of the anchored tree stays: the next anchor's proof, and the look at the
        # chain before a node starts, begin there and must not wait for the store.
        anchored = self._anchored(log)
        most = min(done.size, whole - self._local_entries, self._first_recent(log), anchored)
        floor = most // WIDTH * WIDTH
        if done.moved >= floor:
            return False
        end = min(floor, done.moved + MOVED_AT_ONCE * WIDTH)
        self._take_out(log, done.moved // WIDTH, end // WIDTH)
        # After the rows have gone: whoever dies in between takes out nothing, once more.
        self._mark(log, Archived(done.size, end))
        return True

    def _write(self, log: bytes, prefix: str, first: int, end: int) -> None:
        """Bring some bundles, their tiles, and the tiles these fill to the store."""
        hashes: dict[str, bytes] = {}
        bundles: dict[str, bytes] = {}
        for number in range(first, end):
            leaves = self._reader.entries(log, number * WIDTH, WIDTH)
            bundles[f"{prefix}/{tile_path(ENTRIES, number)}"] = render_bundle(leaves)
            for level, filled in _filled(number):
                hashes[f"{prefix}/{tile_path(level, filled)}"] = self._sound(log, level, filled)
            own = hashes[f"{prefix}/{tile_path(0, number)}"]
            if b"".join(map(leaf_hash, leaves)) != own:
                raise LogTampered(f"tile {0}/{number} does not hash from its leaves", what="tile")
        self._ensure(bundles, BUNDLE_BYTES, private=True)
        self._ensure(hashes, TILE_BYTES, private=False)
        # Those found there, too: the names they have may not be on the disk, and rows are deleted.
        self._store.settle([*bundles, *hashes])

    def _sound(self, log: bytes, level: int, number: int) -> bytes:
        """Return a full tile, if the one above it has its hash."""
        hashes = self._reader.tile(log, level, number, WIDTH)
        parent, place = divmod(number, WIDTH)
        above = self._reader.tile(log, level + 1, parent, place + 1)[-HASH_SIZE:]
        if Tile(hashes).node(HEIGHT, 0) != above:
            raise LogTampered(
                f"tile {level}/{number} does not have the hash that is above it", what="tile"
            )
        return hashes

    def _ensure(self, tiles: Mapping[str, bytes], limit: int, *, private: bool) -> None:
        """Write what the store has not, and read it back."""
        missing = self._missing(tiles, limit)
        if not missing:
            return
        self._store.put({path: tiles[path] for path in missing}, private=private)
        lost = self._missing({path: tiles[path] for path in missing}, limit)
        if lost:
            raise LogTampered(
                f"tile {lost[0]} was written to the tile store and is not there",
                what="stored",
                tile=lost[0],
            )

    def _missing(self, tiles: Mapping[str, bytes], limit: int) -> list[str]:
        """Return which tiles the store has not.

        Raises:
            LogTampered: it has one with other bytes, which is left as it is.
        """
        paths = list(tiles)
        there = dict(zip(paths, self._store.get(paths, limit), strict=True))
        for path, data in there.items():
            if data not in {None, tiles[path]}:
                raise LogTampered(
                    f"tile {path} in the tile store is not this log's; it is not overwritten: look "
                    "who else writes there",
                    what="stored",
                    tile=path,
                )
        return [path for path in paths if there[path] is None]

    def _take_out(self, log: bytes, first: int, end: int) -> None:
        """Take entries and hashes of leaves out of the tables, if the store has them now."""
        # Before the transaction, for which calls wait: the store may take its time.
        self._reader.check_stored(log, range(first, end))
        place, number = entry.c.position, tile.c.number
        with self._engine.begin() as connection:
            its: int = connection.execute(
                select(head.c.number).where(head.c.log == log)
            ).scalar_one()
            low, high = position(its, first * WIDTH), position(its, end * WIDTH)
            connection.execute(delete(entry).where(place >= low, place < high))
            # In one transaction: where the entry is missing, nobody looks for its tile here.
            connection.execute(
                delete(tile).where(
                    tile.c.log == its, tile.c.level == 0, number >= first, number < end
                )
            )

    def _first_recent(self, log: bytes) -> int:
        """Return the index of the first entry whose call may come again and be answered as before.

        A commit looks for such an entry in the table, and waits for no store.
        """
        with self._engine.execution_options(**READING).connect() as connection:
            number, size = connection.execute(
                select(head.c.number, head.c.size).where(head.c.log == log)
            ).one()
            first, end = position(number, 0), position(number + 1, 0)
            place = batch.c.position
            found: int | None = connection.scalar(
                select(func.min(place)).where(place >= first, place < end)
            )
        return size if found is None else found - first

    def _mark(self, log: bytes, done: Archived) -> None:
        with self._memory.begin() as connection:
            connection.execute(_PUT, {"log": log, "store": self._store.url, **done._asdict()})


def _filled(number: int) -> list[tuple[int, int]]:
    """Return (level, number) of the tiles that are full once tile `number` of leaf hashes is."""
    found = [(0, number)]
    while (number + 1) % WIDTH == 0:
        number //= WIDTH
        found.append((len(found), number))
    return found
