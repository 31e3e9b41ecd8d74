"""The reviewer's queue: what differs, publish or return with reasons, all with one signature."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from node.errors import InvalidInput, NotFound
from node.office.filings import Change, differences
from node.office.inbox import called
from node.office.reads import find_versions, read_versions
from node.office.remarks import PASSED, remarks_on
from node.office.verdicts import Pending, judged, list_withdrawals, name_pending, pending_of
from node.protocol import forms as documents
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..desk.seating import DESK, FormDep, SittingDep, to_decide
from ..onestate import held
from ..pages import page_of, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.protocol.ledger.facts import EntryFact

    from ..desk.seating import Sitting

router = APIRouter(route_class=Readable, include_in_schema=False)
REVIEW = "/review"
_DIGEST = re.compile("[0-9a-f]{64}")
PAGE = 50


@dataclass(frozen=True, slots=True)
class Read:
    """A version that waits, as a reviewer reads it."""

    pending: Pending
    said: Mapping[str, Any]
    """The members of its document."""
    changes: list[str] | None
    """In what it differs from the version in force; None: there is none."""
    is_another: bool = False
    """Whether its code seems to have passed to another data set."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A withdrawal that waits."""

    digest: str
    department: str
    entries: list[tuple[documents.Withdrawn, str]]
    """Each with the entry's name; empty where its version's document is not here."""


@router.get(REVIEW)
@held
def queue(
    request: Request,
    at: SittingDep,
    competent: Annotated[str, Query(max_length=18)] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show what waits for the review of a department in which he is a reviewer."""
    own = at.own(Role.REVIEWER)
    chosen = competent if competent in own else (own[0] if own else "")
    facts: list[EntryFact] = []
    total = 0
    if chosen:
        acting = ids.department_id(chosen)
        facts = at.node.queries.oldest_pending(acting, first=after, limit=PAGE + 1)
        total = at.node.queries.count_pending(acting)
    page = page_of(facts, after, PAGE, total)
    return render(
        request,
        "review/queue.html",
        title=("审核目录", "Review entries"),
        seat=DESK,
        here=REVIEW,
        own=own,
        competent=chosen,
        page=page,
        read=_read(at, page.rows),
        withdrawals=_withdrawals(at, chosen) if chosen else [],
        passed=PASSED,
        remarks_on=remarks_on,
        called=at.called,
    )


@router.post(REVIEW + "/withdrawals/{digest}/fields")
def withdrawal_fields(
    at: SittingDep, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], form: FormDep
) -> Response:
    """Return the review of a withdrawal: agreed to, but for the entries kept with a reason."""
    competent = form.get("competent", "")
    at.require(Role.REVIEWER, competent)
    asked = next((each for each in _withdrawals(at, competent) if each.digest == digest), None)
    if asked is None:
        raise NotFound("这份撤回申请已不在等待审核 / the withdrawal does not wait any more")
    refused = {}
    for each, _ in asked.entries:
        if form.get(f"verdict-{each.code}") == "keep":
            reason = form.get(f"reason-{each.code}", "").strip()
            if not reason:
                raise InvalidInput(
                    f"{each.code}：不同意撤回应写明理由 / keeping an entry needs a reason"
                )
            refused[each.code] = reason
    said = {name: form.get(name, "") for name in ("competent", "reviewer", "opinion")}
    return to_decide("ReviewWithdrawal", {"withdrawal": digest, "refused": refused, **said})


@router.post(REVIEW + "/fields")
def fields(at: SittingDep, form: FormDep) -> Response:
    """Return the review that is to be prepared and signed: of every version with a verdict."""
    competent = form.get("competent", "")
    at.require(Role.REVIEWER, competent)
    judged_ones = {name for name, verdict in form.items() if verdict and _DIGEST.fullmatch(name)}
    facts = at.node.queries.pending_among(
        ids.department_id(competent), [bytes.fromhex(name) for name in sorted(judged_ones)]
    )
    waiting = {each.digest: each for each in name_pending(at.node.store, facts)}
    chosen: list[Pending] = []
    returned: dict[tuple[str, str], str] = {}
    for name, verdict in form.items():
        if name not in waiting:
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


def _withdrawals(at: Sitting, competent: str) -> list[Asked]:
    """Return the withdrawals that wait for a competent department, each with its entries."""
    node, acting = at.node, ids.department_id(competent)
    found: dict[bytes, Asked] = {}
    listed = list(list_withdrawals(node.queries, node.bindings, node.store, acting))
    papers = find_versions(node.store, [fact for _, _, fact in listed])
    for paper, each, fact in listed:
        department = paper.body.department
        asked = found.setdefault(paper.digest, Asked(paper.digest.hex(), department, []))
        asked.entries.append((each, called(papers.get((fact.entry, fact.version)), fact.entry)[1]))
    return list(found.values())


def _read(at: Sitting, facts: Sequence[EntryFact]) -> list[Read]:
    """Read the versions of a page, each beside the version in force."""
    store = at.node.store
    papers = read_versions(store, facts)
    before = at.node.queries.versions_in_force(entry for entry, _ in papers)
    standing = find_versions(store, before.values())
    found = []
    for each in facts:
        if (paper := papers.get((each.entry, each.version))) is None:
            continue
        data, said = paper
        fact = before.get(each.entry)
        old = standing.get((fact.entry, fact.version)) if fact is not None else None
        pending = pending_of(each, said)
        if old is None:
            found.append(Read(pending, said, None))
            continue
        new, earlier = documents.parse(data), documents.parse(old)
        change = Change(new, earlier, differences(earlier, new))
        found.append(Read(pending, said, change.fields, change.is_another))
    return found
