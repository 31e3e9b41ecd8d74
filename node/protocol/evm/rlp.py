"""Recursive Length Prefix, the encoding of Ethereum's headers and receipts.

Ethereum yellow paper, appendix B. Own code because importing the `rlp` package takes 0.2 s of the
second an offline verification may take; the tests hold it against that package.
`decode` accepts exactly what `encode` produces, so equal values have equal bytes.
"""

from __future__ import annotations

from typing import TypeAlias

from ...errors import MalformedEvidence

Rlp: TypeAlias = "bytes | list[Rlp]"

MAX_DEPTH = 8
"""A receipt nests four lists; deeper input is refused before it exhausts the stack."""

_SHORT = 55
_STRING, _LONG_STRING, _LIST, _LONG_LIST = 0x80, 0xB7, 0xC0, 0xF7


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
