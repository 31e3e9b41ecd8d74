"""Masking of values by the rules of a catalogue version and of the terms.

    full            ***, whatever the value
    keep:6,4        the first 6 and the last 4 characters stay, each other one becomes *
    year            the year of an ISO date

Null stays null. A text too short to hide anything by `keep` is hidden whole. A rule that is none
of these is an error, never "no mask".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import SourceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Masker = Callable[[str], str]

HIDDEN = "***"
_KEEP = re.compile(r"keep:(\d{1,3}),(\d{1,3})")
_YEAR = re.compile(r"(\d{4})-\d\d-\d\d")


def parse_rule(rule: str) -> Masker:
    """Return the function of a mask rule.

    Raises:
        SourceUnavailable: the rule is not one of those above; the item cannot be served.
    """
    if rule == "full":
        return lambda _: HIDDEN
    if rule == "year":
        return _year
    match = _KEEP.fullmatch(rule)
    if match is None:
        raise SourceUnavailable(f"mask rule {rule!r} is not known to this node", rule=rule)
    first, last = int(match[1]), int(match[2])
    return lambda text: _keep(text, first, last)


def mask_rows(rows: list[dict[str, object]], rules: Mapping[str, str]) -> None:
    """Mask the items named in `rules` in every row, in place; values are rendered already."""
    for item, rule in rules.items():
        masker = parse_rule(rule)
        for row in rows:
            value = row[item]
            if value is not None:
                row[item] = masker(value if isinstance(value, str) else str(value))


def _keep(text: str, first: int, last: int) -> str:
    hidden = len(text) - first - last
    if hidden <= 0:
        return HIDDEN
    return text[:first] + "*" * hidden + text[len(text) - last :]


def _year(text: str) -> str:
    match = _YEAR.match(text)
    return match[1] if match else HIDDEN
