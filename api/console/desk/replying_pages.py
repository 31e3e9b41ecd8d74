"""One authorisation: a reply item by item, and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from node.errors import Contradictory, InvalidInput, NotEntitled
from node.office.reads import get_paper, get_version
from node.protocol import forms as documents
from node.protocol.forms.words import decision_words, words_of
from node.protocol.ledger.enums import AuthorisationState, Role, StepFlag
from node.protocol.ledger.enums import Step as Steps
from node.protocol.ledger.steps import STEPS
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .seating import DESK, FormDep, SittingDep, number_of, to_decide

if TYPE_CHECKING:
    from node.protocol.ledger.facts import AuthorisationFact

    from .seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
LIST = "/desk/authorisations"
ONE = LIST + "/{number}"
GROUNDS = ("共享条件", "必要性", "合法性", "真实性", "法律", "行政法规", "国务院决定")
OFFERED = frozenset(Steps) - {Steps.PROPOSE_CHANGE, Steps.ACCEPT_CHANGE, Steps.RULE_DISPUTE}
"""Steps of one form; changes and rulings have pages of their own (`changing_pages`)."""
Number = Annotated[int, Path(ge=1, le=2**40)]


@router.get(ONE)
def show(request: Request, at: SittingDep, number: Number) -> Response:
    """Show one authorisation: what was asked for, what was decided, what may be decided now."""
    fact = _mine(at, number)
    node = at.node
    steps = node.queries.steps(number)
    applied = _applied(at, steps[0].digest)
    version = get_version(node.store, node.queries.get_entry(fact.entry, fact.version)).body
    reply, possible = node.queries.takeable(fact, at.person.held, at.now)
    granted = [item for bit, item in enumerate(version.items) if fact.items >> bit & 1]
    return render(
        request,
        "desk/authorisation.html",
        title=(f"授权 {number}", f"Authorisation {number}"),
        seat=DESK,
        here=LIST,
        crumbs=(Link(LIST, ("授权", "Authorisations")),),
        fact=fact,
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
        state=_state,
        code=ids.department_code,
        called=at.called,
        words_of=words_of,
        grounds=GROUNDS,
        points=[step for step in possible if step == Steps.REQUEST_SUPPLEMENT],
        ends=[step for step in possible if StepFlag.ENDS in STEPS[step].flags],
    )


@router.post(ONE + "/reply/fields")
def reply_fields(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Return the reply that is to be prepared and signed: agreed to, but for what is refused."""
    fact = _mine(at, number)
    at.require(Role.OFFICE_HEAD, ids.department_code(fact.provider))
    applied = _applied(at, at.node.queries.steps(number)[0].digest)
    refusals = [
        {
            "item": item,
            "reason": form.get(f"reason-{item}", ""),
            "ground": {
                "kind": form.get(f"ground-{item}", ""),
                "citation": form.get(f"citation-{item}", ""),
                "article": form.get(f"article-{item}") or None,
            },
        }
        for item in applied.items
        if form.get(f"answer-{item}") == "refuse"
    ]
    few = len(refusals) < len(applied.items)
    answer = "同意" if not refusals else "部分同意" if few else "不同意"
    fields: dict[str, Any] = {
        "authorisation": number,
        "answer": answer,
        "refusals": refusals,
        "opinion": form.get("opinion", ""),
        "handler": {"name": form.get("handler", ""), "phone": form.get("phone", "")},
    }
    if few:
        fields |= {name: form.get(name) or None for name in ("validFrom", "validUntil")}
        fields |= {name: number_of(form, name) for name in ("callsPerDay", "rowsPerDay")}
    return to_decide("Reply", fields)


@router.post(ONE + "/step/fields")
def step_fields(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Return the step that is to be prepared and signed."""
    fact = _mine(at, number)
    _, possible = at.node.queries.takeable(fact, at.person.held, at.now)
    words = {words_of(step)[0]: step for step in possible if step in OFFERED}
    chosen = form.get("step", "")
    if chosen not in words:
        raise InvalidInput(f"现在不能办理这一步（{chosen[:20]}）/ the step cannot be taken now")
    points = [line.strip() for line in form.get("points", "").splitlines() if line.strip()]
    fields = {
        "authorisation": number,
        "step": chosen,
        # What protects must not wait for its paper.
        "reason": form.get("reason") or (None if chosen in documents.PROTECTIVE else ""),
        "points": points if words[chosen] == Steps.REQUEST_SUPPLEMENT else [],
        **{name: form.get(name) or None for name in ("measures", "due")},
    }
    if StepFlag.ENDS in STEPS[words[chosen]].flags:
        fields["effective"] = form.get("effective") or None
    return to_decide("Step", fields)


def _mine(at: Sitting, number: int) -> AuthorisationFact:
    """Return an authorisation of a department in which he holds a role, or that it is under.

    Raises:
        NotEntitled: it is none of his departments' business.
    """
    fact = at.node.queries.get_authorisation(number)
    parties = {fact.provider, fact.consumer}
    parties |= {at.node.queries.competent_of(each) for each in (fact.provider, fact.consumer)}
    if not parties & set(at.officer.roles):
        raise NotEntitled("这份授权与您所在的部门无关 / is none of your departments' business")
    return fact


def _applied(at: Sitting, digest: bytes) -> documents.ApplicationPaper:
    """Return the application he may read.

    Raises:
        LedgerBehind: it has not arrived here, or is not his to read.
        Contradictory: what has that digest is no application.
    """
    body = get_paper(at.papers, digest).body
    if not isinstance(body, documents.ApplicationPaper):
        raise Contradictory(f"摘要 {digest.hex()} 不是申请的 / it is no application's digest")
    return body


def _state(fact: AuthorisationFact) -> tuple[str, str]:
    return words_of(AuthorisationState(fact.state))


def _taken(step: Any) -> tuple[str, str]:  # noqa: ANN401 - a StepFact
    return decision_words(step.name, {"step": step.step, "answer": step.answer})
