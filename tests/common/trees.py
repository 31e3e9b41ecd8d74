"""RFC 6962 section 2.1 word for word: slow, recursive, an oracle for the fast code."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from node.protocol.wire.merkle import EMPTY_ROOT, node_hash

if TYPE_CHECKING:
    from collections.abc import Sequence


def root(leaves: list[bytes]) -> bytes:
    """Return MTH(leaves)."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH(index, leaves)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


def proof(old_size: int, leaves: list[bytes]) -> list[bytes]:
    """Return PROOF(old_size, leaves)."""
    return _subproof(old_size, leaves, whole=True)


def _subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], whole=whole), root(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], whole=False), root(leaves[:k])]


def split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; the hash of nothing if there are none: fast, by levels.

    Odd nodes are carried up unchanged, which builds RFC 6962's left-heavy tree.
    """
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]
