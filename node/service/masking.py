"""Rows of a source as they are handed out, whoever gets them: items asked for, masked.

Values are masked by the rules of the catalogue version and of the terms:

    full            ***, whatever the value
    keep:6,4        the first 6 and the last 4 characters stay, each other one becomes *
    year            the year of an ISO date

Null stays null. A text too short to hide anything by `keep` is hidden whole. Any other rule is an
error, never "no mask".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import InvalidInput, SourceUnavailable
from ..protocol.wire import canonical
from .needs import Page, SourceQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .needs import Condition, ItemView, Source, Value

HIDDEN = "***"
_KEEP = re.compile(r"keep:(\d{1,3}),(\d{1,3})")
_YEAR = re.compile(r"(\d{4})-\d\d-\d\d")


def read_rows(
    source: Source,
    version: Sequence[ItemView],
    items: Sequence[str],
    masks: Mapping[str, str],
    *,
    conditions: tuple[Condition, ...] = (),
    size: int,
    after: Value | None = None,
) -> Page:
    """Return a page of a source's rows: the `items` of a version, those in `masks` masked.

    `version` are all items of the version; `masks` are rules by item; `after` is the last key of
    the page before.

    Raises:
        SourceUnavailable: the database does not answer as configured; a mask rule is not known.
        MalformedFilter: a condition's value cannot be compared with its column.
    """
    scales = {item.code: item.scale for item in version}
    page = source.fetch(SourceQuery(tuple(items), conditions, size, after, scales))
    rows = [{item: row[item] for item in items} for row in page.rows]
    mask_rows(rows, masks)
    return Page(rows, page.last)


def dump_rows(members: Mapping[str, object]) -> bytes:
    """Return the canonical JSON of what holds rows.

    Raises:
        SourceUnavailable: a value is none that JSON carries; nobody is told what it was.
    """
    try:
        return canonical.dumps(members)
    except InvalidInput:
        # Text that is no Unicode, say: the source's fault, not the caller's.
        raise SourceUnavailable("the source holds a value that cannot be shared") from None


def parse_rule(rule: str) -> Callable[[str], str]:
    """Return the function of a mask rule.

    Raises:
        SourceUnavailable: the rule is not known; the item cannot be served.
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
