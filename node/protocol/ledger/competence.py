"""Who stands above whom: competent departments, who acts for one, and whom an object concerns.

A competent department that is not active is not asked: the nearest active one above it, by who is
competent for whom, acts in its place, so that nobody is left without one. The root is always
active.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.ids import ZERO
from .enums import DepartmentStatus
from .facts import (
    ApplicationFact,
    AuthorisationFact,
    CatalogueFact,
    DepartmentFact,
    LedgerFact,
)
from .signed import refuse

if TYPE_CHECKING:
    from .surroundings import Store

MOST_LEVELS = 8
"""Longest way from a department up to the root, by who is competent for whom."""


def get_department(store: Store, department: bytes) -> DepartmentFact:
    """Return an enrolled department.

    Raises:
        DecisionRefused: there is none.
    """
    found = store.find(DepartmentFact, department)
    if found is None:
        refuse("DepartmentUnknown", department)
    return found


def get_root(store: Store) -> bytes:
    """Return the department enrolled first; zero before that."""
    ledger = store.find(LedgerFact, 1)
    return ledger.root if ledger else ZERO


def acting(store: Store, competent: bytes) -> bytes:
    """Return who acts for a competent department: itself, or the nearest active one above it."""
    found = get_department(store, competent)
    # The way ends in the root, the only one that is its own competent department.
    while found.status != DepartmentStatus.ACTIVE and found.competent != found.department:
        found = get_department(store, found.competent)
    return found.department


def competent_of(store: Store, department: bytes) -> bytes:
    """Return who acts as the competent department of an enrolled one."""
    return acting(store, get_department(store, department).competent)


def is_screened(store: Store, department: bytes) -> bool:
    """Say whether applications to a department are screened.

    As its competent department has it, active or not: a suspension changes no procedure.
    """
    return get_department(store, get_department(store, department).competent).screening


def common_superior(store: Store, a: bytes, b: bytes) -> bytes:
    """Return who acts for the lowest department that is competent, however far up, for both."""
    above = get_department(store, a).competent
    for _ in range(MOST_LEVELS):
        at = b
        for _ in range(MOST_LEVELS):
            at = get_department(store, at).competent
            if at == above:
                return acting(store, above)
        above = get_department(store, above).competent
    return get_root(store)


def require_may_enrol(store: Store, competent: bytes) -> None:
    """Check that a department may be named competent.

    Raises:
        DecisionRefused: it is not active, or may not enrol.
    """
    found = store.find(DepartmentFact, competent)
    if found is None or found.status != DepartmentStatus.ACTIVE or not found.may_enrol:
        refuse("EnrolmentNotAllowed", competent)


def require_under_root(store: Store, root: bytes, department: bytes, competent: bytes) -> None:
    """Check that a department would be under the root, and not too far down.

    Raises:
        DecisionRefused: it would not.
    """
    above = competent
    for _ in range(MOST_LEVELS):
        if above == department:
            refuse("CompetenceCircular", department, competent)
        if above == root:
            return
        above = get_department(store, above).competent
    refuse("CompetenceTooDeep", department, competent)


def parties_of(store: Store, acted: bytes, kind: str, named: bytes | int) -> frozenset[bytes]:
    """Return who is entitled to a restricted document that speaks of an object.

    They are who decided, those behind the object (`forms.Concerned`: its kind and id), and the
    competent departments of all these, with those that act in their place.
    """
    parties = {acted, *_behind(store, kind, named)}
    known = [found for one in parties if (found := store.find(DepartmentFact, one)) is not None]
    own = {found.competent for found in known}
    return frozenset(parties | own | {acting(store, one) for one in own})


def _behind(store: Store, kind: str, named: bytes | int) -> set[bytes]:
    match kind:
        case "department":
            return {named} if isinstance(named, bytes) else set()
        case "authorisation":
            one = store.find(AuthorisationFact, named)
            return {one.provider, one.consumer} if one else set()
        case "entry":
            entry = store.find(CatalogueFact, named)
            return {entry.provider} if entry else set()
        case "application":
            application = store.find(ApplicationFact, named)
            return {application.department} if application else set()
    return set()
