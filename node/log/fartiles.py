"""Full tiles of the logs of one database, read back from a store: none leaves here unchecked.

A log's prefix there is what its origin ends with, as over HTTP; below it the paths are those of
C2SP tlog-tiles. The hashes above the leaves' tiles stay in the database, a byte for eight entries:
each tile and each bundle of entries is held against the one hash above it.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from sqlalchemy import select

from node.errors import LogIncomplete, LogTampered, LogUnavailable, Overloaded
from node.protocol.wire.ids import parse_origin
from node.protocol.wire.leaf import LIMIT
from node.protocol.wire.merkle import HASH_SIZE, leaf_hash

from .tables import head
from .tiles import read_hashes
from .tilestore import AT_ONCE, tile_path
from .tree import HEIGHT, WIDTH, Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from sqlalchemy import Connection, Engine

    from .tilestore import TileStore

logger = logging.getLogger(__name__)

ENTRIES = "entries"
LENGTH_BYTES = 2
TILE_BYTES = WIDTH * HASH_SIZE
BUNDLE_BYTES = WIDTH * (LENGTH_BYTES + LIMIT)
READERS_ABREAST: Final = 2
"""Threads that may wait for a store; from where these are, calls and officers are served, too."""
AWAY_SECONDS: Final = 2.0
"""How long nobody asks a store again that did not answer."""

T = TypeVar("T")
Leaves: TypeAlias = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """One of the two things a store has of each 256 entries."""

    level: int | str
    limit: int
    """Bytes of one."""
    most: int
    """So many are kept in memory."""
    parse: Callable[[bytes, bytes], T | None]


class FarTiles:
    """Reads what was taken out of one database; for any number of threads, few of which wait."""

    def __init__(
        self, engine: Engine, store: TileStore, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read from `store` what `engine`, a log.db, has the hashes above of."""
        self._engine, self._store, self._clock = engine, store, clock
        self._kept: dict[int | str, OrderedDict[tuple[int, int], Any]] = {
            kind.level: OrderedDict() for kind in (HASHES, BUNDLES)
        }
        self._lock = Lock()
        self._turns = BoundedSemaphore(READERS_ABREAST)
        self._away_until = -1.0

    def hashes(self, log_number: int, numbers: Sequence[int]) -> list[bytes]:
        """Return full tiles of leaf hashes by their numbers.

        Raises:
            LogIncomplete: one is not in the store; `facts` name it, here and below.
            LogTampered: one is another.
            LogUnavailable: the store does not answer, or did not a moment ago.
            Overloaded: others wait for it.
        """
        return self._find(HASHES, log_number, numbers)

    def leaves(self, log_number: int, numbers: Sequence[int]) -> list[Leaves]:
        """Return the 256 leaves of each of some bundles; raises as `hashes`."""
        return self._find(BUNDLES, log_number, numbers)

    def check(self, log_number: int, numbers: Sequence[int]) -> None:
        """Read tiles and bundles anew, keeping none; whoever else waits.

        Raises:
            LogIncomplete, LogTampered, LogUnavailable: as `hashes`.
        """
        self._read(HASHES, log_number, numbers)
        self._read(BUNDLES, log_number, numbers)

    def _find(self, kind: _Kind[T], log_number: int, numbers: Sequence[int]) -> list[T]:
        kept: OrderedDict[tuple[int, int], T] = self._kept[kind.level]
        with self._lock:
            found = {n: kept[log_number, n] for n in numbers if (log_number, n) in kept}
        missing = [number for number in numbers if number not in found]
        if missing:
            with self._turn():
                read = self._read(kind, log_number, missing)
            found |= zip(missing, read, strict=True)
        with self._lock:
            for number, parsed in found.items():
                kept[log_number, number] = parsed
                kept.move_to_end((log_number, number))
            while len(kept) > kind.most:
                kept.popitem(last=False)
        return [found[number] for number in numbers]

    @contextmanager
    def _turn(self) -> Generator[None]:
        """Let few wait for the store, and nobody soon after it did not answer.

        A store that hangs takes its time to be known as such; strangers' questions and old calls
        sent again must not fill every thread until then.
        """
        if self._clock() < self._away_until:
            raise LogUnavailable("the tile store did not answer a moment ago")
        if not self._turns.acquire(blocking=False):
            raise Overloaded("others are waiting for the tile store already")
        try:
            yield
        except LogUnavailable as error:
            self._away_until = self._clock() + AWAY_SECONDS
            logger.warning("归档处 %s 没有应答 / is away: %s", self._store.url, error)
            raise
        finally:
            self._turns.release()

    def _read(self, kind: _Kind[T], log_number: int, numbers: Sequence[int]) -> list[T]:
        found: list[T] = []
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            prefix, above = self._known(log_number, some)
            paths = [f"{prefix}/{tile_path(kind.level, number)}" for number in some]
            answers = self._store.get(paths, kind.limit)
            for path, data, root in zip(paths, answers, above, strict=True):
                found.append(self._checked(path, data, root, kind.parse))
        return found

    def _checked(
        self, path: str, data: bytes | None, root: bytes, parse: Callable[[bytes, bytes], T | None]
    ) -> T:
        facts = {"what": "stored", "tile": path}
        if data is None:
            raise LogIncomplete(f"tile {path} is not in the tile store", **facts)
        parsed = parse(data, root)
        if parsed is None:
            raise LogTampered(
                f"tile {path} in the tile store does not have the hash the log has of it",
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


HASHES: Final = _Kind(0, TILE_BYTES, 256, _right_tile)
"""2 MiB of them."""
BUNDLES: Final = _Kind(ENTRIES, BUNDLE_BYTES, 16, _right_bundle)
"""16 MiB of them at most."""
