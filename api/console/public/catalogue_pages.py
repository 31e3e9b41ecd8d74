"""The front page and the search of the catalogue: at once, by words, by facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from node.documents.finding import SORTED, Filters, Order
from node.documents.folding import marked, runs
from node.documents.search import QUERY_LIMIT
from node.errors import NotFound
from node.protocol.forms import Grade, ShareTypeName, UpdateCycle

from ...http.callers import NodeDep
from ...http.verbs import Readable
from ..frames import Link
from ..pages import local_path, page_of, render
from ..wording import COOKIE, LANGUAGES
from .department_pages import department_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.documents.finding import Tally

    from ..frames import Words

router = APIRouter(route_class=Readable, include_in_schema=False)

PAGE = 20
NEWEST = 8
YEAR_SECONDS = 365 * 24 * 3600
MOST_VALUES = 60
"""Of a facet on a page; a city has some dozens of departments."""
HOME = Link("/", ("首页", "Home"))
ORDERS: dict[Order, Words] = {
    "best": ("相关度", "Best match"),
    "newest": ("最新报送", "Newest"),
    "code": ("部门与代码", "Department and code"),
}


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing a search can be narrowed by, with how many entries have each value."""

    name: str
    """Of its parameter."""
    words: Words
    chosen: str | None
    values: tuple[tuple[str, str, int], ...]
    """Value, text, entries: in the forms' order, departments by how many entries they have."""


@router.get("/")
def home(request: Request, node: NodeDep) -> Response:
    """Show what there is, and the search."""
    counted = node.search.tally()
    names = department_names(node)
    busiest = sorted(counted.counts["department"].items(), key=lambda each: (-each[1], each[0]))
    return render(
        request,
        "public/home.html",
        title=("政务数据共享目录", "Catalogue of shared government data"),
        here="/",
        counted=counted,
        departments=len(node.queries.departments()),
        block=node.queries.cursor().next_block - 1,
        share_types=get_args(ShareTypeName),
        busiest=[(code, names.get(code, code), count) for code, count in busiest[:NEWEST]],
        newest=node.search.search(limit=NEWEST, order="newest"),
        names=names,
    )


@router.get("/catalogue")
def catalogue(
    *,
    request: Request,
    node: NodeDep,
    q: Annotated[str, Query(max_length=QUERY_LIMIT)] = "",
    department: Annotated[str, Query(max_length=200)] = "",
    share: ShareTypeName | None = None,
    grade: Grade | None = None,
    cycle: UpdateCycle | None = None,
    order: Order = "best",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show what a search finds."""
    filters = Filters(department or None, share, grade, cycle)
    query = q.strip()
    found = node.search.search(query, filters, limit=PAGE + 1, after=after, order=order)
    counted = node.search.tally(query, filters)
    names = department_names(node)
    return render(
        request,
        "public/catalogue.html",
        title=("数据目录", "Catalogue"),
        here="/catalogue",
        fragment="results",
        query=query,
        marks=lambda text: marked(text, runs(query)) if query else [(text, False)],
        page=page_of(found, after, PAGE, None if counted.capped else counted.total),
        counted=counted,
        most=SORTED,
        facets=list(_facets(counted, filters, names)),
        order=order,
        orders=ORDERS,
        names=names,
    )


def _facets(counted: Tally, filters: Filters, names: Mapping[str, str]) -> Iterator[Facet]:
    listed = {
        "share": ("share_type", ("共享类型", "Share type"), get_args(ShareTypeName)),
        "cycle": ("update_cycle", ("更新周期", "Update cycle"), get_args(UpdateCycle)),
        "grade": ("grade", ("数据分级", "Grade"), get_args(Grade)),
    }
    for name, (column, words, order) in listed.items():
        counts = counted.counts[column]
        values = tuple((value, value, counts[value]) for value in order if value in counts)
        yield Facet(name, words, getattr(filters, column), values)
    by_size = sorted(counted.counts["department"].items(), key=lambda each: (-each[1], each[0]))
    values = tuple((code, names.get(code, code), count) for code, count in by_size[:MOST_VALUES])
    yield Facet("department", ("报送部门", "Filed by"), filters.department, values)


@router.get("/language/{wanted}")
def switch_language(wanted: str, back: str = "/") -> Response:
    """Remember a language, and go back to where the person was."""
    if wanted not in LANGUAGES:
        raise NotFound(f"没有语言 {wanted} / no such language")
    answer = RedirectResponse(local_path(back), status_code=303)
    answer.set_cookie(COOKIE, wanted, max_age=YEAR_SECONDS, samesite="lax", path="/")
    return answer
