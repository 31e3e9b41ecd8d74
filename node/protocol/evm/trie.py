"""Root of the Merkle Patricia trie over a numbered list, as in a block's `receiptsRoot`.

Ethereum yellow paper, appendix D: keys are rlp(0), rlp(1), …, values the entries' bytes. No such
key is a prefix of another, so a branch never carries a value of its own. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...crypto import keccak256
from .rlp import Rlp, encode, encode_int

if TYPE_CHECKING:
    from collections.abc import Sequence

    Entry = tuple[bytes, bytes]
    """Key as nibbles (one a byte), value."""

_HASH_BYTES = 32
_ODD, _LEAF = 1, 2

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
"""Root of the empty trie."""


def list_root(values: Sequence[bytes]) -> bytes:
    """Return the 32-byte root of the trie that maps rlp(i) to `values[i]`."""
    if not values:
        return EMPTY_ROOT
    entries = sorted((_nibbles(encode(encode_int(i))), value) for i, value in enumerate(values))
    return keccak256(encode(_node(entries, 0)))


def _node(entries: list[Entry], depth: int) -> list[Rlp]:
    """Build the node for `entries`, sorted, which agree in their first `depth` nibbles."""
    first, value = entries[0]
    if len(entries) == 1:
        return [_compact(first[depth:], _LEAF), value]
    shared = depth
    # Sorted: what the first and the last key share, all share.
    while first[shared] == entries[-1][0][shared]:
        shared += 1
    if shared > depth:
        return [_compact(first[depth:shared], 0), _reference(_node(entries, shared))]
    branches: list[list[Entry]] = [[] for _ in range(16)]
    for entry in entries:
        branches[entry[0][depth]].append(entry)
    return [_reference(_node(branch, depth + 1)) if branch else b"" for branch in branches] + [b""]


def _reference(node: list[Rlp]) -> Rlp:
    """Return a node as its parent holds it: whole when it is short, else by its hash."""
    encoded = encode(node)
    return node if len(encoded) < _HASH_BYTES else keccak256(encoded)


def _nibbles(key: bytes) -> bytes:
    return bytes(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _compact(nibbles: bytes, flag: int) -> bytes:
    """Hex-prefix encoding (appendix C)."""
    odd = len(nibbles) % 2
    full = bytes([flag + odd * _ODD, *([] if odd else [0]), *nibbles])
    return bytes(high << 4 | low for high, low in zip(full[::2], full[1::2], strict=True))
