"""One entry: its items, conditions, provider, versions and how they differ, use and decisions."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ledger_sync.objects import ObjectKind
from node.office.replies import rule_words
from node.protocol import forms as documents
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import AuthorisationState, EntryState
from node.protocol.wire import encoding, ids
from node.protocol.wire.days import DAY_SECONDS

from ...http.callers import NodeDep
from ...http.described import HexPath
from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .comparison import compare
from .department_pages import name_of
from .download_pages import offered

if TYPE_CHECKING:
    from node.protocol.ledger.facts import EntryFact, VersionFact

    from ...parts import Node

router = APIRouter(route_class=Readable, include_in_schema=False)

DECISIONS = 20
"""The newest ones on a page."""
AUTHORISATIONS = 1_000
"""Of an entry, counted by state."""
KINDS = {
    EntryState.PUBLISHED: "good",
    EntryState.SUBMITTED: "brand",
    EntryState.WITHDRAWAL_SUBMITTED: "warn",
    EntryState.FROZEN: "bad",
}
"""Badges of states."""
CRUMBS = (Link("/", ("首页", "Home")), Link("/catalogue", ("数据目录", "Catalogue")))


@router.get("/catalogue/{entry}")
def entry(
    entry: HexPath,
    request: Request,
    node: NodeDep,
    old: Annotated[int | None, Query(ge=1)] = None,
    new: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show an entry as its version in force says it is, else its newest."""
    wanted = encoding.hex32(entry)
    fact = node.queries.get_entry(wanted)
    data = find_paper(node, wanted, fact.version, fact.digest)
    paper: Any = documents.parse(data).body if data else None
    versions = node.queries.versions(wanted)
    name = paper.name if paper else entry[:16]
    return render(
        request,
        "public/entry.html",
        title=(name, name),
        here="/catalogue",
        crumbs=CRUMBS,
        entry=entry,
        fact=fact,
        paper=paper,
        state=words_of(EntryState(fact.state)),
        state_kinds=KINDS,
        state_of=lambda state: words_of(EntryState(state)),
        provider=(ids.department_code(fact.provider), name_of(node, fact.provider)),
        versions=versions[::-1],
        times=(times := _times(node, versions)),
        age=_age(times, versions, fact),
        compared=_compared(node, fact, versions, old, new),
        use=_use(node, wanted),
        download=offered(node, fact, paper) if paper else None,
        decisions=node.queries.newest_decisions_of(ObjectKind.ENTRY, wanted, DECISIONS),
        rule_words=rule_words,
        most=DECISIONS,
    )


def find_paper(node: Node, entry: bytes, version: int, digest: bytes) -> bytes | None:
    """Return a version's document if it is here and says what the chain says."""
    return node.bindings.find_held(documents.version_object(entry, version), digest)


def _times(node: Node, versions: list[VersionFact]) -> dict[int, int]:
    """Return the seconds of the blocks that filed or reviewed versions, by block."""
    blocks = {each.submitted_block for each in versions}
    blocks |= {each.reviewed_block for each in versions if each.reviewed_block is not None}
    return node.queries.seconds_of(blocks)


def _age(times: dict[int, int], versions: list[VersionFact], fact: EntryFact) -> int | None:
    """Return how many days ago the version shown was filed; the ledger knows of no data's age."""
    filed = [times[each.submitted_block] for each in versions if each.version == fact.version]
    return max(0, (int(time.time()) - filed[0]) // DAY_SECONDS) if filed else None


def _compared(
    node: Node, fact: EntryFact, versions: list[VersionFact], old: int | None, new: int | None
) -> dict[str, Any] | None:
    """Return how two versions differ: those asked for, else the one in force and that before."""
    by_number = {each.version: each for each in versions}
    later = by_number.get(new if new is not None else fact.version)
    before = by_number.get(old if old is not None else (later.version - 1 if later else 0))
    if later is None or before is None:
        return None
    papers = [find_paper(node, fact.entry, each.version, each.digest) for each in (before, later)]
    found = None
    if papers[0] is not None and papers[1] is not None:
        found = compare(papers[0], papers[1])
    return {"old": before.version, "new": later.version, "found": found}


def _use(node: Node, entry: bytes) -> dict[str, Any]:
    """Return how an entry is used, without a person: authorisations by state, and by whom."""
    granted = node.queries.list_authorisations(entry=entry, limit=AUTHORISATIONS)
    states = Counter(each.state for each in granted)
    return {
        "states": [
            (words_of(AuthorisationState(state)), count) for state, count in sorted(states.items())
        ],
        "consumers": len({each.consumer for each in granted}),
        "all": len(granted),
    }
