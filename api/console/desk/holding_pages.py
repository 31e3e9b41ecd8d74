"""My department's entries in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.office.inbox import called
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import EntryState, Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..pages import page_of, render
from .seating import DESK, FILERS, SittingDep

if TYPE_CHECKING:
    from node.protocol.ledger.facts import VersionFact

router = APIRouter(route_class=Readable, include_in_schema=False)
PAGE = 100
ENTRIES = "/desk/entries"


@router.get(ENTRIES)
def entries(
    *,
    request: Request,
    at: SittingDep,
    department: Annotated[str, Query(max_length=18)] = "",
    state: Annotated[int, Query(ge=0, le=6)] = 0,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show the newest version of every entry of a department, those that need work first."""
    own = at.own(Role(63))
    chosen = department if department in own else (own[0] if own else "")
    found: list[VersionFact] = []
    if chosen:
        newest = at.node.queries.newest_versions(ids.department_id(chosen))
        found = sorted(newest.values(), key=lambda fact: (-fact.submitted_block, fact.entry))
    counts = {each: sum(fact.state == each for fact in found) for each in EntryState}
    listed = [fact for fact in found if state in {0, fact.state}]
    page = page_of(listed[after : after + PAGE + 1], after, PAGE, len(listed))
    papers = at.node.store.find_all(fact.digest for fact in page.rows)
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
        total=len(found),
        counts=[(each, words_of(each), count) for each, count in counts.items() if count],
        names={fact.entry: called(papers.get(fact.digest), fact.entry) for fact in page.rows},
        state_of=lambda fact: words_of(EntryState(fact.state)),
        called=at.called,
        files=chosen in at.own(FILERS),
        office=at.own(Role.OFFICE_HEAD | Role.DATA_OFFICER | Role.DEPARTMENT_HEAD),
    )
