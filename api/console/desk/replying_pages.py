"""One authorisation: what it is, a reply where one is due, and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ledger_sync.objects import authorisation_ref
from node.errors import InvalidInput
from node.office.reads import get_version
from node.protocol.forms import PROTECTIVE
from node.protocol.forms.words import decision_words, words_of
from node.protocol.ledger.enums import AuthorisationState, Role, StepFlag
from node.protocol.ledger.enums import Step as Steps
from node.protocol.ledger.steps import STEPS
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .seating import DESK, FormDep, LookingDep, Sitting, SittingDep, to_decide
from .terms_pages import LIST, ONE, Number, applied_for, find_terms, form_values, replying
from .terms_pages import mine as _mine

if TYPE_CHECKING:
    from node.protocol.ledger.facts import AuthorisationFact

    from .seating import Looking

router = APIRouter(route_class=Readable, include_in_schema=False)
DECISIONS = 200
"""Of an authorisation, of which it is said when and by whom they were taken."""
OFFERED = frozenset(Steps) - {Steps.PROPOSE_CHANGE, Steps.ACCEPT_CHANGE, Steps.RULE_DISPUTE}
"""Steps of one form; changes and rulings have pages of their own (`changing_pages`)."""

_PUT_RIGHT = {Steps.SUSPEND, Steps.TAKE_OVER, Steps.TERMINATE_FOR_CAUSE, Steps.DISPUTE_DISPOSAL}
FIELDS: dict[str, set[Steps]] = {
    "points": {Steps.REQUEST_SUPPLEMENT},
    "measures": {*_PUT_RIGHT, Steps.RECTIFY, Steps.REPORT_DISPOSAL},
    "due": _PUT_RIGHT,
    "effective": {step for step in Steps if StepFlag.ENDS in STEPS[step].flags},
}
"""What is asked besides the reason, and at which steps."""


@router.get(ONE)
def show(request: Request, at: LookingDep, number: Number) -> Response:
    """Show one authorisation: what was asked for, what was decided, what may be decided now."""
    fact = _mine(at, number)
    node = at.node
    steps = node.queries.steps(number)
    applied = applied_for(at, steps[0].digest)
    version = get_version(node.store, node.queries.get_entry(fact.entry, fact.version)).body
    reply, possible = node.queries.takeable(fact, at.roles if at.decides else {}, at.now)
    terms = find_terms(at, fact)
    consumer = ids.department_code(fact.consumer)
    granted = [item for bit, item in enumerate(version.items) if fact.items >> bit & 1]
    return render(
        request,
        "desk/authorisation.html",
        title=(f"授权 {number}", f"Authorisation {number}"),
        seat=DESK,
        here=LIST,
        crumbs=(Link(LIST, ("授权", "Authorisations")),),
        fact=fact,
        receipts_of=consumer if consumer in at.own(Role(63)) else "",
        terms=terms,
        **form_values(version),
        who=at.person if isinstance(at, Sitting) else None,
        applied=applied,
        version=version,
        items=granted,
        reply=reply,
        possible=[step for step in possible if step in OFFERED],
        further={
            "ruling" if step == Steps.RULE_DISPUTE else "change": words_of(step)
            for step in possible
            if step not in OFFERED
        },
        taken=[(each, _taken(each)) for each in reversed(steps)],
        decided=_decided(at, number),
        state=_state,
        code=ids.department_code,
        called=at.called,
        words_of=words_of,
        **replying(at, fact, applied, version, terms),
        further_fields={
            name: words
            for name, steps in FIELDS.items()
            if (words := [words_of(step)[0] for step in possible if step in steps & OFFERED])
        },
    )


@router.post(ONE + "/step/fields")
def step_fields(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Return the step that is to be prepared and signed."""
    fact = _mine(at, number)
    _, possible = at.node.queries.takeable(fact, at.person.held, at.now)
    words = {words_of(step)[0]: step for step in possible if step in OFFERED}
    chosen = form.get("step", "")
    if chosen not in words:
        raise InvalidInput(f"现在不能办理这一步（{chosen[:20]}）/ the step cannot be taken now")
    step = words[chosen]
    # What was typed for another step, before this one was chosen, is not signed.
    told = {name: form.get(name, "") if step in steps else "" for name, steps in FIELDS.items()}
    said = {name: told[name] or None for name in ("measures", "due")}
    # What protects must not wait for its paper; what a paper would say needs one.
    at_once = chosen in PROTECTIVE and not any(said.values())
    reason = form.get("reason", "").strip()
    if not reason and not at_once:
        raise InvalidInput(f"{chosen}应写明理由 / this step needs a reason")
    fields = {
        "authorisation": number,
        "step": chosen,
        "reason": reason or None,
        "points": [line.strip() for line in told["points"].splitlines() if line.strip()],
        **said,
    }
    if step in FIELDS["effective"]:
        fields["effective"] = told["effective"] or None
    return to_decide("Step", fields)


def _decided(at: Looking, number: int) -> dict[int, tuple[int, str]]:
    """Return when and by which department each decision was taken, by its number."""
    found = at.node.queries.newest_decisions_of(*authorisation_ref(number), DECISIONS)
    return {
        each.seq: (each.block.timestamp, at.called(ids.department_code(each.acting)))
        for each in found
        if each.contract == "ShareAuthorisations"
    }


def _state(fact: AuthorisationFact) -> tuple[str, str]:
    return words_of(AuthorisationState(fact.state))


def _taken(step: Any) -> tuple[str, str]:  # noqa: ANN401 - a StepFact
    return decision_words(step.name, {"step": step.step, "answer": step.answer})
