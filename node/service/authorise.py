"""The verdict on one call, from the facts of one snapshot (design.md sections 4.12 and 5).

Pure: no clock, no disk. Every check that fails names its code; what none refuses is permitted.
Time is the later of the clock and the block's, so that neither going slow prolongs a grant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import (
    AuthorisationExpired,
    AuthorisationNotAgreed,
    AuthorisationNotStarted,
    AuthorisationSuspended,
    AuthorisationTerminated,
    AuthorisationUnknown,
    DepartmentSuspended,
    EntryFrozen,
    FilterNotGranted,
    ItemNotGranted,
    ModeNotGranted,
    PurposeNotGranted,
    SignatureInvalid,
)
from ..protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Mode,
)
from ..protocol.wire import ids
from .request import parse_where

if TYPE_CHECKING:
    from ..protocol.ledger.facts import (
        AuthorisationFact,
        DepartmentFact,
        EntryFact,
        KeyFact,
        Snapshot,
    )
    from .ports import Condition, TermsView, VersionView
    from .request import Query

_PERMITTED = frozenset(
    {AuthorisationState.AGREED, AuthorisationState.DELIVERED, AuthorisationState.ACTIVE}
)
_SUSPENDED = frozenset({AuthorisationState.SUSPENDED, AuthorisationState.RECTIFIED})
_ENDED = frozenset(
    {AuthorisationState.TERMINATED, AuthorisationState.DISPOSED, AuthorisationState.CLOSED}
)
_EXACT = frozenset({"eq", "in"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose call it is: an authorisation of the caller's own, with its entry."""

    authorisation: AuthorisationFact
    entry: EntryFact


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


def live_key(snapshot: Snapshot, now: int) -> KeyFact:
    """Return the caller's key if it signs at `now` (seconds).

    Raises:
        SignatureInvalid: the key is unknown, revoked or outside its validity; never says which.
    """
    key = snapshot.key
    if key is None or key.revoked_at is not None or not key.valid_from <= now < key.valid_until:
        raise SignatureInvalid("the signature does not hold for a key in force")
    return key


def standing(snapshot: Snapshot, key: KeyFact) -> Standing:
    """Return the authorisation named, if it is the application's whose key signed.

    Raises:
        AuthorisationUnknown: there is none of that number, or it is another's.
    """
    found, entry = snapshot.authorisation, snapshot.entry
    if (
        found is None
        or entry is None
        or key.kind != KeyKind.APPLICATION
        or key.holder != found.application
    ):
        raise AuthorisationUnknown("no such authorisation, or not this application's")
    return Standing(found, entry)


def in_force(snapshot: Snapshot, own: Standing, now: int) -> None:
    """Check that the parties, the entry and the authorisation permit calls at `now` (seconds).

    Raises:
        DepartmentSuspended, EntryFrozen: one of those around the authorisation is stopped.
        AuthorisationNotAgreed, AuthorisationSuspended, AuthorisationTerminated: by its state.
        AuthorisationNotStarted, AuthorisationExpired: by its dates.
        ModeNotGranted: it is not for queries.
    """
    _department(snapshot.provider, own.authorisation.provider)
    _department(snapshot.consumer, own.authorisation.consumer)
    if own.entry.frozen or own.entry.state == EntryState.FROZEN:
        raise EntryFrozen("the entry is frozen by order", entry=own.entry.entry.hex())
    _state(own.authorisation)
    _dates(own.authorisation, max(now, snapshot.block.timestamp))
    if own.authorisation.mode != Mode.QUERY:
        raise ModeNotGranted(
            f"authorisation {own.authorisation.authorisation} is for another mode of sharing",
            mode=own.authorisation.mode,
        )


def permit(own: Standing, query: Query, version: VersionView, terms: TermsView | None) -> Verdict:
    """Check purpose, items and filter against the grant.

    Raises:
        PurposeNotGranted, ItemNotGranted, FilterNotGranted: naming the value.
    """
    granted = own.authorisation
    if ids.purpose_id(query.purpose) != granted.purpose:
        raise PurposeNotGranted(
            f"purpose {query.purpose} is not the one granted", purpose=query.purpose
        )
    positions = {item.code: index for index, item in enumerate(version.items)}
    masks = {item.code: item.mask for item in version.items if item.mask}
    if terms is not None:
        masks.update(terms.masks)
    asked = 0
    for code in query.items:
        bit = 1 << positions[code] if code in positions else 0
        if not granted.items & bit:
            raise ItemNotGranted(f"item {code} is not granted", item=code)
        asked |= bit
    wanted = {code: rule for code, rule in masks.items() if code in set(query.items)}
    filters = _Filters(granted.items, version, terms, frozenset(masks))
    for condition in query.where:
        filters.check(condition)
    scope = parse_where(terms.row_scope) if terms is not None and terms.row_scope else ()
    return Verdict(
        items=asked,
        masked=sum(1 << positions[code] for code in wanted),
        masks=wanted,
        conditions=query.where + scope,
    )


class _Filters:
    """Which items a caller may filter by, and how."""

    def __init__(
        self, granted: int, version: VersionView, terms: TermsView | None, masked: frozenset[str]
    ) -> None:
        self._only = frozenset(terms.filter_only) if terms is not None else frozenset()
        self._open = {
            item.code
            for index, item in enumerate(version.items)
            if granted >> index & 1 and item.filterable
        }
        self._masked = masked

    def check(self, condition: Condition) -> None:
        item, operator = condition.item, condition.operator
        if item not in self._open and item not in self._only:
            raise FilterNotGranted(f"filtering by {item} is not granted", item=item)
        # Ranges and prefixes would read a masked value out, one step at a time.
        if operator not in _EXACT and item in self._masked:
            raise FilterNotGranted(
                f"{item} is masked: it can be compared by eq and in only",
                item=item,
                operator=operator,
            )


def _department(fact: DepartmentFact | None, department: bytes) -> None:
    if fact is None or fact.status != DepartmentStatus.ACTIVE:
        code = fact.code if fact else ids.department_code(department)
        raise DepartmentSuspended(f"department {code} is suspended", department=code)


def _state(authorisation: AuthorisationFact) -> None:
    number, state = authorisation.authorisation, authorisation.state
    if state in _PERMITTED:
        return
    if state in _SUSPENDED:
        raise AuthorisationSuspended(f"authorisation {number} is suspended")
    if state in _ENDED:
        raise AuthorisationTerminated(f"authorisation {number} has ended")
    raise AuthorisationNotAgreed(f"authorisation {number} has not been agreed to")


def _dates(authorisation: AuthorisationFact, now: int) -> None:
    if now < authorisation.valid_from:
        raise AuthorisationNotStarted(
            f"authorisation {authorisation.authorisation} starts later",
            validFrom=authorisation.valid_from,
        )
    if now >= authorisation.valid_until:
        raise AuthorisationExpired(
            f"authorisation {authorisation.authorisation} has expired",
            validUntil=authorisation.valid_until,
        )
