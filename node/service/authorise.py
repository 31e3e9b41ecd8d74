"""What a call may have: the ledger's refusal as an error, and the grant held against the papers.

Whether the ledger permits a call is decided in one place for all, `protocol.ledger.judge`. Here is
what only the provider can decide: what the purpose and the codes in the body mean by the pinned
version's document, and what the terms add.

Pure: no clock, no disk. Every check that fails names its code; what none refuses is permitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..client.refused import find_class
from ..errors import (
    FilterNotGranted,
    ItemNotGranted,
    LedgerError,
    PurposeNotGranted,
)
from ..protocol.ledger.enums import DepartmentStatus, Permit
from ..protocol.ledger.judge import permits
from ..protocol.wire import ids
from .request import parse_where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..protocol.ledger.facts import Snapshot
    from ..protocol.ledger.judge import Standing
    from .needs import Condition, TermsView, VersionView
    from .request import Query

_EXACT = frozenset({"eq", "in"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a permitted call may have."""

    items: int
    """Bitmap of the items asked for, each granted."""
    masked: int
    """Bitmap of those of them that are masked."""
    masks: dict[str, str]
    """Mask rule by item, of the items asked for."""
    conditions: tuple[Condition, ...]
    """The caller's filter and the terms' row scope."""


def refusal(code: str, standing: Standing, snapshot: Snapshot) -> LedgerError:
    """Return the error of a code that the ledger gave, with what a caller needs to act on it."""
    facts: dict[str, object] = {}
    if code == "department-suspended":
        fact = snapshot.provider
        stopped = fact is None or fact.status != DepartmentStatus.ACTIVE
        department = standing.provider if stopped else standing.consumer
        facts["department"] = ids.department_code(department)
    elif code == "entry-frozen":
        facts["entry"] = standing.entry.hex()
    elif code == "mode-not-granted":
        facts["mode"] = standing.mode
    elif code == "authorisation-not-started":
        facts["validFrom"] = standing.valid_from
    elif code == "authorisation-expired":
        facts["validUntil"] = standing.valid_until
    kind = find_class(code) or LedgerError
    return kind(_SAID[code].format(**facts), **facts)


_SAID = {
    "authorisation-unknown": "no such authorisation, or not this application's",
    "department-suspended": "department {department} is suspended",
    "entry-frozen": "the entry is frozen by order",
    "authorisation-not-agreed": "the authorisation has not been agreed to",
    "authorisation-suspended": "the authorisation is suspended",
    "authorisation-terminated": "the authorisation has ended",
    "authorisation-not-started": "the authorisation starts later",
    "authorisation-expired": "the authorisation has expired",
    "mode-not-granted": "the authorisation is for another mode of sharing",
}


def permit(
    standing: Standing, judged: int, query: Query, version: VersionView, terms: TermsView | None
) -> Verdict:
    """Check purpose, items and filter of a call that the ledger permits at second `judged`.

    Raises:
        PurposeNotGranted, ItemNotGranted, FilterNotGranted: naming the value.
    """
    positions = {item.code: index for index, item in enumerate(version.items)}
    asked = sum(1 << positions[code] for code in query.items if code in positions)
    purpose = ids.purpose_id(query.purpose)
    permitted = permits(standing, standing.key, asked, purpose, judged)
    if permitted == Permit.PURPOSE_NOT_GRANTED:
        raise PurposeNotGranted(
            f"purpose {query.purpose} is not the one granted", purpose=query.purpose
        )
    return allow(query.items, query.where, standing.items, version, terms)


def allow(
    items: Sequence[str],
    where: tuple[Condition, ...],
    granted: int,
    version: VersionView,
    terms: TermsView | None,
) -> Verdict:
    """Hold items and a filter against a grant: `granted` is its bitmap, `terms` its terms.

    Raises:
        ItemNotGranted, FilterNotGranted: naming the value.
    """
    positions = {item.code: index for index, item in enumerate(version.items)}
    for code in items:
        if code not in positions or not granted >> positions[code] & 1:
            raise ItemNotGranted(f"item {code} is not granted", item=code)
    masks = {item.code: item.mask for item in version.items if item.mask}
    if terms is not None:
        masks.update(terms.masks)
    _check_filters(where, granted, version, terms, masks)
    wanted = {code: masks[code] for code in items if code in masks}
    scope = parse_where(terms.row_scope) if terms is not None and terms.row_scope else ()
    return Verdict(
        items=sum(1 << positions[code] for code in items),
        masked=sum(1 << positions[code] for code in wanted),
        masks=wanted,
        conditions=where + scope,
    )


def _check_filters(
    conditions: tuple[Condition, ...],
    granted: int,
    version: VersionView,
    terms: TermsView | None,
    masked: Mapping[str, str],
) -> None:
    """Refuse to filter by an item that is not granted for it, or in a way that unmasks it."""
    allowed = set(terms.filter_only) if terms is not None else set()
    allowed |= {
        item.code
        for index, item in enumerate(version.items)
        if granted >> index & 1 and item.filterable
    }
    for condition in conditions:
        item, operator = condition.item, condition.operator
        if item not in allowed:
            raise FilterNotGranted(f"filtering by {item} is not granted", item=item)
        # Ranges and prefixes would read a masked value out, one step at a time.
        if operator not in _EXACT and item in masked:
            raise FilterNotGranted(
                f"{item} is masked: it can be compared by eq and in only",
                item=item,
                operator=operator,
            )
