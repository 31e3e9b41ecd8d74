"""The tiles of stored trees: reading and writing rows of the table `tile`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from node.errors import LogTampered

from ..storage.bulk import insert_rows
from .tables import tile as table
from .tree import (
    HASH_BYTES,
    HEIGHT,
    WIDTH,
    Tile,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from .tree import TileSource

_INSERT = insert(table)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=["log", "level", "number"], set_={"hashes": _INSERT.excluded.hashes}
)


def load_tile(connection: Connection, log_number: int, level: int, number: int, width: int) -> Tile:
    """Read a tile that holds at least `width` hashes.

    Raises:
        LogTampered: the store does not have them.
    """
    hashes = connection.scalar(
        select(table.c.hashes).where(
            table.c.log == log_number,
            table.c.level == level,
            table.c.number == number,
        )
    )
    if hashes is None or len(hashes) < width * HASH_BYTES:
        raise LogTampered(f"tile {level}/{number} has fewer than {width} hashes", what="tile")
    return Tile(hashes)


def tiles_through(connection: Connection, log_number: int, size: int) -> TileSource:
    """Return the tiles of a tree read, once each, through a connection that is already open."""

    @cache
    def get(level: int, number: int) -> Tile:
        return load_tile(connection, log_number, level, number, width_of(size, level, number))

    return get


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
