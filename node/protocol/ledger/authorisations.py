"""Rules of `contracts/ShareAuthorisations.sol`: from the application to the end of the use.

Applying, replying and changing set terms and are written out; who may do what when, after the
reply, is a row of `steps`. The order of the checks is the contract's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...crypto import keccak256
from ..wire.days import beijing_day
from ..wire.ids import ZERO
from .catalogue import get_entry, require_current
from .competence import common_superior, competent_of, is_screened
from .enums import (
    Answer,
    Mark,
    Mode,
    Permit,
    Role,
    ShareType,
    Side,
    StepFlag,
)
from .enums import AuthorisationState as State
from .facts import AuthorisationFact, LedgerFact, StandingGrantFact
from .registry import owner_of
from .signed import (
    Act,
    Mandate,
    accept,
    refuse,
    require_active,
    require_digest,
    require_period,
)
from .steps import (
    PRIOR,
    RULINGS,
    STEPS,
    Rule,
    permit_in,
)

if TYPE_CHECKING:
    from .facts import CatalogueFact
    from .surroundings import Store

    Derived = dict[str, Any]

LATEST = 2**40 - 1
"""The last second an authorisation can end at: the contract keeps 40 bits."""
CHANGE_OPEN = Mark.CHANGE_PROPOSED_BY_CONSUMER | Mark.CHANGE_PROPOSED_BY_PROVIDER


def apply_for(act: Act) -> Derived:
    """Open one authorisation per application, agreed to at once where a standing reply says so."""
    department, applications = act["department"], act["applications"]
    if not applications:
        refuse("ApplicationsEmpty", department)
    accept(act, Mandate(department, Role.OFFICE_HEAD))
    ledger = act.store.find(LedgerFact, 1) or LedgerFact(1, ZERO, 0)
    first = ledger.authorisations + 1
    states = []
    for number, wanted in enumerate(applications, first):
        require_digest(act, wanted["digest"])
        states.append(_apply(act, department, wanted, number))
    act.store.put(ledger._replace(authorisations=ledger.authorisations + len(applications)))
    return {"first": first, "states": states}


def reply(act: Act) -> Derived:
    """Apply the provider's answer; an agreement's fields replace those applied for."""
    one = get_authorisation(act.store, act["authorisation"])
    accept(act, Mandate(one.provider, Role.OFFICE_HEAD))
    require_digest(act, act["digest"])
    _require_answerable(act, one)
    state = State.REFUSED
    if act["answer"] != Answer.REFUSE:
        _require_not_wider(act, one)
        state = State.AGREED
        one = _with_terms(act, one)
    act.store.put(one._replace(state=int(state), subject=act["digest"]))
    return {"state": int(state)}


def advance(act: Act) -> Derived:
    """Take one step of the table."""
    one = get_authorisation(act.store, act["authorisation"])
    rule = STEPS.get(act["step"])
    if rule is None or StepFlag.TERMS in rule.flags:
        refuse("StepUnknown", act["step"])
    side = _accept(act, one, rule)
    _require_suitable(act, one, rule)
    if StepFlag.SCREENING in rule.flags:
        _require_screening(act.store, one, wanted=True)
    if StepFlag.FROM_PROVIDER in rule.flags and one.suspended_by != Side.PROVIDER:
        refuse("SuspenderUnsuitable", one.authorisation, one.suspended_by)
    protective = StepFlag.PROTECTIVE in rule.flags
    _require_answer(act, one, ZERO if protective else one.subject)
    if StepFlag.DOCUMENT in rule.flags:
        require_digest(act, act["digest"])
    _require_fields(act, one, rule)
    if StepFlag.CLOSES_CHANGE in rule.flags and not one.marks & CHANGE_OPEN:
        refuse("NoChangePending", one.authorisation)
    one = _move(act, _mark(act, one, rule, side), rule, side)
    if StepFlag.ENDS in rule.flags:
        one = one._replace(valid_until=min(one.valid_until, act["effective"]))
    # Nothing ever waits for the document of a protective step: what was to be answered still is.
    if any(act["digest"]) and not protective:
        one = one._replace(subject=act["digest"])
    act.store.put(one)
    return {"state": one.state}


def change(act: Act) -> Derived:
    """Propose other terms, or accept those the other side proposed."""
    one = get_authorisation(act.store, act["authorisation"])
    rule = STEPS.get(act["step"])
    if rule is None or StepFlag.TERMS not in rule.flags:
        refuse("StepUnknown", act["step"])
    side = _accept(act, one, rule)
    _require_suitable(act, one, rule)
    _require_answer(act, one, one.subject)
    require_digest(act, act["digest"])
    terms = _hash_terms(act)
    if StepFlag.CLOSES_CHANGE in rule.flags:
        if not one.marks & CHANGE_OPEN:
            refuse("NoChangePending", one.authorisation)
        if terms != one.proposed:
            refuse("ChangeDiffers", one.authorisation, one.proposed, terms)
        _require_terms(act, one)
        one = _with_terms(act, _without_change(one))._replace(revision=one.revision + 1)
    else:
        if one.marks & CHANGE_OPEN:
            refuse("ChangePending", one.authorisation)
        _require_terms(act, one)
        mark = (
            Mark.CHANGE_PROPOSED_BY_CONSUMER
            if side is Side.CONSUMER
            else Mark.CHANGE_PROPOSED_BY_PROVIDER
        )
        one = one._replace(marks=one.marks | int(mark), proposed=terms)
    act.store.put(one._replace(subject=act["digest"]))
    return {"state": one.state, "newRevision": one.revision}


def get_authorisation(store: Store, authorisation: int) -> AuthorisationFact:
    """Return an authorisation.

    Raises:
        DecisionRefused: there is none.
    """
    found = store.find(AuthorisationFact, authorisation)
    if found is None:
        refuse("AuthorisationUnknown", authorisation)
    return found


def _apply(act: Act, department: bytes, wanted: dict[str, Any], number: int) -> int:
    owner = owner_of(act.store, wanted["application"])
    if owner != department:
        refuse("ApplicationNotOfDepartment", wanted["application"], department, owner)
    entry = get_entry(act.store, wanted["entry"])
    require_active(act, entry.provider)
    _require_applicable(act, wanted, entry)
    calls, rows, state = wanted["callsPerDay"], wanted["rowsPerDay"], State.APPLIED
    # A standing reply agrees to what it was given for: its own terms, once at a time for each
    # consumer, so that its quota is one. Anything else waits for the provider.
    if (
        entry.standing
        and entry.share_type == ShareType.UNCONDITIONAL
        and wanted["terms"] == entry.standing_terms
        and not _has_live_grant(act, entry.entry, department)
    ):
        state = State.AGREED
        act.store.put(StandingGrantFact(entry.entry, department, number))
        calls, rows = min(calls, entry.calls_per_day), min(rows, entry.rows_per_day)
    act.store.put(
        AuthorisationFact(
            authorisation=number,
            provider=entry.provider,
            consumer=department,
            entry=entry.entry,
            version=wanted["version"],
            items=wanted["items"],
            purpose=wanted["purpose"],
            application=wanted["application"],
            mode=wanted["mode"],
            state=int(state),
            revision=1,
            valid_from=wanted["validFrom"],
            valid_until=wanted["validUntil"],
            calls_per_day=calls,
            rows_per_day=rows,
            terms=wanted["terms"],
            subject=wanted["digest"],
            share_type=entry.share_type,
            item_count=entry.item_count,
        )
    )
    return int(state)


def _has_live_grant(act: Act, entry: bytes, consumer: bytes) -> bool:
    """Say whether the last one still counts: to the end of the day in which its period ends.

    Whatever became of it: its quota is a day's, and what was ended for cause must not come back.
    """
    last = act.store.find(StandingGrantFact, entry, consumer)
    one = act.store.find(AuthorisationFact, last.authorisation) if last else None
    return one is not None and beijing_day(act.time) <= beijing_day(one.valid_until - 1)


def _require_applicable(act: Act, wanted: dict[str, Any], entry: CatalogueFact) -> None:
    mode, items = wanted["mode"], wanted["items"]
    if entry.frozen:
        refuse("EntryIsFrozen", entry.entry)
    require_current(entry, wanted["version"])
    if not Mode.QUERY <= mode <= Mode.STATISTICS:
        refuse("ModeInvalid", mode)
    if entry.share_type == ShareType.NOT_SHARED:
        refuse("EntryNotShared", entry.entry, mode)
    _require_items(entry.entry, items, entry.item_count)
    _require_quota(wanted)
    require_period(act, wanted["validFrom"], wanted["validUntil"], LATEST)


def _require_answerable(act: Act, one: AuthorisationFact) -> None:
    number, answer, granted = one.authorisation, act["answer"], act["items"]
    if one.state == State.APPLIED:
        _require_screening(act.store, one, wanted=False)
    elif one.state != State.FORWARDED:
        refuse("StateUnsuitable", number, one.state)
    if act["subject"] != one.subject:
        refuse("SubjectMismatch", one.subject, act["subject"])
    if not Answer.AGREE <= answer <= Answer.REFUSE:
        refuse("AnswerInvalid", number, answer)
    if one.share_type == ShareType.UNCONDITIONAL and answer != Answer.AGREE:
        refuse("AnswerNotAllowed", number, answer)
    fits = {
        Answer.AGREE: granted == one.items,
        Answer.PARTLY: 0 != granted != one.items and not granted & ~one.items,
        Answer.REFUSE: granted == 0,
    }
    if not fits[answer]:
        refuse("ItemsNotGrantable", number, answer, one.items, granted)


def _require_not_wider(act: Act, one: AuthorisationFact) -> None:
    number, mode = one.authorisation, act["mode"]
    valid_from, valid_until = act["validFrom"], act["validUntil"]
    calls, rows = act["callsPerDay"], act["rowsPerDay"]
    if mode != one.mode:
        refuse("ModeDiffers", number, one.mode, mode)
    require_period(act, valid_from, valid_until, LATEST)
    if valid_from < one.valid_from or valid_until > one.valid_until:
        refuse("PeriodWidened", number, valid_from, valid_until)
    _require_quota(act.message)
    if calls > one.calls_per_day or rows > one.rows_per_day:
        refuse("QuotaWidened", number, calls, rows)


def _accept(act: Act, one: AuthorisationFact, rule: Rule) -> Side:
    """Accept a step by the first side that may take it and whose roles cover the signer."""
    return Side(accept(act, *mandates_of(act.store, one, rule)) + 1)


def mandates_of(store: Store, one: AuthorisationFact, rule: Rule) -> list[Mandate]:
    """Return who may take a step on an authorisation, side by side; without roles, it may not."""
    consuming, providing = rule.consumer, rule.provider
    if StepFlag.BY_SUSPENDER in rule.flags and one.suspended_by != Side.PROVIDER:
        providing = 0
    if StepFlag.OTHER_SIDE in rule.flags:
        if one.marks & Mark.CHANGE_PROPOSED_BY_CONSUMER:
            consuming = 0
        if one.marks & Mark.CHANGE_PROPOSED_BY_PROVIDER:
            providing = 0
    mandates = [
        Mandate(one.consumer, consuming),
        Mandate(one.provider, providing, even_inactive=StepFlag.EVEN_INACTIVE in rule.flags),
        Mandate(competent_of(store, one.provider), rule.competent),
    ]
    if StepFlag.RULES in rule.flags:
        superior = common_superior(store, one.consumer, one.provider)
        mandates.append(Mandate(superior, rule.competent))
    return mandates


def rulings_of(one: AuthorisationFact) -> list[State]:
    """Return the states in which a dispute on it may be ruled to end."""
    allowed = RULINGS.get(one.state, 0)
    # Bit 0 is no state: it stands for the one that was kept.
    kept = one.prior if allowed & PRIOR else 0
    return [each for each in State if allowed >> each & 1 or each == kept]


def starts_from(rule: Rule, one: AuthorisationFact, time: int) -> bool:
    """Say whether a step leads on from where an authorisation stands at a second of chain time."""
    origins = rule.origins | (rule.origins_ended if time >= one.valid_until else 0)
    return bool(origins >> one.state & 1)


def once_of(rule: Rule, side: Side) -> int:
    """Return the mark a step of a side leaves, which it must not find; 0: none."""
    each_side = StepFlag.EACH_SIDE in rule.flags
    return rule.once << (side - Side.PROVIDER) if each_side else rule.once


def _require_suitable(act: Act, one: AuthorisationFact, rule: Rule) -> None:
    if not starts_from(rule, one, act.time):
        refuse("StateUnsuitable", one.authorisation, one.state)


def _require_screening(store: Store, one: AuthorisationFact, *, wanted: bool) -> None:
    if is_screened(store, one.provider) is not wanted:
        competent = competent_of(store, one.provider)
        refuse("ScreeningUnsuitable", one.authorisation, competent, not wanted)


def _require_answer(act: Act, one: AuthorisationFact, subject: bytes) -> None:
    if act["revision"] != one.revision:
        refuse("RevisionMismatch", one.authorisation, one.revision, act["revision"])
    if act["subject"] != subject:
        refuse("SubjectMismatch", subject, act["subject"])


def _require_fields(act: Act, one: AuthorisationFact, rule: Rule) -> None:
    outcome, effective = act["outcome"], act["effective"]
    fits = outcome == 0
    if StepFlag.RULES in rule.flags:
        fits = outcome in rulings_of(one)
    if not fits:
        refuse("OutcomeInvalid", one.authorisation, outcome)
    if effective <= act.time if StepFlag.ENDS in rule.flags else effective:
        refuse("EffectiveInvalid", one.authorisation, effective)


def _mark(act: Act, one: AuthorisationFact, rule: Rule, side: Side) -> AuthorisationFact:
    if not rule.once:
        return one
    if rule.only_after & ~one.marks:
        refuse("NotAskedFor", one.authorisation, act["step"])
    once = once_of(rule, side)
    if one.marks & once:
        refuse("AlreadyDone", one.authorisation, act["step"])
    return one._replace(marks=one.marks | once)


def _move(act: Act, one: AuthorisationFact, rule: Rule, side: Side) -> AuthorisationFact:
    before, prior, suspended_by = one.state, one.prior, one.suspended_by
    state = rule.target or before
    if StepFlag.KEEPS_PRIOR in rule.flags:
        prior = before
    if StepFlag.SUSPENDS in rule.flags:
        suspended_by = int(side)
    if StepFlag.TO_PRIOR in rule.flags:
        state = prior
    if StepFlag.RULES in rule.flags:
        state = act["outcome"]
        if state == State.SUSPENDED != before:
            prior, suspended_by = before, int(Side.COMPETENT)
    # Back where it was: nothing of the interruption is left.
    if state != State.SUSPENDED and state == prior:
        prior, suspended_by = 0, 0
    one = one._replace(state=int(state), prior=prior, suspended_by=suspended_by)
    if StepFlag.CLOSES_CHANGE in rule.flags or permit_in(state) is not Permit.PERMITTED:
        return _without_change(one)
    return one


def _without_change(one: AuthorisationFact) -> AuthorisationFact:
    if not one.marks & CHANGE_OPEN:
        return one
    return one._replace(marks=one.marks & ~int(CHANGE_OPEN), proposed=ZERO)


def _with_terms(act: Act, one: AuthorisationFact) -> AuthorisationFact:
    return one._replace(
        items=act["items"],
        valid_from=act["validFrom"],
        valid_until=act["validUntil"],
        calls_per_day=act["callsPerDay"],
        rows_per_day=act["rowsPerDay"],
        terms=act["terms"],
    )


def _require_terms(act: Act, one: AuthorisationFact) -> None:
    _require_items(one.entry, act["items"], one.item_count)
    _require_quota(act.message)
    require_period(act, act["validFrom"], act["validUntil"], LATEST)


def _require_items(entry: bytes, items: int, count: int) -> None:
    if not items or items >> count:
        refuse("ItemsInvalid", entry, items, count)


def _require_quota(fields: dict[str, Any]) -> None:
    calls, rows = fields["callsPerDay"], fields["rowsPerDay"]
    if not (calls and rows):
        refuse("QuotaZero", calls, rows)


def _hash_terms(act: Act) -> bytes:
    numbers = ("items", "validFrom", "validUntil", "callsPerDay", "rowsPerDay")
    words = [act[name].to_bytes(32, "big") for name in numbers]
    return keccak256(b"".join([*words, act["terms"]]))
