"""What officials read before they decide: what waits, what stands, what was filed.

Facts of the chain every department may see. What a restricted paper says is told to whom it may be
shown (`documents.access`), as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from node.documents.coverage import Coverage
from node.errors import (
    AuthorisationUnknown,
    DocumentUnknown,
    InvalidInput,
    LedgerBehind,
    NotFound,
)
from node.office.filings import Newest
from node.office.mandates import FILERS
from node.office.reads import Pinned, find_versions
from node.office.verdicts import list_pending, list_withdrawals
from node.protocol.forms import MODES
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import AuthorisationState, EntryState, Role, Step
from node.protocol.wire import canonical, encoding, ids

from ...http.callers import NodeDep
from ...http.described import HEX32, Code, CodePath, Hex32, refusals
from ...http.officers import OfficerDep, officer_with_body
from ...http.verbs import Readable
from ..query import MAX_NUMBER
from .decisions import ANY_OFFICER, REFUSED, Answer, Asked, SaidShape, body_of, read_asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.protocol.ledger.facts import AuthorisationFact

    from ...http.officers import Officer
    from ...parts import Node

router = APIRouter(route_class=Readable)
PAGE = 100
FILINGS_PAGE = 50
"""Documents in one answer: up to 256 KiB each."""


class DeploymentShape(Answer):
    """What decisions are signed for: whoever signs compares it with what he knows."""

    chain_id: str
    genesis_hash: Hex32
    root_key: str
    contracts: dict[str, str]
    """Addresses by name."""


class PendingShape(Answer):
    """A version that waits for its review."""

    department: Code
    code: str
    version: int
    name: str
    digest: Hex32


class WithdrawalShape(Answer):
    """An entry whose withdrawal waits for its review."""

    digest: Hex32
    """Of the withdrawal."""
    department: Code
    code: str
    version: int
    reason: str


class StepShape(Answer):
    """One decision on an authorisation."""

    name: str
    step: SaidShape | None
    block: int
    digest: Hex32
    state: str
    """After it."""


class GrantShape(Answer):
    """An authorisation as it stands."""

    authorisation: int
    state: str
    state_said: SaidShape
    revision: int
    provider: Code
    consumer: Code
    entry: Hex32
    code: str | None
    """Of the entry, where its document is here."""
    name: str | None
    version: int
    items: list[str] | None
    """Codes, where the version's document is here."""
    mode: str
    valid_from: int
    valid_until: int
    calls_per_day: int
    rows_per_day: int
    subject: Hex32
    """The latest document on it: what an answer names."""


class GrantInFullShape(GrantShape):
    """An authorisation with its decisions and, for whom they may be shown, its papers."""

    steps: list[StepShape]
    application: dict[str, Any] | None
    """The application's document, for its parties."""


class FilingShape(Answer):
    """The newest version of an entry."""

    entry: Hex32
    version: int
    state: str
    digest: Hex32
    document: str | None
    """Its canonical JSON, where it is here."""


class FilingsShape(Answer):
    """A page of a department's newest versions, by entry."""

    entries: list[FilingShape]
    next: str | None
    """Give it as `after` to go on."""


class EditionBody(Asked):
    """Which entries a table covers."""

    space: Annotated[str, Field(pattern=HEX32)]
    """What tables whose codes are made alike have in common."""
    codes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=20_000)]


class EditionShape(Answer):
    """A table beside those filed here before."""

    series: int
    before: int
    kept: int
    gone: list[str]


@router.get("/deployment", summary="部署 / The deployment", responses=refusals(LedgerBehind))
def get_deployment(node: NodeDep) -> DeploymentShape:
    """Return the chain and the contracts this node decides on; unsigned, for anybody."""
    found = node.deployment
    return DeploymentShape(
        chain_id=str(found.chain_id),
        genesis_hash=found.genesis_hash.hex(),
        root_key=found.root_key.hex(),
        contracts={name: each.address.hex() for name, each in found.contracts.items()},
    )


@router.get(
    "/pending/{code}",
    summary="待审核的目录 / Versions to be reviewed",
    responses=refusals(*REFUSED, NotFound),
    openapi_extra=ANY_OFFICER,
)
def get_pending(code: CodePath, node: NodeDep, _who: OfficerDep) -> list[PendingShape]:
    """Return all that waits for the review of a competent department, by department and code."""
    return [
        PendingShape(
            department=each.department,
            code=each.code,
            version=each.version,
            name=each.name,
            digest=each.digest,
        )
        for each in list_pending(node.queries, node.store, code)
    ]


@router.get(
    "/withdrawals",
    summary="待审核的撤回 / Withdrawals to be reviewed",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def get_withdrawals(node: NodeDep, _who: OfficerDep) -> list[WithdrawalShape]:
    """Return every entry whose withdrawal waits."""
    return [
        WithdrawalShape(
            digest=paper.digest.hex(),
            department=ids.department_code(entry.provider),
            code=each.code,
            version=each.version,
            reason=each.reason,
        )
        for paper, each, entry in list_withdrawals(node.queries, node.bindings, node.store)
    ]


@router.get(
    "/authorisations",
    summary="授权 / Authorisations",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def list_grants(
    *,
    node: NodeDep,
    _who: OfficerDep,
    provider: Annotated[str | None, Query(pattern="^[0-9A-Z]{18}$")] = None,
    consumer: Annotated[str | None, Query(pattern="^[0-9A-Z]{18}$")] = None,
    state: Annotated[str | None, Query(max_length=32)] = None,
    after: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = PAGE,
) -> list[GrantShape]:
    """Return authorisations by number; `state` as `agreed`, or in Chinese."""
    found = node.queries.list_authorisations(
        provider=None if provider is None else ids.department_id(provider),
        consumer=None if consumer is None else ids.department_id(consumer),
        state=None if state is None else parse_state(state),
        after=after,
        limit=limit,
    )
    return [GrantShape(**each) for each in _grants(node, found)]


@router.get(
    "/authorisations/{number}",
    summary="一个授权 / One authorisation",
    responses=refusals(*REFUSED, AuthorisationUnknown),
    openapi_extra=ANY_OFFICER,
)
def get_grant(
    number: Annotated[int, Path(ge=1, le=MAX_NUMBER)], node: NodeDep, who: OfficerDep
) -> GrantInFullShape:
    """Return an authorisation, every decision on it, and its application to its parties."""
    fact = node.queries.get_authorisation(number)
    steps = node.queries.steps(number)
    return GrantInFullShape(
        **next(_grants(node, [fact])),
        steps=[
            StepShape(
                name=each.name,
                step=_said(*words_of(Step(each.step))) if each.step else None,
                block=each.block,
                digest=each.digest.hex(),
                state=AuthorisationState(each.after.state).name.lower(),
            )
            for each in steps
        ],
        application=_paper(node, who, steps[0].digest),
    )


@router.get(
    "/filings/{code}",
    summary="最新的目录版本 / Newest versions",
    responses=refusals(*REFUSED, NotFound),
    openapi_extra=ANY_OFFICER,
)
def get_filings(
    code: CodePath,
    node: NodeDep,
    _who: OfficerDep,
    after: Annotated[str, Query(pattern="^(?:[0-9a-f]{64})?$")] = "",
) -> FilingsShape:
    """Return the newest version of a department's entries with their documents, a page."""
    owner = node.queries.get_department(code).department
    newest = sorted(node.queries.newest_versions(owner).items())
    rest = [each for each in newest if each[0] > bytes.fromhex(after)]
    entries = []
    papers = find_versions(node.store, [fact for _, fact in rest[:FILINGS_PAGE]])
    for entry, fact in rest[:FILINGS_PAGE]:
        data = papers.get((entry, fact.version))
        entries.append(
            FilingShape(
                entry=entry.hex(),
                version=fact.version,
                state=EntryState(fact.state).name.lower(),
                digest=fact.digest.hex(),
                document=None if data is None else data.decode(),
            )
        )
    more = len(rest) > FILINGS_PAGE
    return FilingsShape(entries=entries, next=entries[-1].entry if more else None)


@router.post(
    "/filings/{code}/edition",
    summary="表与上次相比 / A table beside the last",
    response_model=EditionShape,
    responses=refusals(*REFUSED, NotFound),
    openapi_extra=ANY_OFFICER | body_of(EditionBody),
)
async def compare_edition(code: CodePath, request: Request, node: NodeDep) -> EditionShape:
    """Say what a table has lost of what an earlier one covered; nothing is kept."""
    _who, data = await officer_with_body(request, node)
    asked = read_asked(EditionBody, data)
    return await to_thread.run_sync(_compare, node, code, asked)


@router.put(
    "/filings/{code}/edition",
    summary="记下表所覆盖的目录 / Keep what a table covers",
    status_code=204,
    responses=refusals(*REFUSED, NotFound),
    openapi_extra=ANY_OFFICER | body_of(EditionBody),
)
async def keep_edition(code: CodePath, request: Request, node: NodeDep) -> None:
    """Remember what a table covers, before it is filed. For officers of the department."""
    who, data = await officer_with_body(request, node)
    asked = read_asked(EditionBody, data)
    department = node.queries.get_department(code).department
    if not who.holds(FILERS, department):
        who.require(Role.DATA_OFFICER, department)
    coverage = Coverage(node.node_engine)
    space = encoding.hex32(asked.space)
    await to_thread.run_sync(coverage.keep, code, space, asked.codes)


def parse_state(named: str) -> int:
    """Read an authorisation's state, in Chinese or as `agreed`.

    Raises:
        InvalidInput: there is none such.
    """
    for state in AuthorisationState:
        if named in {words_of(state)[0], state.name.lower()}:
            return int(state)
    listed = "、".join(words_of(state)[0] for state in AuthorisationState)
    raise InvalidInput(f"没有状态 {named}；有：{listed} / no such state")


def _compare(node: Node, code: str, asked: EditionBody) -> EditionShape:
    node.queries.get_department(code)
    newest = Newest(node.queries, code)
    space = encoding.hex32(asked.space)
    found = Coverage(node.node_engine).compare(code, space, asked.codes, newest.is_live)
    return EditionShape(
        series=found.series, before=found.before, kept=found.kept, gone=sorted(found.gone)
    )


def _grants(node: Node, facts: Sequence[AuthorisationFact]) -> Iterator[dict[str, Any]]:
    """Yield authorisations as they stand, with what their versions' documents say."""
    for first in range(0, len(facts), FILINGS_PAGE):
        some = facts[first : first + FILINGS_PAGE]
        pinned = node.queries.pinned({each.authorisation for each in some})
        wanted = {Pinned(each.entry, each.version, pinned[each.authorisation]) for each in some}
        papers = find_versions(node.store, wanted)
        for each in some:
            yield _grant(each, papers.get((each.entry, each.version)))


def _grant(fact: AuthorisationFact, data: bytes | None) -> dict[str, Any]:
    version = None if data is None else orjson.loads(data)
    items = None if version is None else [each["code"] for each in version["items"]]
    modes = {int(mode): word for word, mode in MODES.items()}
    state = AuthorisationState(fact.state)
    return {
        "authorisation": fact.authorisation,
        "state": state.name.lower(),
        "state_said": _said(*words_of(state)),
        "revision": fact.revision,
        "provider": ids.department_code(fact.provider),
        "consumer": ids.department_code(fact.consumer),
        "entry": fact.entry.hex(),
        "code": version and version["code"],
        "name": version and version["name"],
        "version": fact.version,
        "items": items and [code for bit, code in enumerate(items) if fact.items >> bit & 1],
        "mode": modes.get(fact.mode, str(fact.mode)),
        "valid_from": fact.valid_from,
        "valid_until": fact.valid_until,
        "calls_per_day": fact.calls_per_day,
        "rows_per_day": fact.rows_per_day,
        "subject": fact.subject.hex(),
    }


def _paper(node: Node, who: Officer, digest: bytes) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = canonical.loads(node.access.read(digest, who.key.key))
    except DocumentUnknown:
        return None
    return found


def _said(chinese: str, english: str) -> SaidShape:
    return SaidShape(zh=chinese, en=english)
