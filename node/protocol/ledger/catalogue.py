"""Rules of `contracts/CatalogueRegistry.sol`: entries, their versions, withdrawals, freezes.

An entry keeps two versions apart: the latest, which may await review, and the current one, which is
in force. The order of the checks is the contract's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...crypto import keccak256
from ..wire import items
from ..wire.ids import ZERO
from .competence import competent_of
from .enums import EntryState, Role, ShareType
from .facts import CatalogueFact, VersionFact
from .signed import (
    Act,
    Mandate,
    accept,
    refuse,
    require_digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .surroundings import Store

    Derived = dict[str, Any]

SUBMITTER_BYTES = 8
"""Of a person's handle, which the contract keeps with what awaits review."""


def submit_versions(act: Act) -> Derived:
    """File new versions of entries; the first version of an entry makes the entry."""
    department, versions = act["department"], act["versions"]
    if not versions:
        refuse("VersionsEmpty", department)
    accept(act, Mandate(department, Role.DEPARTMENT_HEAD))
    return {"entries": [_submit(act, department, version) for version in versions]}


def review_versions(act: Act) -> Derived:
    """Publish or return submitted versions.

    A version published before stays published: authorisations are pinned to it.
    """
    return _review_each(act, _review)


def set_standing_reply(act: Act) -> Derived:
    """Set or withdraw the provider's answer in advance for an unconditional entry."""
    entry = get_entry(act.store, act["entry"])
    accept(act, Mandate(entry.provider, Role.OFFICE_HEAD))
    if not entry.current or entry.share_type != ShareType.UNCONDITIONAL:
        refuse("StandingReplyRefused", entry.entry, entry.current, entry.share_type)
    calls, rows = act["callsPerDay"], act["rowsPerDay"]
    if act["standing"] and not (calls and rows):
        refuse("StandingQuotaZero", entry.entry, calls, rows)
    act.store.put(
        entry._replace(
            standing=act["standing"],
            calls_per_day=calls,
            rows_per_day=rows,
            standing_terms=act["terms"],
        )
    )
    return {}


def submit_withdrawal(act: Act) -> Derived:
    """Ask that published entries be withdrawn."""
    department, withdrawals = act["department"], act["withdrawals"]
    if not withdrawals:
        refuse("WithdrawalsEmpty", department)
    accept(act, Mandate(department, Role.DEPARTMENT_HEAD))
    require_digest(act, act["digest"])
    for withdrawal in withdrawals:
        entry = _get_withdrawable(act.store, department, withdrawal)
        act.store.put(
            entry._replace(
                current_state=int(EntryState.WITHDRAWAL_SUBMITTED),
                submitter=_submitter(act),
                withdrawal_digest=act["digest"],
            )
        )
        _set_version(act, entry, EntryState.WITHDRAWAL_SUBMITTED)
    return {}


def review_withdrawal(act: Act) -> Derived:
    """Withdraw entries, or leave them published."""
    return _review_each(act, _review_withdrawal)


def freeze(act: Act) -> Derived:
    """Stop all calls on an entry by order."""
    competent = _competent(act.store, act["entry"])
    accept(act, Mandate(competent, Role.DEPARTMENT_HEAD | Role.DUTY_OFFICER))
    entry = get_entry(act.store, act["entry"])
    if entry.frozen:
        refuse("EntryIsFrozen", entry.entry)
    act.store.put(entry._replace(frozen=True))
    return {"competent": competent}


def unfreeze(act: Act) -> Derived:
    """Lift a freeze."""
    competent = _competent(act.store, act["entry"])
    accept(act, Mandate(competent, Role.DEPARTMENT_HEAD))
    require_digest(act, act["digest"])
    entry = get_entry(act.store, act["entry"])
    if not entry.frozen:
        refuse("EntryNotFrozen", entry.entry)
    act.store.put(entry._replace(frozen=False))
    return {"competent": competent}


def get_entry(store: Store, entry: bytes) -> CatalogueFact:
    """Return an entry.

    Raises:
        DecisionRefused: there is none.
    """
    found = store.find(CatalogueFact, entry)
    if found is None:
        refuse("EntryUnknown", entry)
    return found


def _submit(act: Act, department: bytes, version: dict[str, Any]) -> bytes:
    require_digest(act, version["digest"])
    # Made of the acting department and never passed in: nobody files for another.
    entry_id = keccak256(department + version["codeHash"])
    number, share_type, count = version["version"], version["shareType"], version["itemCount"]
    entry = act.store.find(CatalogueFact, entry_id)
    entry = entry or CatalogueFact(entry_id, department, version["codeHash"])
    if entry.state == EntryState.SUBMITTED:
        refuse("VersionPending", entry_id, entry.latest)
    if entry.current_state == EntryState.WITHDRAWAL_SUBMITTED:
        refuse("WithdrawalPending", entry_id)
    if number != entry.latest + 1:
        refuse("VersionNotSequential", entry_id, entry.latest, number)
    if not ShareType.UNCONDITIONAL <= share_type <= ShareType.NOT_SHARED:
        refuse("ShareTypeInvalid", entry_id, share_type)
    if not 0 < count <= items.LIMIT:
        refuse("ItemCountInvalid", entry_id, count)
    state = int(EntryState.SUBMITTED)
    act.store.put(
        entry._replace(
            latest=number,
            state=state,
            latest_share_type=share_type,
            latest_item_count=count,
            submitter=_submitter(act),
        )
    )
    digest = version["digest"]
    filed = (entry_id, number, state, share_type, count, digest, act.key, act.block)
    act.store.put(VersionFact(*filed, reviewed_block=None, review_digest=None))
    return entry_id


def _review(act: Act, review: dict[str, Any]) -> None:
    entry = get_entry(act.store, review["entry"])
    if entry.state != EntryState.SUBMITTED or review["version"] != entry.latest:
        refuse("VersionNotSubmitted", entry.entry, review["version"], entry.latest, entry.state)
    _require_other_person(act, entry)
    version = get_version(act.store, entry.entry, entry.latest)
    _require_subject(version.digest, review["subject"])
    state = int(EntryState.PUBLISHED if review["publish"] else EntryState.RETURNED)
    act.store.put(
        version._replace(state=state, reviewed_block=act.block, review_digest=act["digest"])
    )
    entry = entry._replace(state=state)
    if review["publish"]:
        entry = entry._replace(
            current=entry.latest,
            current_state=state,
            share_type=entry.latest_share_type,
            item_count=entry.latest_item_count,
            # A standing reply was given for unconditional data, and does not come back later.
            standing=entry.standing and entry.latest_share_type == ShareType.UNCONDITIONAL,
        )
    act.store.put(entry)


def _review_withdrawal(act: Act, review: dict[str, Any]) -> None:
    entry = get_entry(act.store, review["entry"])
    submitted = entry.current_state == EntryState.WITHDRAWAL_SUBMITTED
    if not submitted or review["version"] != entry.current:
        refuse(
            "WithdrawalNotSubmitted",
            entry.entry,
            review["version"],
            entry.current,
            entry.current_state,
        )
    _require_other_person(act, entry)
    _require_subject(entry.withdrawal_digest, review["subject"])
    state = EntryState.WITHDRAWN if review["accept"] else EntryState.PUBLISHED
    _set_version(act, entry, state)
    entry = entry._replace(current_state=int(state), withdrawal_digest=ZERO)
    if review["accept"]:
        # Nobody applies to it any more; what was agreed to before keeps its end date.
        entry = entry._replace(current=0, standing=False)
    act.store.put(entry)


def _review_each(act: Act, review: Callable[[Act, dict[str, Any]], None]) -> Derived:
    """Accept reviews by the department competent for the first entry, and for all; do each."""
    reviews = act["reviews"]
    if not reviews:
        refuse("ReviewsEmpty", act.key)
    competent = _competent(act.store, reviews[0]["entry"])
    accept(act, Mandate(competent, Role.REVIEWER))
    for each in reviews:
        actual = _competent(act.store, each["entry"])
        if actual != competent:
            refuse("CompetentDiffers", each["entry"], competent, actual)
        review(act, each)
    return {"competent": competent}


def _get_withdrawable(store: Store, department: bytes, withdrawal: dict[str, Any]) -> CatalogueFact:
    entry = get_entry(store, withdrawal["entry"])
    if entry.provider != department:
        refuse("EntryNotOfDepartment", entry.entry, department, entry.provider)
    if entry.frozen:
        refuse("EntryIsFrozen", entry.entry)
    if entry.state == EntryState.SUBMITTED:
        refuse("VersionPending", entry.entry, entry.latest)
    if entry.current_state == EntryState.WITHDRAWAL_SUBMITTED:
        refuse("WithdrawalPending", entry.entry)
    require_current(entry, withdrawal["version"])
    return entry


def require_current(entry: CatalogueFact, version: int) -> None:
    """Check that `version` is the one in force.

    Raises:
        DecisionRefused: another one is, or none.
    """
    if not entry.current or version != entry.current:
        refuse("VersionNotCurrent", entry.entry, entry.current, version)


def get_version(store: Store, entry: bytes, version: int) -> VersionFact:
    """Return a version that the entry itself names."""
    found = store.find(VersionFact, entry, version)
    if found is None:
        refuse("EntryUnknown", entry)
    return found


def _set_version(act: Act, entry: CatalogueFact, state: EntryState) -> None:
    version = get_version(act.store, entry.entry, entry.current)
    act.store.put(version._replace(state=int(state)))


def _require_other_person(act: Act, entry: CatalogueFact) -> None:
    if entry.submitter == _submitter(act):
        person = act.signer.person if act.signer else ZERO
        refuse("ReviewerIsSubmitter", entry.entry, person)


def _require_subject(expected: bytes, actual: bytes) -> None:
    if actual != expected:
        refuse("SubjectMismatch", expected, actual)


def _competent(store: Store, entry: bytes) -> bytes:
    return competent_of(store, get_entry(store, entry).provider)


def _submitter(act: Act) -> bytes:
    return act.signer.person[:SUBMITTER_BYTES] if act.signer else b""
