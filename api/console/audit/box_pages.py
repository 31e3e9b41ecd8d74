"""The box that takes anything, and what a text may mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from node.errors import EventUnknown

from ...http.verbs import Readable
from ...routes.logs import find_event
from ..onestate import held
from ..pages import render
from .auditing import AUDITOR, AuditorDep, answer

if TYPE_CHECKING:
    from ledger_sync.titles import Target

    from ...auditors import Auditor

router = APIRouter(route_class=Readable, include_in_schema=False)
PASTED = 400
"""Characters that may be pasted; what is too long is said on the page."""
_EVENT = 64
PATHS = {
    "call": "/audit/call/{}",
    "leaf": "/audit/leaf/{}",
    "authorisation": "/audit/authorisation/{}",
    "version": "/audit/version/{}",
    "entry": "/audit/entry/{}",
    "department": "/audit/department/{}",
    "key": "/audit/key/{}",
    "application": "/audit/application/{}",
    "block": "/audit/block/{}",
    "decision": "/audit/block/{}",
    "anchor": "/audit/block/{}",
    "checkpoint": "/audit/department/{}",
}
"""Where each kind of thing has its page."""


def path_of(kind: str, name: str) -> str:
    """Return the page of a thing; empty where it has none."""
    return PATHS[kind].format(name) if name and kind in PATHS else ""


@router.get("/audit")
@held
def box(
    request: Request, who: AuditorDep, q: Annotated[str, Query(max_length=PASTED)] = ""
) -> Response:
    """Show the box; with a text in it, what it may mean, at once if it is one thing."""
    found = who.finder.find(q, who.at_hand) if q.strip() else None
    targets = found.targets if found else ()
    if found and not targets:
        targets = _own_call(who, found.text)
    if len(targets) == 1:
        only = targets[0]
        page: Response = RedirectResponse(path_of(only.kind, only.id), status_code=303)
    else:
        page = render(
            request,
            "audit/box.html",
            title=("查询", "Look up"),
            seat=AUDITOR,
            here="/audit",
            query=q,
            found=found,
            targets=[(path_of(each.kind, each.id), each) for each in targets],
            departments=[who.finder.titles.names.department(of) for of in sorted(who.given)],
            logs=len(who.logs),
        )
    if found is None:
        return page
    return answer(who, page, "find", values={"text": found.text})


def _own_call(who: Auditor, text: str) -> tuple[Target, ...]:
    """Return a call in a log that is not his, but to an authorisation that is."""
    if len(text) != _EVENT or not text.isalnum():
        return ()
    node = who.node
    for log in node.identities:
        try:
            found = find_event(node, log, bytes.fromhex(text), who.officer.key)
        except (EventUnknown, ValueError):
            continue
        data = node.reader.entry(found.log, found.index)
        return (who.finder.titles.leaf(data, found.index),)
    return ()
