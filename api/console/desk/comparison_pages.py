"""A table beside the ledger: what it would change, read by the page, handed over, signed.

A large table is compared once, by whoever looks first, while the page shows how far it is; what was
found stays beside the draft (`node.office.comparisons`), and a view costs what it shows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from node.documents.coverage import Coverage
from node.errors import Conflict, InvalidInput, NotFound
from node.office.comparisons import LISTS, PAGE
from node.office.filings import bodies_of
from node.office.makings import WHOLE
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import page_of, render
from ..public.comparison import compare
from .filing_pages import FILINGS, Named, find_draft, may_sign
from .seating import DESK, SittingDep, to_decide, to_page

if TYPE_CHECKING:
    from node.office.comparisons import Overview
    from node.office.drafts import Opened

    from ..pages import Page
    from ..public.comparison import Difference
    from .seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
ONE = FILINGS + "/{named}"
TITLE = ("核对与签署", "Compare and sign")
SMALL_BYTES = 65_536
"""Of a draft: some thirty entries, which are compared while the page waits."""
READ_WHOLE, WHOLE_BYTES = 20, 30_000
"""Changed entries whose differences stand on the page at once, and of what length together."""
Place = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get(ONE + "/comparison")
def comparison(
    *,
    request: Request,
    at: SittingDep,
    named: Named,
    changed: Place = 0,
    new: Place = 0,
    blocked: Place = 0,
    gone: Place = 0,
) -> Response:
    """Show what the table would change of what is in force, or how far the comparing is."""
    opened, comparisons = find_draft(at, named), at.node.comparisons
    key = comparisons.key_of(opened)
    found = comparisons.find(key, opened)
    if found is None and len(opened.body) <= SMALL_BYTES and comparisons.make(opened):
        found = comparisons.find(key := comparisons.key_of(opened), opened)
    show = partial(
        render,
        request,
        title=TITLE,
        seat=DESK,
        here=FILINGS,
        crumbs=(
            Link(FILINGS, ("报送目录", "File entries")),
            Link(f"{FILINGS}/{named}", (opened.listed.title, opened.listed.title)),
        ),
        here_at=f"{FILINGS}/{named}",
    )
    if found is None:
        return show("desk/comparing.html", share=0)
    first = dict(zip(LISTS, (changed, new, blocked, gone), strict=True))
    pages = _pages(at, key, opened, found, first)
    return show(
        "desk/comparison.html",
        opened=opened,
        found=found,
        pages=pages,
        diffs=_differences(at, key, opened, pages["changed"]),
        by_head=may_sign(at, opened),
        mine=opened.listed.may_change(at.person),
        head=int(Role.DEPARTMENT_HEAD),
    )


@router.post(ONE + "/comparison")
def make(at: SittingDep, named: Named) -> Response:
    """Compare the table; whoever left the page finds it done."""
    at.node.comparisons.make(find_draft(at, named))
    return Response(status_code=204)


@router.get(ONE + "/comparison/progress")
def progress(request: Request, at: SittingDep, named: Named) -> Response:
    """Say how far it is; once it is done, lead to it."""
    opened, comparisons = find_draft(at, named), at.node.comparisons
    key = comparisons.key_of(opened)
    if comparisons.find(key, opened) is not None:
        return to_page(f"{FILINGS}/{named}/comparison")
    share = comparisons.makings.share(key, opened.listed.id) * 100 // WHOLE
    return render(
        request,
        "desk/comparing.html",
        title=TITLE,
        fragment="far",
        here_at=f"{FILINGS}/{named}",
        share=share,
    )


@router.get(ONE + "/comparison/changed/{place}")
def difference(
    request: Request, at: SittingDep, named: Named, place: Annotated[int, Path(ge=0, le=1_000_000)]
) -> Response:
    """Show all that one entry would say differently."""
    opened, comparisons = find_draft(at, named), at.node.comparisons
    both = comparisons.pairs(comparisons.key_of(opened), opened, [place]).get(place)
    if both is None:
        raise NotFound("核对的结果已变，请刷新 / what was compared has changed: load it again")
    return render(request, "desk/difference.html", title=("变更", "Changed"), listed=compare(*both))


@router.post(ONE + "/fields")
def fields(at: SittingDep, named: Named) -> Response:
    """Return what is to be prepared and signed: every new or changed entry, with one signature."""
    opened = find_draft(at, named)
    department = ids.department_code(opened.listed.department)
    at.require(Role.DEPARTMENT_HEAD, department)
    found = at.node.comparisons.compare(opened)
    if not found.may_be_signed:
        raise InvalidInput(
            f"还有 {len(found.filing.problems) + len(found.found.blocked)} 处有误，或没有要报送的"
            " / there are problems, or nothing to file"
        )
    if opened.listed.kind == "filing":
        # Before the signature: the next edition of the table must not forget this one.
        Coverage(at.node.node_engine).keep(department, found.space, found.filing.codes)
    return to_decide("SubmitVersions", {"versions": bodies_of(found.found.to_file)})


@router.post(ONE + "/done")
def done(at: SittingDep, named: Named) -> Response:
    """Drop a draft whose every entry is on the ledger as the table has it."""
    opened = find_draft(at, named)
    found = at.node.comparisons.compare(opened)
    if found.filing.problems or found.found.blocked or found.found.to_file:
        raise Conflict("还有目录没有报送 / some entries are not filed yet")
    at.node.drafts.drop(at.person, opened.listed.id)
    return to_page(FILINGS)


def _pages(
    at: Sitting, key: bytes, opened: Opened, found: Overview, first: dict[str, int]
) -> dict[str, Page[list[str]]]:
    """Return the page of each list that begins at or before the row asked for."""
    rows = at.node.comparisons.rows(key, opened, first)
    pages = {}
    for name, place in first.items():
        begins, total = place // PAGE * PAGE, found.counts[name]
        more = [[""]] if begins + PAGE < total else []
        pages[name] = page_of([*rows[name], *more], begins, PAGE, total)
    return pages


def _differences(
    at: Sitting, key: bytes, opened: Opened, changed: Page[list[str]]
) -> dict[int, list[Difference]]:
    """Return what each of a few changed entries says differently, by its place."""
    if (changed.total or 0) > READ_WHOLE:
        return {}
    places = range(changed.first, changed.first + len(changed.rows))
    pairs = at.node.comparisons.pairs(key, opened, places)
    found, size = {}, 0
    for place in places:
        if place not in pairs:  # compared anew since the lists were read: they unfold one by one
            break
        listed = compare(*pairs[place])
        size += sum(len("".join(each.was or "") + "".join(each.now or "")) for each in listed)
        if size > WHOLE_BYTES:
            break
        found[place] = listed
    return found
