"""The reviewer's queue: what differs, publish or return with reasons, all with one signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.errors import InvalidInput
from node.office.filings import Change, differences
from node.office.verdicts import Pending, judged, list_pending
from node.protocol import forms as documents
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..desk.seating import DESK, FormDep, SittingDep, to_decide
from ..pages import page_of, render

if TYPE_CHECKING:
    from ..desk.seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
REVIEW = "/review"
PAGE = 100


@dataclass(frozen=True, slots=True)
class Read:
    """A version that waits, as a reviewer reads it."""

    pending: Pending
    body: documents.CatalogueVersionPaper
    changes: list[str] | None
    """In what it differs from the version in force; None: there is none."""
    is_another: bool = False
    """Whether its code seems to have passed to another data set."""


@router.get(REVIEW)
def queue(
    request: Request,
    at: SittingDep,
    competent: Annotated[str, Query(max_length=18)] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show what waits for the review of a department in which he is a reviewer."""
    own = at.own(Role.REVIEWER)
    chosen = competent if competent in own else (own[0] if own else "")
    waiting = list_pending(at.node.queries, at.node.store, chosen) if chosen else []
    page = page_of(waiting[after : after + PAGE + 1], after, PAGE, len(waiting))
    return render(
        request,
        "review/queue.html",
        title=("审核目录", "Review entries"),
        seat=DESK,
        here=REVIEW,
        own=own,
        competent=chosen,
        page=page,
        read=_read(at, list(page.rows)),
        called=at.called,
    )


@router.post(REVIEW + "/fields")
def fields(at: SittingDep, form: FormDep) -> Response:
    """Return the review that is to be prepared and signed: of every version with a verdict."""
    competent = form.get("competent", "")
    at.require(Role.REVIEWER, competent)
    waiting = {
        each.digest: each for each in list_pending(at.node.queries, at.node.store, competent)
    }
    chosen: list[Pending] = []
    returned: dict[tuple[str, str], str] = {}
    for name, verdict in form.items():
        if name not in waiting or not verdict:
            continue
        each = waiting[name]
        chosen.append(each)
        if verdict == "return":
            reason = form.get(f"reason-{name}", "").strip()
            if not reason:
                raise InvalidInput(
                    f"{each.code} {each.name}：退回应写明理由 / returning needs a reason"
                )
            returned[each.place] = reason
    if not chosen:
        raise InvalidInput("没有选定要审核的目录 / no entry was chosen")
    said = {
        "competent": competent,
        "reviewer": form.get("reviewer", ""),
        "opinion": form.get("opinion", ""),
    }
    return to_decide("ReviewVersions", {"reviews": judged(chosen, returned), **said})


def _read(at: Sitting, pending: list[Pending]) -> list[Read]:
    """Read the versions of a page, each beside the version in force."""
    entries = {
        each.digest: ids.entry_id(ids.department_id(each.department), each.code) for each in pending
    }
    before = at.node.queries.versions_in_force(entries.values())
    wanted = [bytes.fromhex(each.digest) for each in pending]
    papers = at.node.store.find_all([*wanted, *(fact.digest for fact in before.values())])
    found = []
    for each in pending:
        paper = documents.parse(papers[bytes.fromhex(each.digest)])
        fact = before.get(entries[each.digest])
        old = papers.get(fact.digest) if fact is not None else None
        if old is None:
            found.append(Read(each, paper.body, None))
            continue
        earlier = documents.parse(old)
        change = Change(paper, earlier, differences(earlier, paper))
        found.append(Read(each, paper.body, change.fields, change.is_another))
    return found
