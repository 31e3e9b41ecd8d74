"""The tiles of stored trees, rows of the table `tile`, and proofs from them at any size."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from node.errors import LogTampered
from node.protocol.wire.merkle import HASH_SIZE

from ..storage.bulk import insert_rows
from ..storage.dialects import insert
from .tables import tile as table
from .tree import (
    HEIGHT,
    WIDTH,
    Edge,
    Tile,
    get_consistency,
    get_path,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from .fartiles import FarTiles
    from .tree import TileSource

CACHED_TILES = 2048
CACHED_EDGES = 1024

_INSERT = insert(table)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=["log", "level", "number"], set_={"hashes": _INSERT.excluded.hashes}
)


def read_tile(connection: Connection, log_number: int, level: int, number: int) -> bytes:
    """Return the stored hashes of a tile; nothing when there is none."""
    query = select(table.c.hashes).where(
        table.c.log == log_number, table.c.level == level, table.c.number == number
    )
    hashes: bytes | None = connection.scalar(query)
    return hashes or b""


def read_tiles(
    connection: Connection, log_number: int, first: int, count: int
) -> list[tuple[int, bytes]]:
    """Return the tiles of leaf hashes there are of `count` from a number on, by number."""
    number = table.c.number
    among = (number >= first) & (number < first + count)
    query = select(number, table.c.hashes).where(table.c.log == log_number, table.c.level == 0)
    return [tuple(row) for row in connection.execute(query.where(among).order_by(number))]


def read_hashes(
    connection: Connection, log_number: int, level: int, number: int, width: int
) -> bytes:
    """Return the stored hashes of a tile, at least `width` of them.

    Raises:
        LogTampered: the store does not have them.
    """
    hashes = read_tile(connection, log_number, level, number)
    if len(hashes) < width * HASH_SIZE:
        raise LogTampered(f"tile {level}/{number} has fewer than {width} hashes", what="tile")
    return hashes


def load_tile(connection: Connection, log_number: int, level: int, number: int, width: int) -> Tile:
    """Return a tile of at least `width` hashes with all nodes above them; raises as they do."""
    return Tile(read_hashes(connection, log_number, level, number, width))


def tiles_through(
    connection: Connection, log_number: int, size: int, far: FarTiles | None = None
) -> TileSource:
    """Return the tiles of a tree read, once each, through a connection that is already open."""

    @cache
    def get(level: int, number: int) -> Tile:
        width = width_of(size, level, number)
        return find_tile(connection, log_number, level, number, width, far)

    return get


def find_tile(  # noqa: PLR0917 - a tile's place, and where it may be
    connection: Connection,
    log_number: int,
    level: int,
    number: int,
    width: int,
    far: FarTiles | None,
) -> Tile:
    """Return a tile of at least `width` hashes: from the table, or from the store it was moved to.

    Moved are full ones of leaf hashes. To smaller trees they are partial, and answer all the same.

    Raises:
        LogTampered: neither has it, or not so many hashes, or the store another.
        LogIncomplete, LogUnavailable: the store lost it, or does not answer.
    """
    if far is None or level:
        return load_tile(connection, log_number, level, number, width)
    hashes = read_tile(connection, log_number, level, number)
    if 0 < len(hashes) < width * HASH_SIZE:
        raise LogTampered(f"tile {level}/{number} has fewer than {width} hashes", what="tile")
    return Tile(hashes or far.hashes(log_number, [number])[0])


def width_of(size: int, level: int, number: int) -> int:
    """Return how many hashes a tile has in the tree of `size` leaves."""
    return min(WIDTH, (size >> HEIGHT * level) - number * WIDTH)


def store_tiles(
    connection: Connection, log_number: int, changed: Sequence[tuple[int, int, bytes]]
) -> None:
    """Write tiles given as (level, number, hashes); a partial one is overwritten by its successor.

    Overwriting loses nothing: the hashes a tile had stay its first ones.
    """
    rows = [(log_number, level, number, hashes) for level, number, hashes in changed]
    insert_rows(connection, _PUT, rows)


class Proofs:
    """Proof maker over the tiles of one `log.db`; sizes are the caller's to check.

    Full tiles never change and are cached expanded (16 KiB each); of partial ones the widest seen
    of each level's last is kept. For any number of threads: every cached value is immutable or
    replaced whole.
    """

    def __init__(
        self, engine: Engine, far: FarTiles | None = None, *, cached_tiles: int = CACHED_TILES
    ) -> None:
        """Read through an engine, read-only best, so that proofs never wait for the writer.

        Tiles that are not there any more are read from `far`.
        """
        self._engine, self._far = engine, far
        self._full = lru_cache(cached_tiles)(self._load_full)
        self._partial: dict[tuple[int, int], tuple[int, Tile]] = {}
        self._edge = lru_cache(CACHED_EDGES)(
            lambda log_number, size: Edge(size, self._tiles(log_number, size))
        )

    def root_at(self, log_number: int, size: int) -> bytes:
        return self._edge(log_number, size).root

    def inclusion(self, log_number: int, index: int, size: int) -> list[bytes]:
        return get_path(self._tiles(log_number, size), self._edge(log_number, size), index)

    def consistency(self, log_number: int, old_size: int, size: int) -> list[bytes]:
        tiles = self._tiles(log_number, size)
        return get_consistency(tiles, self._edge(log_number, size), old_size)

    def _tiles(self, log_number: int, size: int) -> TileSource:
        def get(level: int, number: int) -> Tile:
            width = width_of(size, level, number)
            if width == WIDTH:
                return self._full(log_number, level, number)
            return self._get_partial(log_number, level, number, width)

        return get

    def _load_full(self, log_number: int, level: int, number: int) -> Tile:
        with self._engine.connect() as connection:
            return find_tile(connection, log_number, level, number, WIDTH, self._far)

    def _get_partial(self, log_number: int, level: int, number: int, width: int) -> Tile:
        kept = self._partial.get((log_number, level))
        if kept is not None:
            if kept[0] == number and kept[1].width >= width:
                return kept[1]
            if kept[0] > number:  # another tile follows, so this one has been filled since
                return self._full(log_number, level, number)
        with self._engine.connect() as connection:
            tile = find_tile(connection, log_number, level, number, width, self._far)
        self._partial[log_number, level] = (number, tile)
        return tile
