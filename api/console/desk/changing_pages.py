"""Other terms for an authorisation, proposed and accepted; a dispute on one, ruled.

Who may take such a step now sees the page; the contract's own table says who that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.errors import Contradictory, InvalidInput, NotEntitled
from node.office.reads import get_paper, get_version
from node.office.replies import TermsForm, fields_of
from node.protocol import forms as documents
from node.protocol.forms.words import decision_words, words_of
from node.protocol.ledger.authorisations import rulings_of
from node.protocol.ledger.enums import AuthorisationState as State
from node.protocol.ledger.enums import Step
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from ..wording import day
from .seating import DESK, FormDep, SittingDep, to_decide
from .terms_pages import LIST, Number, find_terms, form_values, read_terms, says

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.protocol.forms import CatalogueVersionPaper, TermsPaper
    from node.protocol.ledger.facts import AuthorisationFact

    from ..frames import Words
    from .seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
CHANGE, RULING = LIST + "/{number}/change", LIST + "/{number}/ruling"
MEANINGS: dict[State, Words] = {
    State.FORWARDED: ("交提供部门重新答复", "the provider replies anew"),
    State.AGREED: ("授权继续有效", "it goes on"),
    State.REFUSED: ("维持不予共享", "the refusal stands"),
    State.DELIVERED: ("恢复到已交付", "as delivered before"),
    State.ACTIVE: ("恢复使用", "in use as before"),
    State.SUSPENDED: (
        "暂停使用，由主管部门恢复",
        "halted until the competent department resumes it",
    ),
    State.TERMINATED: (
        "终止，使用部门处置已取得的数据",
        "ended; the consumer disposes of the data",
    ),
}
"""What a ruling to a state comes to."""


class Limit(NamedTuple):
    """One thing a change is about: as granted, and as proposed."""

    words: Words
    now: str
    then: str


class Said(NamedTuple):
    """What a side said when it decided."""

    words: Words
    block: int
    text: str | None
    """None: its paper is not here."""


@router.get(CHANGE)
def change(request: Request, at: SittingDep, number: Number) -> Response:
    """Show the terms that may be changed, or those proposed beside those granted."""
    fact, step = _takes(at, number, Step.PROPOSE_CHANGE, Step.ACCEPT_CHANGE)
    version = _version(at, fact)
    proposed = _proposed(at, number) if step == Step.ACCEPT_CHANGE else None
    terms = find_terms(at, fact)
    then = terms
    if proposed is not None and proposed.terms not in {None, fact.terms.hex()}:
        then = read_terms(at, bytes.fromhex(proposed.terms or ""))
    return render(
        request,
        "desk/change.html",
        title=words_of(step),
        seat=DESK,
        here=LIST,
        crumbs=_crumbs(number),
        fact=fact,
        version=version,
        granted=_granted(fact, version),
        proposed=proposed,
        limits=list(_limits(fact, version, proposed)) if proposed is not None else [],
        terms=terms,
        proposed_terms=then,
        builds=proposed is None and _builds(fact, version, terms),
        form={} if terms is None else fields_of(terms),
        **form_values(version),
        called=at.called,
        code=ids.department_code,
    )


@router.post(CHANGE + "/fields")
def change_fields(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Return the change that is to be prepared and signed."""
    fact, step = _takes(at, number, Step.PROPOSE_CHANGE, Step.ACCEPT_CHANGE)
    asked: dict[str, Any] = {
        "authorisation": number,
        "step": words_of(step)[0],
        "reason": form.get("reason", ""),
        "handler": {"name": form.get("handler", ""), "phone": form.get("phone", "")},
    }
    if step == Step.PROPOSE_CHANGE:
        version, terms = _version(at, fact), find_terms(at, fact)
        build = _builds(fact, version, terms)
        asked |= TermsForm(form, fact, version).change(terms, build=build)
    return to_decide("Change", asked)


@router.get(RULING)
def ruling(request: Request, at: SittingDep, number: Number) -> Response:
    """Show what both sides said, and what the dispute may be ruled to."""
    fact, _ = _takes(at, number, Step.RULE_DISPUTE)
    version = _version(at, fact)
    words = {state: word for word, state in documents.OUTCOMES.items()}
    return render(
        request,
        "desk/ruling.html",
        title=words_of(Step.RULE_DISPUTE),
        seat=DESK,
        here=LIST,
        crumbs=_crumbs(number),
        fact=fact,
        state=words_of(State(fact.state)),
        version=version,
        said=list(_said(at, number, version)),
        outcomes=[(words[each], words_of(each), MEANINGS[each]) for each in rulings_of(fact)],
        called=at.called,
        code=ids.department_code,
    )


@router.post(RULING + "/fields")
def ruling_fields(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Return the ruling that is to be prepared and signed."""
    fact, _ = _takes(at, number, Step.RULE_DISPUTE)
    outcome = form.get("outcome", "")
    if documents.OUTCOMES.get(outcome) not in rulings_of(fact):
        raise InvalidInput(f"现在不能这样裁定（{outcome[:20]}）/ it cannot be ruled so now")
    asked = {
        "authorisation": number,
        "step": words_of(Step.RULE_DISPUTE)[0],
        "reason": form.get("reason", ""),
        "outcome": outcome,
        **{name: form.get(name) or None for name in ("measures", "due")},
    }
    return to_decide("Step", asked)


def _takes(at: Sitting, number: int, *steps: Step) -> tuple[AuthorisationFact, Step]:
    """Return an authorisation with the step that he may take on it now.

    Raises:
        NotEntitled: he may take none of `steps`.
    """
    fact = at.node.queries.get_authorisation(number)
    _, possible = at.node.queries.takeable(fact, at.person.held, at.now)
    for step in steps:
        if step in possible:
            return fact, step
    raise NotEntitled(
        f"您现在不能在授权 {number} 上办理{'、'.join(words_of(each)[0] for each in steps)}"
        " / you cannot take this step on it now"
    )


def _version(at: Sitting, fact: AuthorisationFact) -> CatalogueVersionPaper:
    entry = at.node.queries.get_entry(fact.entry, fact.version)
    body: CatalogueVersionPaper = get_version(at.node.store, entry).body
    return body


def _builds(
    fact: AuthorisationFact, version: CatalogueVersionPaper, terms: TermsPaper | None
) -> bool:
    """Whether the form can say the terms as they are; else it leaves them alone."""
    if terms is None:
        return fact.terms == ids.ZERO
    granted = {f"grant-{code}": "on" for code in _granted(fact, version)}
    return says(TermsForm(granted | fields_of(terms), fact, version), terms)


def _granted(fact: AuthorisationFact, version: CatalogueVersionPaper) -> set[str]:
    return {item.code for bit, item in enumerate(version.items) if fact.items >> bit & 1}


def _proposed(at: Sitting, number: int) -> documents.ChangePaper:
    """Return the change that waits to be accepted: the one proposed last.

    Raises:
        LedgerBehind: it has not arrived here, or is not his to read.
        Contradictory: what has that digest is no change.
    """
    last = [each for each in at.node.queries.steps(number) if each.name == "Change"][-1]
    body = get_paper(at.papers, last.digest).body
    if not isinstance(body, documents.ChangePaper):
        raise Contradictory(f"摘要 {last.digest.hex()} 不是变更的 / it is no change's digest")
    return body


def _limits(
    fact: AuthorisationFact, version: CatalogueVersionPaper, proposed: documents.ChangePaper
) -> Iterator[Limit]:
    names = {item.code: item.name for item in version.items}
    granted = [code for code in names if code in _granted(fact, version)]
    yield Limit(("信息项", "Items"), _named(names, granted), _named(names, proposed.items))
    yield Limit(("起日", "First day"), day(fact.valid_from), proposed.valid_from.isoformat())
    until = day(fact.valid_until - 1)
    yield Limit(("止日", "Last day"), until, proposed.valid_until.isoformat())
    calls, rows = str(fact.calls_per_day), str(fact.rows_per_day)
    yield Limit(("每日次数", "Calls a day"), calls, str(proposed.calls_per_day))
    yield Limit(("每日行数", "Rows a day"), rows, str(proposed.rows_per_day))
    terms = "" if fact.terms == ids.ZERO else fact.terms.hex()
    yield Limit(("附加条件文书 SM3", "Terms, SM3"), terms or "—", proposed.terms or "—")


def _named(names: Mapping[str, str], codes: Any) -> str:  # noqa: ANN401 - a list or a tuple
    return "、".join(names.get(code, code) for code in codes)


def _said(at: Sitting, number: int, version: CatalogueVersionPaper) -> Iterator[Said]:
    """Yield what the papers that are here, and his to read, say; the oldest first."""
    steps = at.node.queries.steps(number)
    papers = at.papers.find_all(each.digest for each in steps)
    names = {item.code: item.name for item in version.items}
    for each in steps:
        words = decision_words(each.name, {"step": each.step, "answer": each.answer})
        data = papers.get(each.digest)
        body: Any = None if data is None else documents.parse(data).body
        # What protects may have been decided without a paper.
        text = None if body is None else _words_in(body, names)
        text = "—" if each.digest == ids.ZERO else text
        yield Said(words, each.block, text)


def _words_in(body: Any, names: Mapping[str, str]) -> str | None:  # noqa: ANN401 - a paper
    if isinstance(body, documents.ApplicationPaper):
        return f"{body.purpose.name}；{body.scenario}"
    if isinstance(body, documents.StepPaper | documents.ChangePaper):
        return body.reason
    if not isinstance(body, documents.ReplyPaper):
        return None  # somebody named another paper's digest
    refused = [
        f"{names.get(each.item, each.item)}：{each.reason}（{each.ground.citation}）"
        for each in body.refusals
    ]
    return "；".join([body.opinion, *refused])


def _crumbs(number: int) -> tuple[Link, ...]:
    one = Link(f"{LIST}/{number}", (f"授权 {number}", f"Authorisation {number}"))
    return Link(LIST, ("授权", "Authorisations")), one
