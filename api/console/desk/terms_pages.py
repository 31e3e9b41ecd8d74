"""A reply as it is written: terms built by form, previewed on one's own rows, handed over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from node.errors import Contradictory, InvalidInput, NotEntitled, NotFound, SignatureInvalid
from node.office.reads import get_paper, get_version
from node.office.replies import (
    DISPOSALS,
    GROUNDS,
    MOST_CONDITIONS,
    OPERATORS,
    RULES,
    ReplyForm,
    TermsForm,
    dump_draft,
    fields_of,
    load_draft,
    rule_words,
    title_of,
)
from node.office.replies import KIND as REPLY
from node.office.turnstile import PREVIEWS
from node.protocol.forms import ApplicationPaper, TermsPaper
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids
from node.service.masking import parse_rule
from node.service.previews import LOOKERS, ROWS

from ...http.verbs import Readable
from ..audit.auditing import bounded_work, look_of
from ..pages import render
from .handing import Handed, add_handing
from .seating import DESK, FormDep, Sitting, SittingDep, number_of, to_decide, to_page

if TYPE_CHECKING:
    from node.office.drafts import Listed, Opened
    from node.office.sessions import Session
    from node.protocol.forms import CatalogueVersionPaper
    from node.protocol.forms.versions import Item
    from node.protocol.ledger.facts import AuthorisationFact

    from .seating import Looking

router = APIRouter(route_class=Readable, include_in_schema=False)
LIST = "/desk/authorisations"
ONE = LIST + "/{number}"
Number = Annotated[int, Path(ge=1, le=2**40)]
DRAFT = re.compile("[0-9a-f]{32}")
DAY = "1990-05-17"
SAMPLES = (
    (("日期", "时间", "年月"), DAY),
    (("电话", "手机"), "13812340000"),
    (("号", "代码", "证"), "130902199001011234"),
    (("址", "住所"), "沧州市某区某路 12 号"),
    (("名", "人"), "王小明"),
)
"""A value of the sort that an item holds, by what its name or type has in it."""
OTHERWISE = "某项内容"
ENDS = ((15, (6, 4)), (11, (3, 4)), (0, (1, 0)))
"""How many characters may stay at both ends, by how long values are."""


@router.post(ONE + "/reply/preview")
def preview(request: Request, at: SittingDep, number: Number, form: FormDep) -> Response:
    """Show a few rows of the provider's own source as the consumer would get them.

    Raises:
        LedgerError: he may not look, nothing can be read (`Previews.judge`, `read`) or logged.
        Overloaded: too many at once, in this minute, or under this login.
    """
    node, said = at.node, _form(at, mine(at, number), form)
    held, key = at.officer.roles, at.officer.key
    sight = node.previews.judge(key, held, number, said.agreed, said.limits())
    node.turnstile.take(_session(at).id, PREVIEWS)
    with bounded_work():
        found = node.previews.read(sight)
    look = look_of(node, at.officer)
    page = render(
        request,
        "desk/preview.html",
        title=("预览", "Preview"),
        seat=DESK,
        here=LIST,
        fragment="preview",
        items=[each for each in said.version.items if each.code in sight.items],
        masks=sight.verdict.masks,
        rule_words=rule_words,
        rows=found.rows,
        more=found.last is not None,
        event=look.event.hex(),
    )
    # Log first, then show: of these very bytes.
    committed = node.previews.log(sight, len(found.rows), look, bytes(page.body))
    page.headers["ShareLedger-Leaf"] = str(committed.index)
    return page


@router.post(ONE + "/reply/draft")
def save_draft(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Keep what was filled in so far."""
    _save(at, mine(at, number), form)
    return to_page(ONE.format(number=number))


def _draft_of(at: SittingDep, number: Number, form: FormDep) -> Handed:
    page = ONE.format(number=number)
    return Handed(_named(at, mine(at, number), form), page, page)


def _kept(at: SittingDep, number: Number, form: FormDep) -> Handed:
    """Keep a reply before it is handed over; one that goes back says why."""
    fact, page = mine(at, number), ONE.format(number=number)
    if not form.get("comment", "").strip() and form.get("role") == "0":
        raise InvalidInput("请写明退回的意见 / say why it goes back")
    named, revision = _save(at, fact, form)
    return Handed(named, page, page, revision)


add_handing(router, ONE + "/reply", _kept, _draft_of)


@router.post(ONE + "/reply/fields")
def reply_fields(at: SittingDep, number: Number, form: FormDep) -> Response:
    """Return the reply that is to be prepared and signed: agreed to, but for what is refused."""
    fact = mine(at, number)
    at.require(Role.OFFICE_HEAD, ids.department_code(fact.provider))
    return to_decide("Reply", _form(at, fact, form).reply())


@router.post(ONE + "/reply/done")
def done(at: SittingDep, number: Number) -> Response:
    """Drop the draft of a reply that was signed."""
    fact, drafts = mine(at, number), at.node.drafts
    draft = _find_draft(at, fact)
    due = at.node.queries.is_reply_due(fact)
    if draft is not None and draft.listed.may_change(at.person) and not due:
        drafts.drop(at.person, draft.listed.id)
    return to_page(ONE.format(number=number))


@router.get("/desk/replies/{named}")
def open_draft(
    at: SittingDep, named: Annotated[str, Path(pattern=f"^{DRAFT.pattern}$")]
) -> Response:
    """Lead from a draft to the application it answers."""
    number, _ = load_draft(at.node.drafts.get(at.person, bytes.fromhex(named), REPLY).body)
    return RedirectResponse(ONE.format(number=number), status_code=303)


def mine(at: Looking, number: int) -> AuthorisationFact:
    """Return an authorisation of a department in which he holds a role, or that it is under.

    Raises:
        NotEntitled: it is none of his departments' business.
    """
    fact = at.node.queries.get_authorisation(number)
    parties = {fact.provider, fact.consumer}
    parties |= {at.node.queries.competent_of(each) for each in (fact.provider, fact.consumer)}
    if not parties & set(at.roles):
        raise NotEntitled("这份授权与您所在的部门无关 / is none of your departments' business")
    return fact


def applied_for(at: Looking, digest: bytes) -> ApplicationPaper:
    """Return the application he may read.

    Raises:
        LedgerBehind: it has not arrived here, or is not his to read.
        Contradictory: what has that digest is no application.
    """
    body = get_paper(at.papers, digest).body
    if not isinstance(body, ApplicationPaper):
        raise Contradictory(f"摘要 {digest.hex()} 不是申请的 / it is no application's digest")
    return body


def replying(
    at: Looking,
    fact: AuthorisationFact,
    applied: ApplicationPaper,
    version: CatalogueVersionPaper,
    terms: TermsPaper | None,
) -> dict[str, Any]:
    """Return what a page needs for the form of a reply; `form` is None where none is due."""
    if not isinstance(at, Sitting):
        return {"form": None, "draft": None}
    draft = _find_draft(at, fact)
    writes = bool(at.officer.roles.get(fact.provider, 0) & LOOKERS)
    if not (writes and at.node.queries.is_reply_due(fact)):
        return {"form": None, "draft": draft}
    brought = {} if terms is None else fields_of(terms)
    fields = brought if draft is None else load_draft(draft.body)[1]
    fits = terms is None or says(ReplyForm(brought, fact, version, applied), terms)
    return {
        "form": fields,
        "fits": fits,
        "draft": draft,
        "mine": draft is None or draft.listed.may_change(at.person),
        "can_take_back": draft is not None
        and bool(draft.listed.waits_for)
        and draft.listed.author == at.person.key,
        "office_head": int(Role.OFFICE_HEAD),
        "has_source": at.node.previews.offers(fact),
        "grounds": GROUNDS,
        "shown_rows": ROWS,
    }


def form_values(version: CatalogueVersionPaper) -> dict[str, Any]:
    """Return what `desk/limits.html` needs to make a form of terms."""
    return {
        "masked": _masked,
        "ends_of": ends_of,
        "offered": [item for item in version.items if item.filterable],
        "most": MOST_CONDITIONS,
        "operators": OPERATORS,
        "disposals": DISPOSALS,
        "rules": RULES,
        "rule_words": rule_words,
        "item_names": {item.code: item.name for item in version.items},
    }


def says(form: TermsForm, terms: TermsPaper) -> bool:
    """Tell whether a form can say what terms say; else they are answered at the command line."""
    try:
        return form.limits().says(terms)
    except InvalidInput:
        return False


def _masked(rule: str, item: Item) -> str:
    """Return an example of what a rule leaves of an item; none of a year where it holds no day."""
    sample = sample_of(item)
    return "" if rule == "year" and sample != DAY else str(parse_rule(rule)(sample))


def sample_of(item: Item) -> str:
    """Return a value of the sort an item holds, no longer than it may be."""
    about = item.name + item.type
    found = next((text for parts, text in SAMPLES if any(part in about for part in parts)), None)
    return (found or OTHERWISE)[: item.length]


def ends_of(item: Item) -> tuple[int, int]:
    """Return how many characters of an item's values may stay in front and behind, as a start."""
    return next(ends for length, ends in ENDS if len(sample_of(item)) >= length)


def find_terms(at: Looking, fact: AuthorisationFact) -> TermsPaper | None:
    """Return the terms of an authorisation; None where there are none, or not here."""
    return read_terms(at, fact.terms)


def read_terms(at: Looking, digest: bytes) -> TermsPaper | None:
    """Return terms by their digest, as `find_terms`."""
    if digest == ids.ZERO or at.papers.find(digest) is None:
        return None
    body = get_paper(at.papers, digest).body
    return body if isinstance(body, TermsPaper) else None


def _form(at: Sitting, fact: AuthorisationFact, form: dict[str, str]) -> ReplyForm:
    node = at.node
    applied = applied_for(at, node.queries.steps(fact.authorisation)[0].digest)
    version = get_version(node.store, node.queries.get_entry(fact.entry, fact.version)).body
    return ReplyForm(form, fact, version, applied)


def _session(at: Sitting) -> Session:
    if at.officer.session is None:
        raise SignatureInvalid("请先登录 / sign in first")
    return at.officer.session


def _find_draft(at: Sitting, fact: AuthorisationFact) -> Opened | None:
    """Return the draft of a reply that he may read, sooner one that he may change."""
    drafts = at.node.drafts
    listed = [each for each in drafts.list(at.person) if _is_of(each, fact)]
    listed.sort(key=lambda each: not each.may_change(at.person))
    return drafts.get(at.person, listed[0].id, REPLY) if listed else None


def _save(at: Sitting, fact: AuthorisationFact, form: dict[str, str]) -> tuple[bytes, int]:
    """Keep a form as the draft it names, or as a new one; return the draft's id and revision."""
    owner = at.require(LOOKERS, ids.department_code(fact.provider))
    body, drafts = dump_draft(fact.authorisation, form), at.node.drafts
    if form.get("draft"):
        named = _named(at, fact, form)
        return named, drafts.save(at.person, named, number_of(form, "revision"), body)
    if not at.node.queries.is_reply_due(fact):
        raise InvalidInput("这份申请现在不待答复 / no reply is due")
    begun = drafts.begin(at.person, owner, REPLY, title_of(fact.authorisation), body)
    return begun.id, begun.revision


def _named(at: Sitting, fact: AuthorisationFact, form: dict[str, str]) -> bytes:
    """Return the draft that a form names, which is one of this reply."""
    text = form.get("draft", "")
    if not DRAFT.fullmatch(text):
        raise InvalidInput("没有写明草稿 / no draft is named")
    listed = at.node.drafts.get(at.person, bytes.fromhex(text), REPLY).listed
    if not _is_of(listed, fact):
        raise NotFound(f"没有草稿 {text} / no such draft")
    return listed.id


def _is_of(listed: Listed, fact: AuthorisationFact) -> bool:
    found = listed.kind, listed.department, listed.title
    return found == (REPLY, fact.provider, title_of(fact.authorisation))
