"""Looking through a log for what no index leads to: newest first, a bounded stretch at a time.

Leaves are first judged by their bytes, which costs a microsecond each; only what is shown is
parsed. Whoever looks on goes on where the stretch ended: nothing is skipped, nothing is unbounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.errors import NotFound
from node.protocol.wire.leaf import KINDS, commitment, parse_leaf
from node.protocol.wire.merkle import HASH_SIZE

from .tree import WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from .marks import Marks
    from .reader import LogReader

CHUNK = 512
FIRST_CHUNK, LAST_CHUNK = 64, 2_048
"""Leaves read at once: few to begin with, since most pages end there."""
STRETCH = 10_000
"""Leaves looked through at once."""
TILES = 4_096
"""Tiles of leaf hashes looked through for one hash: a million leaves."""
READ_AT_ONCE = 128
"""Of them, a mebibyte together."""
MATTERS = 5_000
"""Leaves looked through for a matter at once: each costs two hashes."""
_MATTER = re.compile(rb'"matter":"([0-9a-f]{64})"')
_EVENT = re.compile(rb'"event":"([0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was found in a stretch of a log."""

    found: tuple[tuple[int, bytes], ...]
    """(index, leaf), the newest first."""
    before: int
    """The stretch ended at this index; 0: the whole log was looked through."""


class LogScanner:
    """Looks through the logs of one store."""

    def __init__(self, reader: LogReader, marks: Marks | None = None) -> None:
        """Look through what `reader` reads; a hash of what `marks` tell is not looked for in it."""
        self._reader, self._marks = reader, marks

    def has(self, log: bytes) -> bool:
        """Tell whether the log is in this store."""
        try:
            self._reader.head(log)
        except NotFound:
            return False
        return True

    def scan(
        self,
        log: bytes,
        accept: Callable[[bytes], bool],
        *,
        before: int | None = None,
        limit: int = 50,
        stretch: int = STRETCH,
        floor: int = 0,
        skipping: Callable[[int], int] = int,
    ) -> Stretch:
        """Return up to `limit` leaves that `accept` takes, of the last `stretch` before an index.

        None of those before `floor`. `skipping` an index gives the one before which to look on:
        leaves between them are known not to be taken, and are not of the stretch.

        Raises:
            NotFound: no such log in this store.
        """
        size = self._reader.head(log).size
        end = size if before is None else max(0, min(before, size))
        found: list[tuple[int, bytes]] = []
        left, chunk = stretch, max(FIRST_CHUNK, min(limit, LAST_CHUNK))
        while end > floor and left > 0:
            end = max(floor, skipping(end))
            first = max(floor, end - min(chunk, left))
            chunk = min(4 * chunk, LAST_CHUNK)
            left -= end - first
            leaves = self._reader.entries(log, first, end - first)
            for index in range(end - 1, first - 1, -1):
                leaf = leaves[index - first]
                if accept(leaf):
                    found.append((index, leaf))
                    if len(found) == limit:
                        return Stretch(tuple(found), index)
            end = first
        return Stretch(tuple(found), end)

    def index_at(self, log: bytes, milliseconds: int) -> int:
        """Return the index of the first entry committed at or after a moment (bisected)."""
        low, high = 0, self._reader.head(log).size
        while low < high:
            middle = (low + high) // 2
            if parse_leaf(self._reader.entry(log, middle), KINDS).at < milliseconds:
                low = middle + 1
            else:
                high = middle
        return low

    def find_leaf(self, log: bytes, leaf_hash: bytes) -> int | None:
        """Return the index of the leaf with this RFC 6962 hash among the newest million."""
        end = -(-self._reader.head(log).size // WIDTH)
        floor = max(0, end - TILES)
        if self._marks is None:
            return self._find_in_tiles(log, leaf_hash, floor, end)
        places, first, stop = self._marks.find(log, leaf_hash)
        found = self._find_in_tiles(log, leaf_hash, max(floor, stop // WIDTH), end)
        for index in places:
            if found is None and self._has_hash(log, leaf_hash, index):
                found = index
        if found is None:
            found = self._find_in_tiles(log, leaf_hash, floor, -(-first // WIDTH))
        return found

    def _has_hash(self, log: bytes, leaf_hash: bytes, index: int) -> bool:
        tiles = self._reader.tiles(log, index // WIDTH, 1)
        place = index % WIDTH * HASH_SIZE
        return any(hashes[place : place + HASH_SIZE] == leaf_hash for _, hashes in tiles)

    def _find_in_tiles(self, log: bytes, leaf_hash: bytes, floor: int, end: int) -> int | None:
        """Look through the tiles from number `floor` to `end`, the newest first."""
        while end > floor:
            first = max(floor, end - READ_AT_ONCE)
            for number, hashes in reversed(self._reader.tiles(log, first, end - first)):
                place = hashes.find(leaf_hash)
                # A hash may also be found across the border of two others: that is none.
                while place >= 0 and place % HASH_SIZE:
                    place = hashes.find(leaf_hash, place + 1)
                if place >= 0:
                    return number * WIDTH + place // HASH_SIZE
            end = first
        return None

    def find_matter(
        self,
        log: bytes,
        matter: str,
        salt_of: Callable[[bytes], bytes],
        *,
        before: int | None = None,
        limit: int = 20,
    ) -> Stretch:
        """Return the calls for a matter number; `salt_of` an event salts its commitment."""

        def accept(leaf: bytes) -> bool:
            committed = _MATTER.search(leaf)
            event = None if committed is None else _EVENT.search(leaf)
            if committed is None or event is None:
                return False
            salt = salt_of(bytes.fromhex(event[1].decode()))
            return commitment(salt, matter).hex().encode() == committed[1]

        return self.scan(log, accept, before=before, limit=limit, stretch=MATTERS)
