"""Proofs and roots of stored logs at any size up to their head.

Full tiles never change and are cached expanded (16 KiB each); of partial ones the widest seen of
each level is kept. Safe to use from several threads: every cached value is immutable or replaced
whole.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from .tiles import load_tile, width_of
from .tree import (
    WIDTH,
    Edge,
    get_consistency,
    get_path,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from .tree import Tile, TileSource

CACHED_TILES = 2048
CACHED_EDGES = 1024


class Proofs:
    """Proof maker over the tiles of one `log.db`; sizes are the caller's to check."""

    def __init__(self, engine: Engine, *, cached_tiles: int = CACHED_TILES) -> None:
        """Read through an engine, read-only best, so that proofs never wait for the writer."""
        self._engine = engine
        self._full = lru_cache(cached_tiles)(self._load_full)
        self._partial: dict[tuple[int, int], tuple[int, Tile]] = {}
        self._edge = lru_cache(CACHED_EDGES)(self._make_edge)

    def root_at(self, log_number: int, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        return self._edge(log_number, size).root

    def inclusion(self, log_number: int, index: int, size: int) -> list[bytes]:
        """Return the audit path of leaf `index` in the tree of `size` leaves."""
        return get_path(self._tiles(log_number, size), self._edge(log_number, size), index)

    def consistency(self, log_number: int, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `size` leaves extends that of `old_size`."""
        tiles = self._tiles(log_number, size)
        return get_consistency(tiles, self._edge(log_number, size), old_size)

    def _make_edge(self, log_number: int, size: int) -> Edge:
        return Edge(size, self._tiles(log_number, size))

    def _tiles(self, log_number: int, size: int) -> TileSource:
        def get(level: int, number: int) -> Tile:
            width = width_of(size, level, number)
            if width == WIDTH:
                return self._full(log_number, level, number)
            return self._get_partial(log_number, level, number, width)

        return get

    def _load_full(self, log_number: int, level: int, number: int) -> Tile:
        with self._engine.connect() as connection:
            return load_tile(connection, log_number, level, number, WIDTH)

    def _get_partial(self, log_number: int, level: int, number: int, width: int) -> Tile:
        kept = self._partial.get((log_number, level))
        if kept is not None and kept[0] == number and kept[1].width >= width:
            return kept[1]
        with self._engine.connect() as connection:
            tile = load_tile(connection, log_number, level, number, width)
        if kept is None or kept[0] <= number:
            self._partial[log_number, level] = (number, tile)
        return tile
