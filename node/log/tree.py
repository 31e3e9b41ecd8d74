"""An RFC 6962 tree kept as tiles of height 8 (C2SP tlog-tiles): appending, roots and proofs.

Pure: tiles come from and go to the caller. Nodes of complete subtrees never change, so a tile that
has grown since still answers for every smaller tree; nodes of incomplete subtrees are derived
from the size and never stored. A node is named (level, index), leaves being level 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from node.protocol.wire.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, pair_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TileSource: TypeAlias = "Callable[[int, int], Tile]"
"""(tile level, tile number) -> that tile, holding at least the nodes that will be asked for."""

HEIGHT = 8
WIDTH = 1 << HEIGHT
_PAIR = 2 * HASH_SIZE


class Tile:
    """Up to 256 hashes of one level together with every complete node above them: 16 KiB full."""

    __slots__ = ("levels",)

    def __init__(self, hashes: bytes = b"") -> None:
        self.levels = [bytearray() for _ in range(HEIGHT + 1)]
        self.extend(hashes)

    @property
    def width(self) -> int:
        return len(self.levels[0]) // HASH_SIZE

    @property
    def hashes(self) -> bytes:
        return bytes(self.levels[0])

    def node(self, height: int, index: int) -> bytes:
        """Return node `index`, counted within the tile, `height` levels above its hashes."""
        start = index * HASH_SIZE
        return bytes(self.levels[height][start : start + HASH_SIZE])

    def extend(self, hashes: bytes) -> None:
        """Add as many hashes as there is room for, and the nodes they complete."""
        below = self.levels[0]
        below += hashes
        for height in range(1, HEIGHT + 1):
            above = self.levels[height]
            pairs = bytes(memoryview(below)[2 * len(above) :])
            above += b"".join(
                [
                    pair_hash(pairs[start : start + _PAIR])
                    for start in range(0, len(pairs) - HASH_SIZE, _PAIR)
                ]
            )
            below = above

    def append(self, hash_: bytes) -> bytes | None:
        """Add one hash; return the tile's own root when this one filled it."""
        levels = self.levels
        level = levels[0]
        level += hash_
        height = 0
        # A binary counter: whenever a level becomes even, its last pair has a parent.
        while not len(level) & HASH_SIZE:
            hash_ = node_hash(bytes(level[-2 * HASH_SIZE : -HASH_SIZE]), hash_)
            height += 1
            level = levels[height]
            level += hash_
            if height == HEIGHT:
                return hash_
        return None


class Edge:
    """The incomplete subtrees on the right edge of the tree of one size.

    `nodes[level]` covers the leaves from the last multiple of 2**level up to `size`, and is None
    when there are none. The last one is the root.
    """

    __slots__ = ("nodes", "root", "size")

    def __init__(self, size: int, tile: TileSource) -> None:
        self.size = size
        self.nodes: list[bytes | None] = [None]
        open_: bytes | None = None
        for level in range(size.bit_length()):
            if size >> level & 1:
                left = get_node(tile, level, (size >> level) - 1)
                open_ = left if open_ is None else node_hash(left, open_)
            self.nodes.append(open_)
        self.root = EMPTY_ROOT if open_ is None else open_


def get_node(tile: TileSource, level: int, index: int) -> bytes:
    """Return the hash of a complete subtree."""
    tile_level, height = divmod(level, HEIGHT)
    number, within = divmod(index, WIDTH >> height)
    return tile(tile_level, number).node(height, within)


def get_path(
    tile: TileSource, edge: Edge, index: int, level: int = 0, top: int | None = None
) -> list[bytes]:
    """Return the audit path of node (level, index) in the tree of `edge.size` leaves.

    RFC 6962 section 2.1.1, bottom up: a lonely last node has no sibling and moves up unhashed.
    `top` ends the path below that level, for callers that join it with a path they have.
    """
    path: list[bytes] = []
    end = (edge.size - 1).bit_length() if top is None else top
    while level < end:
        sibling, complete = index ^ 1, edge.size >> level
        if sibling < complete:
            path.append(get_node(tile, level, sibling))
        elif sibling == complete and (open_ := edge.nodes[level]) is not None:
            path.append(open_)
        index >>= 1
        level += 1
    return path


def get_consistency(tile: TileSource, edge: Edge, old_size: int) -> list[bytes]:
    """Return the proof that the tree of `edge.size` extends that of `old_size` leaves.

    RFC 6962 section 2.1.2: the last complete subtree of the old tree, unless it is the whole of
    it, followed by that subtree's path in the new tree.
    """
    if old_size in (0, edge.size):
        return []
    level = (old_size & -old_size).bit_length() - 1
    index = (old_size >> level) - 1
    seed = [get_node(tile, level, index)] if index else []
    return seed + get_path(tile, edge, index, level)


class GrowingTree:
    """The writer's end of a tree: the open tile of every level, and the tiles not yet stored."""

    def __init__(self, size: int, open_tiles: Sequence[Tile]) -> None:
        """Continue a tree of `size` leaves from its partial tiles, lowest level first."""
        self.size = size
        self._open = list(open_tiles)
        self._changed: dict[tuple[int, int], Tile] = {}

    @staticmethod
    def open_tiles(size: int) -> list[tuple[int, int, int]]:
        """Return (level, number, width) of the partial tiles a tree of `size` continues from."""
        levels = range((size.bit_length() + HEIGHT - 1) // HEIGHT)
        counts = [size >> HEIGHT * level for level in levels]
        return [(level, *divmod(count, WIDTH)) for level, count in enumerate(counts)]

    def append(self, leaf_hash: bytes) -> None:
        number = self.size >> HEIGHT
        full = self._lowest(number).append(leaf_hash)
        if full is not None:
            self._carry(full, number)
        self.size += 1

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Append leaves, tile by tile: a pair of nodes costs its hash and little else."""
        start = 0
        while start < len(leaf_hashes):
            number, used = divmod(self.size, WIDTH)
            some = leaf_hashes[start : start + WIDTH - used]
            tile = self._lowest(number)
            tile.extend(b"".join(some))
            if used + len(some) == WIDTH:
                self._carry(tile.node(HEIGHT, 0), number)
            self.size += len(some)
            start += len(some)

    def _lowest(self, number: int) -> Tile:
        """Return the open tile of leaf hashes, which is going to change."""
        if not self._open:
            self._open.append(Tile())
        tile = self._changed[0, number] = self._open[0]
        return tile

    def _carry(self, hash_: bytes, number: int) -> None:
        """Close the full tile `number` of leaf hashes, whose root belongs to the tile above."""
        full: bytes | None = hash_
        self._open[0] = Tile()
        level = 0
        while full is not None:
            level, number = level + 1, number >> HEIGHT
            if level == len(self._open):
                self._open.append(Tile())
            tile = self._open[level]
            self._changed[level, number] = tile
            full = tile.append(full)
            if full is not None:
                self._open[level] = Tile()

    def tile(self, level: int, number: int) -> Tile:
        """Return a tile that changed since `settle`, or an open one.

        These are all that the paths of the leaves appended since then, and the root, need.
        """
        changed = self._changed.get((level, number))
        if changed is not None:
            return changed
        if number != self.size >> HEIGHT * (level + 1):
            raise KeyError(level, number)
        return self._open[level]

    def edge(self) -> Edge:
        """Return the right edge, root included, of the tree as it stands."""
        return Edge(self.size, self.tile)

    def changed(self) -> list[tuple[int, int, bytes]]:
        """Return (level, number, hashes) of the tiles to be stored."""
        return [(level, number, tile.hashes) for (level, number), tile in self._changed.items()]

    def settle(self) -> None:
        """Forget the changed tiles, once they are stored and the proofs that need them made."""
        self._changed.clear()


def get_last_paths(tree: GrowingTree, edge: Edge, count: int) -> list[tuple[bytes, ...]]:
    """Return the audit paths of the last `count` leaves, which the tree has not settled yet.

    The same as `get_path` for each, but what leaves of one tile share is found once: the path of a
    node is its sibling and its parent's path.
    """
    paths: list[tuple[bytes, ...]] = []
    index, end = edge.size - count, min(HEIGHT, (edge.size - 1).bit_length())
    while index < edge.size:
        number = index >> HEIGHT
        first, last = index, min((number + 1) * WIDTH, edge.size) - 1
        levels = tree.tile(0, number).levels
        above = [tuple(get_path(tree.tile, edge, number, HEIGHT))]
        for height in reversed(range(end)):
            start = first >> height
            siblings = _siblings(levels[height], edge, start, last >> height, height)
            parents = start >> 1
            above = [
                above[(node >> 1) - parents]
                if sibling is None
                else (sibling, *above[(node >> 1) - parents])
                for node, sibling in enumerate(siblings, start)
            ]
        paths += above
        index = last + 1
    return paths


def _siblings(
    level: bytearray, edge: Edge, first: int, last: int, height: int
) -> list[bytes | None]:
    """Return the siblings of the nodes from `first` to `last`, None where one has none.

    `level` is that height of the tile they all lie in.
    """
    start = first & ~1
    within = start & (WIDTH >> height) - 1
    hashes = bytes(level[within * HASH_SIZE :])
    nodes: list[bytes | None] = [
        hashes[place : place + HASH_SIZE] for place in range(0, len(hashes), HASH_SIZE)
    ]
    if start + len(nodes) == edge.size >> height:
        nodes.append(edge.nodes[height])
    nodes += [None] * 2
    return [nodes[(node - start) ^ 1] for node in range(first, last + 1)]
