"""Applying: entries chosen as into a basket, the providers' conditions beside, one signature.

A basket is a draft in office.db (`node.office.baskets`): whoever fills it hands it to the head of
the sharing office, who signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from node.documents.search import QUERY_LIMIT
from node.errors import Conflict, NotEntitled
from node.office import baskets
from node.protocol import forms as documents
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .handing import Handed, add_handing
from .seating import APPLIERS, DESK, FormDep, SittingDep, number_of, to_decide, to_page

if TYPE_CHECKING:
    from node.office.baskets import Basket, Line
    from node.office.drafts import Listed, Opened

    from .seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
APPLY = "/desk/apply"
ONE = APPLY + "/{named}"
FOUND = 8
"""Entries that are offered while one types."""
TRIES = 5
"""Of putting an entry into a basket that is changed at the same moment."""
EntryId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Named = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.get(APPLY)
def listed(request: Request, at: SittingDep) -> Response:
    """Show the baskets that are being filled, or wait for their signature."""
    own = at.own(APPLIERS)
    return render(
        request,
        "desk/applications.html",
        title=("申请单", "Applications"),
        seat=DESK,
        here=APPLY,
        drafts=[each for each in at.node.drafts.list(at.person) if each.kind == baskets.KIND],
        own=own,
        choices=[(each, at.called(each)) for each in own],
        called=at.called,
        code=ids.department_code,
        who=at.person,
    )


@router.post(APPLY)
def begin(at: SittingDep, form: FormDep) -> Response:
    """Begin an empty basket of a department."""
    return to_page(_at(_begin(at, form.get("department", ""))))


@router.post(APPLY + "/add")
def add(
    request: Request,
    at: SittingDep,
    entry: Annotated[str, Query(pattern="^[0-9a-f]{64}$")],
    named: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    then: Annotated[str, Query(pattern="^(page|stay)$")] = "stay",
) -> Response:
    """Put an entry into the basket that is named, or the one used last, or a new one."""
    listed, count = _put(at, bytes.fromhex(entry), named)
    if then == "page":
        return to_page(_at(listed))
    words = ("申请单", "Applications")
    return render(request, "desk/added.html", title=words, here_at=_at(listed), count=count)


@router.get(ONE)
def show(request: Request, at: SittingDep, named: Named) -> Response:
    """Show a basket: items and conditions of each entry, and what is said once for all."""
    opened, basket, lines = _open(at, named)
    department = ids.department_code(opened.listed.department)
    systems = _systems(at, department)
    return render(
        request,
        "desk/apply.html",
        title=("填写申请单", "Application"),
        seat=DESK,
        here=APPLY,
        crumbs=(Link(APPLY, ("申请单", "Applications")),),
        opened=opened,
        lines=lines,
        wrong=sum(bool(line.troubles) for line in lines),
        said={name: basket.said.get(name, "") for name in baskets.SAID},
        purposes=baskets.purposes_of(lines),
        systems=systems,
        department=department,
        called=at.called,
        mine=opened.listed.may_change(at.person),
        signs=_may_sign(at, opened),
        can_take_back=opened.listed.author == at.person.key and opened.listed.waits_for != 0,
        here_at=f"{APPLY}/{named}",
        head=int(Role.OFFICE_HEAD),
        most=baskets.MOST,
    )


@router.get(ONE + "/find")
def find(
    request: Request,
    at: SittingDep,
    named: Named,
    q: Annotated[str, Query(max_length=QUERY_LIMIT)] = "",
) -> Response:
    """Show entries that could be put in."""
    query = q.strip()
    return render(
        request,
        "desk/found.html",
        title=("申请单", "Application"),
        named=named,
        query=query,
        found=at.node.search.search(query, limit=FOUND) if query else [],
    )


@router.post(ONE + "/save")
def save(at: SittingDep, named: Named, form: FormDep) -> Response:
    """Keep what the form says."""
    opened, basket, lines = _open(at, named)
    _keep(at, opened, baskets.fill(basket, lines, form), form)
    return to_page(f"{APPLY}/{named}")


@router.post(ONE + "/remove/{entry}")
def remove(at: SittingDep, named: Named, entry: EntryId, form: FormDep) -> Response:
    """Take an entry out; what the form says is kept."""
    opened, basket, lines = _open(at, named)
    filled = baskets.fill(basket, lines, form)
    _keep(at, opened, baskets.remove(filled, bytes.fromhex(entry)), form)
    return to_page(f"{APPLY}/{named}")


@router.post(ONE + "/renew/{entry}")
def renew(at: SittingDep, named: Named, entry: EntryId, form: FormDep) -> Response:
    """Choose the version of an entry that is in force now; what the form says is kept."""
    opened, basket, lines = _open(at, named)
    filled = baskets.fill(basket, lines, form)
    node, which = at.node, bytes.fromhex(entry)
    _keep(at, opened, baskets.renew(filled, which, node.queries, node.store), form)
    return to_page(f"{APPLY}/{named}")


def _named(named: Named) -> Handed:
    return Handed(bytes.fromhex(named), f"{APPLY}/{named}", APPLY)


def _kept(at: SittingDep, named: Named, form: FormDep) -> Handed:
    """Keep what the form says before it is handed over."""
    opened, basket, lines = _open(at, named)
    revision = _keep(at, opened, baskets.fill(basket, lines, form), form)
    return _named(named)._replace(revision=revision)


add_handing(router, ONE, _kept, _named)


@router.post(ONE + "/fields")
def fields(at: SittingDep, named: Named, form: FormDep) -> Response:
    """Return the applications that are to be prepared and signed; what the form says is kept."""
    opened, basket, lines = _open(at, named)
    department = ids.department_code(opened.listed.department)
    at.require(Role.OFFICE_HEAD, department)
    filled, systems = baskets.fill(basket, lines, form), dict(_systems(at, department))
    asked = baskets.fields_of(filled, _weigh(at, opened, filled), department, systems)
    revision = _keep(at, opened, filled, form)
    return to_decide("ApplyFor", asked, revision=revision)


@router.post(ONE + "/done")
def done(at: SittingDep, named: Named) -> Response:
    """Drop a basket whose every entry has been applied for."""
    opened, basket, _ = _open(at, named)
    if not baskets.is_applied_for(basket, opened.listed.department, at.node.queries):
        raise Conflict("还有目录没有申请 / some entries are not applied for yet")
    at.node.drafts.drop(at.person, opened.listed.id)
    return to_page("/desk/authorisations")


def _begin(at: Sitting, department: str) -> Listed:
    owner, empty = at.require(APPLIERS, department), baskets.begin_basket()
    return at.node.drafts.begin(
        at.person, owner, baskets.KIND, baskets.title_of([]), empty.dump()
    )  # fmt: skip


def _put(at: Sitting, entry: bytes, named: str, tries: int = TRIES) -> tuple[Listed, int]:
    """Put an entry in; return the basket and how many are in it.

    Raises:
        NotEntitled: he applies for no department.
        Conflict: it is being changed again and again.
        InvalidInput, NotFound, LedgerBehind: as `baskets.add`.
    """
    node, own = at.node, at.own(APPLIERS)
    if not own:
        raise NotEntitled(
            "由使用部门的数据专管员或共享工作机构负责人选目录、填申请"
            " / applications are filled in by data officers and office heads"
        )
    wanted = bytes.fromhex(named)
    if not wanted:
        current = baskets.find_current(node.drafts.list(at.person), at.person)
        if current is None:
            # What cannot be applied for leaves no empty basket behind.
            baskets.add(baskets.begin_basket(), entry, node.queries, node.store)
            current = _begin(at, own[0])
        wanted = current.id
    opened, basket, _ = _open(at, wanted.hex())
    filled = baskets.add(basket, entry, node.queries, node.store)
    try:
        _write(at, opened, filled)
    except Conflict:
        # Two entries of a list are clicked one after the other.
        if tries == 1:
            raise
        return _put(at, entry, wanted.hex(), tries - 1)
    return opened.listed, len(filled.chosen)


def _open(at: Sitting, named: str) -> tuple[Opened, Basket, list[Line]]:
    node = at.node
    opened = node.drafts.get(at.person, bytes.fromhex(named), baskets.KIND)
    basket = baskets.load_basket(opened.body)
    return opened, basket, _weigh(at, opened, basket)


def _weigh(at: Sitting, opened: Opened, basket: Basket) -> list[Line]:
    node = at.node
    return baskets.weigh(basket, opened.listed.department, node.queries, node.store, at.now)


def _keep(at: Sitting, opened: Opened, basket: Basket, form: dict[str, str]) -> int:
    """Write what a form made of a basket, if it is the one the form was made from.

    Raises:
        Conflict: it was changed since.
    """
    if number_of(form, "revision") != opened.listed.revision:
        raise Conflict("申请单已被别处改动，请刷新后再改 / it was changed elsewhere: load it again")
    return _write(at, opened, basket)


def _write(at: Sitting, opened: Opened, basket: Basket) -> int:
    listed, body = opened.listed, basket.dump()
    if body == opened.body:
        return listed.revision
    title = baskets.title_of(_weigh(at, opened, basket))
    return at.node.drafts.save(at.person, listed.id, listed.revision, body, title)


def _may_sign(at: Sitting, opened: Opened) -> bool:
    held = at.person.held.get(opened.listed.department, 0)
    return opened.listed.may_change(at.person) and bool(held & Role.OFFICE_HEAD)


def _at(listed: Listed) -> str:
    return f"{APPLY}/{listed.id.hex()}"


def _systems(at: Sitting, department: str) -> list[tuple[str, str]]:
    """Return a department's application systems, code and name."""
    facts = at.node.queries.applications_of(ids.department_id(department))
    papers = at.papers.find_all(fact.digest for fact in facts)
    found = [documents.parse(data) for data in papers.values()]
    systems = [paper.body for paper in found if paper.kind == "application-object"]
    return sorted((body.code, body.name) for body in systems)
