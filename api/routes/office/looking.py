"""What officials read before they decide: what waits, what stands, what was filed.

Facts of the chain every department may see. What a restricted paper says is told to whom it may be
shown (`documents.access`), as everywhere.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from node.documents.coverage import Coverage
from node.errors import AuthorisationUnknown, LedgerBehind, NotFound
from node.office.filings import Newest
from node.office.mandates import FILERS
from node.office.reads import find_versions
from node.office.verdicts import list_pending, list_withdrawals
from node.protocol.ledger.enums import EntryState, Role
from node.protocol.wire import canonical, encoding, ids

from ... import lookups
from ...http.callers import NodeDep
from ...http.described import HEX32, Address, Code, CodePath, Hex32, refusals
from ...http.officers import OfficerDep, officer_with_body
from ...http.verbs import Readable
from ...lookups import PAGE
from ..query import MAX_NUMBER
from .decisions import ANY_OFFICER, REFUSED, Answer, Asked, SaidShape, body_of, read_asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.protocol.ledger.facts import VersionFact

    from ...http.officers import Officer
    from ...parts import Node

router = APIRouter(route_class=Readable)
FILINGS_PAGE, FILINGS_BYTES = 500, 4 * 1024 * 1024
"""Entries in one answer, and bytes of their documents: it ends with the one that passes them."""
FILINGS_READ = 50
"""Documents read at once: up to 256 KiB each."""


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
    """Of its struct."""
    step: SaidShape
    """What was decided."""
    block: int
    digest: Hex32
    state: str
    """After it."""
    state_said: SaidShape


class GrantShape(Answer):
    """An authorisation as it stands."""

    authorisation: int
    state: str
    state_said: SaidShape
    revision: int
    provider: Code
    provider_name: str | None
    consumer: Code
    consumer_name: str | None
    entry: Hex32
    code: str | None
    """Of the entry, where its document is here."""
    name: str | None
    version: int
    items: list[str] | None
    """Codes, where the version's document is here."""
    item_names: list[str] | None
    mode: str
    valid_from: int
    valid_until: int
    calls_per_day: int
    rows_per_day: int
    subject: Hex32
    """The latest document on it: what an answer names."""


class GrantInFullShape(GrantShape):
    """An authorisation with its decisions and, for whom they may be shown, its papers."""

    suspended_by: int
    """1 the consumer, 2 the provider, 3 the competent department; 0 nobody."""
    steps: list[StepShape]
    application: dict[str, Any] | None
    """The application's document, for its parties."""


class TaskShape(Answer):
    """One thing that waits."""

    sort: Literal["review", "review-withdrawal", "reply", "step"]
    since: int
    """Chain second from which it waits."""
    acting: Code
    """The department for which it is decided."""
    asking: Code
    """The department that waits."""
    code: str
    """Of the entry; its id where the version's document is not here."""
    name: str
    version: int
    authorisation: int | None
    steps: list[SaidShape]
    """Which steps are waited for, where `sort` is `step`."""
    digest: str
    """Of the document that is answered: the version, the withdrawal, the latest paper."""


class InboxShape(Answer):
    """A page of what waits, the oldest first."""

    tasks: list[TaskShape]
    next: int | None
    """Give it as `after` to go on."""


class WhomShape(Answer):
    """Whom to ask."""

    name: str
    phone: str


class EnrolledShape(Answer):
    """A department, with whom to ask."""

    code: Code
    name: str | None
    """Where its document is here."""
    competent: str
    status: str
    status_said: SaidShape
    may_enrol: bool
    url: str | None
    contact: WhomShape | None
    anchored: int | None
    """Leaves of its log that are on the chain; null: it has none."""


class AnchoredLogShape(Answer):
    """A log that is registered, with what the chain has of it."""

    department: Code
    log: Hex32
    origin: str
    size: int
    """Leaves of it that are on the chain."""
    root: Hex32
    """Of so many leaves."""
    relay: Address
    """Account that may anchor it."""


class ListedContractShape(Answer):
    """A contract in force."""

    name: str
    address: Address
    code_hash: Hex32
    block: int
    """That listed it."""


class HeldKeyShape(Answer):
    """A key of a department's or an application's, or one that holds a role in it."""

    key: Hex32
    kind: str
    """As the papers call it."""
    name: str | None
    """Whose it is, for whom the paper may be shown."""
    department: str | None
    """Code of the department that registered it; null: an application's."""
    roles: list[SaidShape]
    valid_from: int
    valid_until: int
    revoked: bool


class SystemShape(Answer):
    """An application system."""

    application: Hex32
    code: str | None
    name: str | None
    """Where its document is here."""
    keys: list[Hex32]
    """That are not revoked."""


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
    found = lookups.list_grants(node, provider, consumer, state, after=after, limit=limit)
    return [GrantShape(**each) for each in found]


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
    return GrantInFullShape(**lookups.get_grant(node, number, _papers(node, who)))


@router.get(
    "/inbox",
    summary="待办 / What waits",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def get_inbox(
    node: NodeDep,
    who: OfficerDep,
    after: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = PAGE,
) -> InboxShape:
    """Return what waits for who asks, from the roles he holds now, the oldest first."""
    found = lookups.list_inbox(node, who.roles, int(time.time()), after=after, limit=limit)
    return InboxShape(**found)


@router.get(
    "/departments",
    summary="部门与联系人 / Departments and whom to ask",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def get_departments(node: NodeDep, _who: OfficerDep) -> list[EnrolledShape]:
    """Return all departments by code."""
    return [EnrolledShape(**each) for each in lookups.list_departments(node)]


@router.get(
    "/logs",
    summary="各部门的日志 / The registered logs",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def get_logs(node: NodeDep, _who: OfficerDep) -> list[AnchoredLogShape]:
    """Return every log that is registered, as the chain has it anchored."""
    return [AnchoredLogShape(**each) for each in lookups.list_logs(node)]


@router.get(
    "/contracts",
    summary="生效的合约 / Contracts in force",
    responses=refusals(*REFUSED),
    openapi_extra=ANY_OFFICER,
)
def get_contracts(node: NodeDep, _who: OfficerDep) -> list[ListedContractShape]:
    """Return the contracts that the ledger has in force, with the block that listed each."""
    return [ListedContractShape(**each) for each in lookups.list_contracts(node)]


@router.get(
    "/departments/{code}/keys",
    summary="部门的密钥和角色 / A department's keys and roles",
    responses=refusals(*REFUSED, NotFound),
    openapi_extra=ANY_OFFICER,
)
def get_keys(code: CodePath, node: NodeDep, who: OfficerDep) -> list[HeldKeyShape]:
    """Return its keys, its applications', and others' that hold a role in it.

    People's names stand in papers that their own and the competent department may read.
    """
    found = lookups.list_keys(node, code, _papers(node, who))
    return [HeldKeyShape(**each) for each in found]


@router.get(
    "/departments/{code}/applications",
    summary="部门的应用系统 / A department's application systems",
    responses=refusals(*REFUSED, NotFound),
    openapi_extra=ANY_OFFICER,
)
def get_applications(code: CodePath, node: NodeDep, who: OfficerDep) -> list[SystemShape]:
    """Return its registered application systems with the keys they call with."""
    papers = _papers(node, who)
    return [SystemShape(**each) for each in lookups.list_applications(node, code, papers)]


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
    rest = node.queries.list_filed(owner, after=bytes.fromhex(after), limit=FILINGS_PAGE + 1)
    entries, size = list[FilingShape](), 0
    while len(entries) < min(len(rest), FILINGS_PAGE) and size < FILINGS_BYTES:
        some = rest[len(entries) : len(entries) + FILINGS_READ]
        papers = find_versions(node.store, some)
        size += sum(map(len, papers.values()))
        entries += [_filing(fact, papers.get((fact.entry, fact.version))) for fact in some]
    more = len(entries) < len(rest)
    return FilingsShape(entries=entries, next=entries[-1].entry if more else None)


def _filing(fact: VersionFact, data: bytes | None) -> FilingShape:
    return FilingShape(
        entry=fact.entry.hex(),
        version=fact.version,
        state=EntryState(fact.state).name.lower(),
        digest=fact.digest.hex(),
        document=None if data is None else data.decode(),
    )


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


def _compare(node: Node, code: str, asked: EditionBody) -> EditionShape:
    node.queries.get_department(code)
    newest = Newest(node.queries, code)
    space = encoding.hex32(asked.space)
    found = Coverage(node.node_engine).compare(code, space, asked.codes, newest.is_live)
    return EditionShape(
        series=found.series, before=found.before, kept=found.kept, gone=sorted(found.gone)
    )


def _papers(node: Node, who: Officer) -> Callable[[bytes], dict[str, Any] | None]:
    """Return what reads a paper for who asks: None of what he may not read, or is not here."""
    shelf = node.access.shelf_of(who.key.key)

    def read(digest: bytes) -> dict[str, Any] | None:
        data = shelf.find(digest)
        return None if data is None else dict(canonical.loads(data))

    return read
