"""Byte strings of several entries in one: their lengths in front, then they themselves."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NONE = 0xFFFFFFFF
"""Length of a part that is None."""
_LENGTH_BYTES = 4


def pack_parts(parts: Sequence[bytes | None]) -> bytes:
    """Return `parts` as one; whoever takes it apart must know how many they are."""
    lengths = [_NONE if part is None else len(part) for part in parts]
    return b"".join((pack(f">{len(parts)}I", *lengths), *filter(None, parts)))


def part_of(packed: bytes, count: int, place: int) -> bytes | None:
    """Return one of `count` parts."""
    lengths = unpack_from(f">{count}I", packed)
    if lengths[place] == _NONE:
        return None
    before = (length for length in lengths[:place] if length != _NONE)
    start = _LENGTH_BYTES * count + sum(before)
    return packed[start : start + lengths[place]]


def unpack_parts(packed: bytes, count: int) -> list[bytes | None]:
    """Return all `count` parts."""
    found: list[bytes | None] = []
    start = _LENGTH_BYTES * count
    for length in unpack_from(f">{count}I", packed):
        if length == _NONE:
            found.append(None)
            continue
        found.append(packed[start : start + length])
        start += length
    return found
