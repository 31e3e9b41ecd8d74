"""The inbox: what waits for this person, oldest first, and drafts that were handed to him."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ledger_sync.waiting import MOST
from node.office.drafts import Listed, waiting_for
from node.office.inbox import Sort, list_tasks
from node.protocol.forms.words import words_of

from ...http.verbs import Readable
from ..onestate import held
from ..pages import page_of, render
from .seating import DESK, LookingDep, Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
PAGE = 50
SORTS = {
    Sort.REVIEW: ("审核目录", "Review an entry"),
    Sort.REVIEW_WITHDRAWAL: ("审核撤回", "Review a withdrawal"),
    Sort.REPLY: ("答复申请", "Reply to an application"),
}


@router.get("/desk")
@held
def inbox(
    request: Request, at: LookingDep, after: Annotated[int, Query(ge=0, le=MOST)] = 0
) -> Response:
    """Show what waits; to who only reads, what waits in his department."""
    node = at.node
    tasks = list_tasks(node.queries, node.store, at.roles, at.now)
    drafts: list[Listed] = []
    if isinstance(at, Sitting):
        drafts = waiting_for(node.drafts.list(at.person), at.person)
    return render(
        request,
        "desk/inbox.html",
        title=("待办", "Inbox"),
        seat=DESK,
        here="/desk",
        page=page_of(tasks[after : after + PAGE + 1], after, PAGE, len(tasks)),
        drafts=drafts,
        decides=at.decides,
        called=at.called,
        sorts=SORTS,
        words_of=words_of,
        places={
            Sort.REVIEW: "/review",
            Sort.REVIEW_WITHDRAWAL: "/review",
        }
        if at.decides
        else {},
    )
