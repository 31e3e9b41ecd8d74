"""The inbox: what waits for this person, oldest first, and drafts that were handed to him."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.office.drafts import waiting_for
from node.office.inbox import Sort, list_tasks
from node.protocol.forms.words import words_of

from ...http.verbs import Readable
from ..pages import render
from .seating import DESK, SittingDep

router = APIRouter(route_class=Readable, include_in_schema=False)
SORTS = {
    Sort.REVIEW: ("审核目录", "Review an entry"),
    Sort.REVIEW_WITHDRAWAL: ("审核撤回", "Review a withdrawal"),
    Sort.REPLY: ("答复申请", "Reply to an application"),
}


@router.get("/desk")
def inbox(request: Request, at: SittingDep) -> Response:
    """Show what waits."""
    node, person = at.node, at.person
    tasks = list_tasks(node.queries, node.store, person.key, at.now)
    return render(
        request,
        "desk/inbox.html",
        title=("待办", "Inbox"),
        seat=DESK,
        here="/desk",
        tasks=tasks,
        drafts=waiting_for(node.drafts.list(person), person),
        called=at.called,
        sorts=SORTS,
        words_of=words_of,
        places={
            Sort.REVIEW: "/review",
            Sort.REVIEW_WITHDRAWAL: "/review",
        },
    )
