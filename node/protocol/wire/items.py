"""Items of a catalogue version as a bitmap: bit i, least significant first, is `codes[i]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput, ItemNotGranted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIMIT = 256


def bitmap(all_codes: Sequence[str], chosen: Iterable[str]) -> int:
    """Return the bitmap of `chosen` among the version's items.

    Raises:
        ItemNotGranted: a code is no item of the version; `facts["value"]` is that code.
    """
    positions = {code: position for position, code in enumerate(all_codes)}
    bits = 0
    for code in chosen:
        position = positions.get(code)
        if position is None or position >= LIMIT:
            raise ItemNotGranted(f"{code!r} is no item of this version", value=code)
        bits |= 1 << position
    return bits


def chosen(all_codes: Sequence[str], bits: int) -> list[str]:
    """Return the items whose bit is set, in the version's order.

    Raises:
        InvalidInput: a bit beyond the last item is set.
    """
    if bits < 0 or bits >> len(all_codes):
        raise InvalidInput(f"the bitmap names items beyond the version's {len(all_codes)}")
    return [code for position, code in enumerate(all_codes) if bits >> position & 1]
