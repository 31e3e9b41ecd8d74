"""My department's entries in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.office.inbox import called
from node.office.reads import find_versions
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import EntryState, Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..onestate import held
from ..pages import page_of, render
from .seating import DESK, FILERS, LookingDep

if TYPE_CHECKING:
    from node.protocol.ledger.facts import VersionFact

router = APIRouter(route_class=Readable, include_in_schema=False)
PAGE = 100
ENTRIES = "/desk/entries"


@router.get(ENTRIES)
@held
def entries(
    *,
    request: Request,
    at: LookingDep,
    department: Annotated[str, Query(max_length=18)] = "",
    state: Annotated[int, Query(ge=0, le=6)] = 0,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show the newest version of every entry of a department, those that need work first."""
    own = at.own(Role(63))
    chosen = department if department in own else (own[0] if own else "")
    rows: list[VersionFact] = []
    states: dict[int, int] = {}
    if chosen:
        provider = ids.department_id(chosen)
        rows = at.node.queries.list_newest(provider, state=state, first=after, limit=PAGE + 1)
        states = at.node.queries.count_newest(provider)
    total = sum(states.values())
    page = page_of(rows, after, PAGE, states.get(state, 0) if state else total)
    papers = find_versions(at.node.store, page.rows)
    return render(
        request,
        "desk/entries.html",
        title=("本部门目录", "Our entries"),
        seat=DESK,
        here=ENTRIES,
        own=own,
        department=chosen,
        state=state,
        page=page,
        total=total,
        counts=[(each, words_of(each), states[each]) for each in EntryState if each in states],
        names={
            fact.entry: called(papers.get((fact.entry, fact.version)), fact.entry)
            for fact in page.rows
        },
        state_of=lambda fact: words_of(EntryState(fact.state)),
        called=at.called,
        files=at.decides and chosen in at.own(FILERS),
        office=at.decides and at.own(FILERS),
    )
