"""Byte strings of several entries in one: their lengths in front, then they themselves."""

from __future__ import annotations

from struct import error, pack, unpack_from
from typing import TYPE_CHECKING

from node.errors import LogTampered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PORTION_BYTES = 1 << 20
"""Of what lies in one row, but for a single part that is longer: a resend reads its row."""
_NONE = 0xFFFFFFFF
"""Length of a part that is None."""
_LENGTH_BYTES = 4


def lengths_of(parts: Iterable[bytes | None]) -> Iterator[int]:
    """Yield the length of each part as it is written, in four bytes."""
    return (_NONE if part is None else len(part) for part in parts)


def take_parts(data: bytes, at: int, lengths: Iterable[int]) -> tuple[list[bytes | None], int]:
    """Return the parts of these lengths that begin at `at`, and where they end.

    Raises:
        ValueError: the data end before.
    """
    parts: list[bytes | None] = []
    for length in lengths:
        if length == _NONE:
            parts.append(None)
            continue
        parts.append(data[at : at + length])
        at += length
    if at > len(data):
        raise ValueError("the data end in the midst of a part")
    return parts, at


def pack_parts(parts: Sequence[bytes | None]) -> bytes:
    """Return `parts` as one; whoever takes it apart must know how many they are."""
    return b"".join((pack(f">{len(parts)}I", *lengths_of(parts)), *filter(None, parts)))


def unpack_parts(packed: bytes, count: int) -> list[bytes | None]:
    """Return all `count` parts.

    Raises:
        LogTampered: these are none of `pack_parts`'s bytes.
    """
    try:
        lengths = unpack_from(f">{count}I", packed)
        parts, end = take_parts(packed, _LENGTH_BYTES * count, lengths)
    except (error, ValueError) as wrong:
        raise _damaged() from wrong
    if end != len(packed):
        raise _damaged()
    return parts


def portions(parts: Iterable[bytes | None]) -> Iterator[slice]:
    """Yield which of `parts` belong in a row each: nearly always all of them."""
    start, end, size = 0, 0, 0
    for end, part in enumerate(parts):
        length = len(part or b"")
        if end > start and size + length > PORTION_BYTES:
            yield slice(start, end)
            start, size = end, 0
        size += length
    yield slice(start, end + 1)


def _damaged() -> LogTampered:
    return LogTampered("what a row keeps of its entries was changed", what="file")
