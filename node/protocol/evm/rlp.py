"""Recursive Length Prefix, the encoding of Ethereum's headers and receipts, and their tries' root.

Ethereum yellow paper, appendices B to D. Own code because importing the `rlp` package takes 0.2 s
of the second an offline verification may take; the tests hold it against that package.
`decode` accepts exactly what `encode` produces, so equal values have equal bytes. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ...crypto import keccak256
from ...errors import MalformedEvidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    Entry = tuple[bytes, bytes]
    """Key as nibbles (one a byte), value."""

Rlp: TypeAlias = "bytes | list[Rlp]"

MAX_DEPTH = 8
"""A receipt nests four lists; deeper input is refused before it exhausts the stack."""

_SHORT = 55
_STRING, _LIST = 0x80, 0xC0
_HASH_BYTES = 32
_ODD, _LEAF = 1, 2

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
"""Root of the empty trie."""


def encode(value: Rlp) -> bytes:
    """Encode bytes or nested lists of bytes."""
    if isinstance(value, bytes):
        if len(value) == 1 and value[0] < _STRING:
            return value
        return _prefix(len(value), _STRING) + value
    body = b"".join(map(encode, value))
    return _prefix(len(body), _LIST) + body


def encode_int(value: int) -> bytes:
    """Return the big-endian bytes of `value` without leading zeros; nothing for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode(data: bytes) -> Rlp:
    """Decode `data`, which must be one value and nothing more.

    Raises:
        MalformedEvidence: `data` is not the one encoding of a value.
    """
    value, end = _item(data, 0, len(data), 0)
    if end != len(data):
        raise MalformedEvidence(f"RLP: {len(data) - end} bytes too many")
    return value


def decode_int(value: Rlp, *, limit: int = 32) -> int:
    """Read an integer of at most `limit` bytes.

    Raises:
        MalformedEvidence: a list, a leading zero or too long.
    """
    if not isinstance(value, bytes) or len(value) > limit or value[:1] == b"\0":
        raise MalformedEvidence("RLP: not an integer")
    return int.from_bytes(value, "big")


def _prefix(length: int, offset: int) -> bytes:
    if length <= _SHORT:
        return bytes([offset + length])
    size = encode_int(length)
    return bytes([offset + _SHORT + len(size)]) + size


def _item(data: bytes, at: int, end: int, depth: int) -> tuple[Rlp, int]:
    if at >= end or depth > MAX_DEPTH:
        raise MalformedEvidence("RLP: cut short or nested too deep")
    first = data[at]
    if first < _STRING:
        return data[at : at + 1], at + 1
    if first < _LIST:
        start, stop = _span(data, at, end, _STRING)
        if stop - start == 1 and data[start] < _STRING:
            raise MalformedEvidence("RLP: a small byte with a prefix")
        return data[start:stop], stop
    at, stop = _span(data, at, end, _LIST)
    items: list[Rlp] = []
    while at < stop:
        item, at = _item(data, at, stop, depth + 1)
        items.append(item)
    return items, stop


def _span(data: bytes, at: int, end: int, offset: int) -> tuple[int, int]:
    length = data[at] - offset
    start = at + 1
    if length > _SHORT:
        width = length - _SHORT
        size = data[start : start + width]
        start += width
        length = int.from_bytes(size, "big")
        if len(size) != width or size[0] == 0 or length <= _SHORT:
            raise MalformedEvidence("RLP: a length not in its shortest form")
    if start + length > end:
        raise MalformedEvidence("RLP: cut short")
    return start, start + length


def list_root(values: Sequence[bytes]) -> bytes:
    """Return the 32-byte root of the Merkle Patricia trie that maps rlp(i) to `values[i]`.

    It is a block's `receiptsRoot` when these are its receipts. No such key is a prefix of another,
    so a branch never carries a value of its own.
    """
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
