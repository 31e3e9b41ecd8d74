"""The front page and the search of the catalogue: at once, by words, by facets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from node.documents.finding import Filters
from node.documents.search import QUERY_LIMIT
from node.errors import NotFound
from node.protocol.forms import Grade, ShareTypeName, UpdateCycle

from ...http.callers import NodeDep
from ...http.verbs import Readable
from ..pages import page_of, render
from ..wording import COOKIE, LANGUAGES

if TYPE_CHECKING:
    pass

router = APIRouter(route_class=Readable, include_in_schema=False)

PAGE = 20
YEAR_SECONDS = 365 * 24 * 3600


@router.get("/")
def home(request: Request, node: NodeDep) -> Response:
    """Show what there is, and the search."""
    return render(
        request,
        "public/home.html",
        title=("政务数据共享目录", "Catalogue of shared government data"),
        here="/",
        departments=len(node.queries.departments()),
        entries=0,
        newest=node.search.search(limit=6),
    )


@router.get("/catalogue")
def catalogue(
    *,
    request: Request,
    node: NodeDep,
    q: Annotated[str, Query(max_length=QUERY_LIMIT)] = "",
    department: Annotated[str | None, Query(max_length=200)] = None,
    share: ShareTypeName | None = None,
    grade: Grade | None = None,
    cycle: UpdateCycle | None = None,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show what a search finds."""
    filters = Filters(department, share, grade, cycle)
    found = node.search.search(q, filters, limit=PAGE + 1, after=after)
    return render(
        request,
        "public/catalogue.html",
        title=("数据目录", "Catalogue"),
        here="/catalogue",
        fragment="results",
        query=q,
        page=page_of(found, after, PAGE),
    )


@router.get("/language/{wanted}")
def switch_language(wanted: str, back: str = "/") -> Response:
    """Remember a language, and go back to where the person was."""
    if wanted not in LANGUAGES:
        raise NotFound(f"没有语言 {wanted} / no such language")
    # Only a path of ours: "//elsewhere" and "/\elsewhere" would lead to other sites.
    local = back.startswith("/") and back[1:2] not in {"/", "\\"} and back.isprintable()
    answer = RedirectResponse(back if local else "/", status_code=303)
    answer.set_cookie(COOKIE, wanted, max_age=YEAR_SECONDS, samesite="lax", path="/")
    return answer
