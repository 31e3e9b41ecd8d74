"""Full tiles of the logs of one database, read back from a store: none leaves here unchecked.

A log's prefix there is what its origin ends with, as over HTTP; below it the paths are those of
C2SP tlog-tiles. The hashes above the leaves' tiles stay in the database, a byte for eight entries:
each tile and each bundle of entries is held against the one hash above it.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sqlalchemy import select

from node.errors import LogIncomplete, LogTampered
from node.protocol.wire.ids import parse_origin
from node.protocol.wire.leaf import LIMIT
from node.protocol.wire.merkle import HASH_SIZE, leaf_hash

from .tables import head
from .tiles import read_hashes
from .tilestore import AT_ONCE, tile_path
from .tree import HEIGHT, WIDTH, Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Engine

    from .tilestore import TileStore

ENTRIES = "entries"
LENGTH_BYTES = 2
TILE_BYTES = WIDTH * HASH_SIZE
BUNDLE_BYTES = WIDTH * (LENGTH_BYTES + LIMIT)
KEPT_BUNDLES = 16

T = TypeVar("T")
Leaves: TypeAlias = tuple[bytes, ...]


class FarTiles:
    """Reads what was taken out of one database; for any number of threads."""

    def __init__(self, engine: Engine, store: TileStore) -> None:
        """Read from `store` what `engine`, a log.db, has the hashes above of."""
        self._engine, self._store = engine, store
        self._kept: OrderedDict[tuple[int, int], Leaves] = OrderedDict()
        self._lock = Lock()

    def hashes(self, log_number: int, numbers: Sequence[int]) -> list[bytes]:
        """Return full tiles of leaf hashes by their numbers.

        Raises:
            LogIncomplete: one is not in the store; `facts` name it, here and below.
            LogTampered: one is another.
            LogUnavailable: the store does not answer.
        """
        return self._read(log_number, numbers, 0, TILE_BYTES, _right_tile)

    def leaves(self, log_number: int, numbers: Sequence[int]) -> list[Leaves]:
        """Return the 256 leaves of each of some bundles; raises as `hashes`."""
        with self._lock:
            found = {each: self._kept.get((log_number, each)) for each in numbers}
        missing = [number for number, kept in found.items() if kept is None]
        read = self._read(log_number, missing, ENTRIES, BUNDLE_BYTES, _right_bundle)
        found |= dict(zip(missing, read, strict=True))
        with self._lock:
            for number, leaves in found.items():
                self._kept[log_number, number] = leaves or ()
                self._kept.move_to_end((log_number, number))
            while len(self._kept) > KEPT_BUNDLES:
                self._kept.popitem(last=False)
        return [found[number] or () for number in numbers]

    def check(self, log_number: int, numbers: Sequence[int]) -> None:
        """Read tiles and bundles anew, keeping none; raises as `hashes`."""
        self.hashes(log_number, numbers)
        self._read(log_number, numbers, ENTRIES, BUNDLE_BYTES, _right_bundle)

    def _read(
        self,
        log_number: int,
        numbers: Sequence[int],
        level: int | str,
        limit: int,
        parse: Callable[[bytes, bytes], T | None],
    ) -> list[T]:
        found: list[T] = []
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            prefix, above = self._known(log_number, some)
            paths = [f"{prefix}/{tile_path(level, number)}" for number in some]
            answers = self._store.get(paths, limit)
            for path, data, root in zip(paths, answers, above, strict=True):
                found.append(self._checked(path, data, root, parse))
        return found

    def _checked(
        self, path: str, data: bytes | None, root: bytes, parse: Callable[[bytes, bytes], T | None]
    ) -> T:
        facts = {"what": "stored", "tile": path, "store": self._store.url}
        if data is None:
            raise LogIncomplete(f"tile {path} is not in the tile store {self._store.url}", **facts)
        parsed = parse(data, root)
        if parsed is None:
            raise LogTampered(
                f"tile {path} in the tile store {self._store.url} does not have the hash the log "
                "has of it",
                **facts,
            )
        return parsed

    def _known(self, log_number: int, numbers: Sequence[int]) -> tuple[str, list[bytes]]:
        """Return a log's prefix in the store, and the hash above each of some tiles."""
        with self._engine.connect() as connection:
            origin: str = connection.execute(
                select(head.c.origin).where(head.c.number == log_number)
            ).scalar_one()
            above = [hash_above(connection, log_number, number) for number in numbers]
        return prefix_of(origin), above


def hash_above(connection: Connection, log_number: int, number: int) -> bytes:
    """Return the hash of a full tile of leaf hashes, from the tile above it.

    Raises:
        LogTampered: there is none.
    """
    parent, place = divmod(number, WIDTH)
    hashes = read_hashes(connection, log_number, 1, parent, place + 1)
    return hashes[place * HASH_SIZE :][:HASH_SIZE]


def prefix_of(origin: str) -> str:
    """Return what a log's origin ends with: its department's code, and a later one's generation."""
    *_, code, generation = parse_origin(origin)
    return code if generation == 1 else f"{code}:{generation}"


def render_bundle(leaves: Iterable[bytes]) -> bytes:
    """Return entries as C2SP tlog-tiles bundles them: each behind its length in two bytes."""
    return b"".join(part for leaf in leaves for part in (len(leaf).to_bytes(LENGTH_BYTES), leaf))


def _right_tile(hashes: bytes, root: bytes) -> bytes | None:
    """Return a full tile, or None when it does not hash to `root`."""
    right = len(hashes) == TILE_BYTES and Tile(hashes).node(HEIGHT, 0) == root
    return hashes if right else None


def _right_bundle(bundle: bytes, root: bytes) -> Leaves | None:
    """Return the leaves of a full bundle, or None when they do not hash to `root`."""
    leaves: list[bytes] = []
    place = 0
    while place < len(bundle) and len(leaves) < WIDTH:
        end = place + LENGTH_BYTES + int.from_bytes(bundle[place : place + LENGTH_BYTES])
        leaves.append(bundle[place + LENGTH_BYTES : end])
        place = end
    if place != len(bundle) or _right_tile(b"".join(map(leaf_hash, leaves)), root) is None:
        return None
    return tuple(leaves)
