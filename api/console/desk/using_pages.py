"""What we use, with what is left today; who uses ours, by day, for what, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from ledger_sync.usage import Wanted
from node.errors import InvalidInput, NotFound
from node.log import LogScanner
from node.office.allowances import granted_items, list_left
from node.office.inbox import called
from node.office.reads import Pinned, find_versions
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import AuthorisationState, Role
from node.protocol.wire import ids
from node.protocol.wire.days import DAY_SECONDS

from ...http.verbs import Readable
from ..frames import Link
from ..onestate import held
from ..pages import render
from ..wording import language_of, midnight_ms, outcome_words
from .seating import DESK, FILERS, LookingDep

if TYPE_CHECKING:
    from collections.abc import Collection

    from ledger_sync.usage import TallyPage
    from node.protocol.ledger.facts import AuthorisationFact

    from .seating import Looking

router = APIRouter(route_class=Readable, include_in_schema=False)
LIST = "/desk/authorisations"
USES = "/desk/uses"
PAGE = 100
SIDES = ("consumer", "provider", "competent")
CONSUMERS = 1_000
"""Departments one may choose from."""


@router.get(LIST)
@held
def listed(
    *,
    request: Request,
    at: LookingDep,
    department: Annotated[str, Query(max_length=18)] = "",
    side: Annotated[str, Query(pattern="^(consumer|provider|competent)?$")] = "",
    after: Annotated[int, Query(ge=0, le=2**40)] = 0,
) -> Response:
    """Show what a department uses, who uses its data, or what it is over, by number."""
    own = at.own(Role(63))
    chosen = department if department in own else (own[0] if own else "")
    facts: list[AuthorisationFact] = []
    over = False
    if chosen:
        named = ids.department_id(chosen)
        over = at.node.queries.get_department(chosen).dependants > 0
        side, facts = _of_side(at, named, side, after)
    rows, node = facts[:PAGE], at.node
    pinned = node.queries.pinned({row.authorisation for row in rows})
    papers = find_versions(
        node.store,
        {Pinned(row.entry, row.version, pinned[row.authorisation]) for row in rows},
    )
    served = {identity.department for identity in node.identities}
    return render(
        request,
        "desk/authorisations.html",
        title=("授权", "Authorisations"),
        seat=DESK,
        here=LIST,
        own=own,
        department=chosen,
        side=side,
        receipts_of=chosen if side == "consumer" else "",
        over=over,
        rows=rows,
        following=rows[-1].authorisation if len(facts) > PAGE else None,
        entries=entries_called(at, {row.entry for row in rows}),
        items={
            row.authorisation: granted_items(papers.get((row.entry, row.version)), row.items)
            for row in rows
        },
        left=list_left(node.queries, node.reader, served, rows, at.now),
        state=lambda fact: words_of(AuthorisationState(fact.state)),
        code=ids.department_code,
        called=at.called,
    )


def _of_side(
    at: Looking, department: bytes, side: str, after: int
) -> tuple[str, list[AuthorisationFact]]:
    """Return a page of authorisations and whose side it is; none named: the first with any."""
    found: dict[str, list[AuthorisationFact]] = {}
    for each in (side,) if side else SIDES:
        found[each] = at.node.queries.list_authorisations(
            consumer=department if each == "consumer" else None,
            provider=department if each == "provider" else None,
            competent=department if each == "competent" else None,
            after=after,
            limit=PAGE + 1,
        )
        if found[each]:
            return each, found[each]
    return side or SIDES[0], []


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the address; empty: not asked for."""

    department: Annotated[str, Query(max_length=18)] = ""
    log: Annotated[str, Query(max_length=64)] = ""
    consumer: Annotated[str, Query(max_length=18)] = ""
    purpose: Annotated[str, Query(max_length=64)] = ""
    authorisation: Annotated[int, Query(ge=0, le=2**40)] = 0
    since: Annotated[str, Query(max_length=10)] = ""
    until: Annotated[str, Query(max_length=10)] = ""

    def wanted(self) -> Wanted:
        """Read the filters.

        Raises:
            InvalidInput: naming the one that is wrong.
        """
        return Wanted(
            consumer=ids.department_id(self.consumer) if self.consumer else None,
            purpose=ids.purpose_id(self.purpose) if self.purpose else None,
            authorisation=self.authorisation or None,
            since=midnight_ms(self.since, 0),
            until=midnight_ms(self.until, 1),
        )


@router.get(USES)
@held
def uses(
    request: Request,
    at: LookingDep,
    asked: Annotated[Asked, Depends()],
    before: Annotated[int | None, Query(ge=1, lt=2**40)] = None,
) -> Response:
    """Show who called for a department's data, a stretch of its own log at a time."""
    own = at.own(FILERS)
    if asked.department:
        at.require(FILERS, asked.department)
    chosen = asked.department or (own[0] if own else "")
    logs = _logs(at, chosen) if chosen else []
    wrong, found, log = "", None, ""
    try:
        log = _chosen(asked.log, logs)
        if log:
            scanner, named = LogScanner(at.node.reader), bytes.fromhex(log)
            found = at.node.calls.count_calls(scanner, named, asked.wanted(), before=before)
    except (InvalidInput, NotFound) as error:
        wrong = error.message if language_of(request) == "en" else error.chinese
    return render(
        request,
        "desk/uses.html",
        title=("谁在用我们的数据", "Who uses our data"),
        seat=DESK,
        here=USES,
        crumbs=(Link(LIST, ("授权", "Authorisations")),),
        own=own,
        department=chosen,
        asked=asked,
        log=log,
        logs=logs,
        wrong=wrong,
        found=found,
        further=before,
        entries=entries_called(at, _of(found)),
        purposes=_purposes(at, found),
        departments=[
            (fact.code, at.called(fact.code)) for fact in at.node.queries.departments()[:CONSUMERS]
        ],
        code=ids.department_code,
        called=at.called,
        outcome_words=outcome_words,
        day_seconds=DAY_SECONDS,
    )


def _logs(at: Looking, department: str) -> list[tuple[str, str]]:
    """Return a department's logs on this node, the present one first, each with what it is."""
    here = {log for log, _ in at.node.reader.logs()}
    facts = at.node.queries.logs_of(ids.department_id(department))
    return [(fact.log.hex(), f"{fact.generation}") for fact in reversed(facts) if fact.log in here]


def _chosen(log: str, logs: list[tuple[str, str]]) -> str:
    if log and log not in {each for each, _ in logs}:
        raise NotFound("本部门在本节点没有这个日志 / the department has no such log here")
    return log or (logs[0][0] if logs else "")


def _of(found: TallyPage | None) -> set[bytes]:
    """Return the entries that were called for."""
    tallies = found.tallies if found else ()
    return {each.authorisation.entry for each in tallies if each.authorisation}


def _purposes(at: Looking, found: TallyPage | None) -> dict[int, tuple[str, str]]:
    """Return code and name of what each authorisation of a page is for, by its application."""
    applied = at.node.queries.applied({each.number for each in found.tallies} if found else set())
    papers = at.papers.find_all(applied.values())
    here = {of: orjson.loads(papers[paper]) for of, paper in applied.items() if paper in papers}
    said = {of: each["purpose"] for of, each in here.items() if each["type"] == "application"}
    return {of: (each["code"], each["name"]) for of, each in said.items()}


def entries_called(at: Looking, entries: Collection[bytes]) -> dict[bytes, tuple[str, str]]:
    """Return code and name of every entry of a page, as it is called now."""
    facts = at.node.queries.versions_in_force(entries)
    papers = find_versions(at.node.store, facts.values())
    known = {of: called(papers.get((of, fact.version)), of) for of, fact in facts.items()}
    return {entry: known.get(entry, (entry.hex()[:16], "")) for entry in entries}
