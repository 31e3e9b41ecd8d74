"""Facts of the read model that clients hold receipts against."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query

from node.errors import (
    AuthorisationUnknown,
    Contradictory,
    InvalidInput,
    LedgerBehind,
    NotFound,
)
from node.protocol import forms as documents
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    Mode,
)
from node.protocol.wire import ids, items

from ..http.callers import CallerDep, NodeDep
from ..http.described import SIGNED, CodePath, refusals, signed_refusals
from ..http.verbs import Readable
from ..lookups import find_pairs
from .query import MAX_NUMBER
from .shapes import (
    AnchorShape,
    AuthorisationShape,
    DepartmentShape,
    LogKeyShape,
    LogShape,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.protocol.ledger.facts import AuthorisationFact, DepartmentFact, KeyFact

    from ..parts import Node

router = APIRouter(tags=["ledger"], route_class=Readable)

MOST_KEYS = 64
"""Of one log in an answer: nobody has as many in force, and each is a document to be read."""
GenerationQuery = Annotated[int | None, Query(ge=1, le=MAX_NUMBER)]


@router.get("/departments", summary="部门 / Departments", responses=refusals(LedgerBehind))
def list_departments(node: NodeDep) -> list[DepartmentShape]:
    """Return all enrolled departments, by code."""
    papers = node.directory.departments()
    return [_department(fact, papers) for fact in node.queries.departments()]


@router.get(
    "/departments/{code}/log",
    summary="部门日志与密钥 / A department's log and keys",
    responses=refusals(InvalidInput, NotFound, LedgerBehind),
)
def get_log(
    code: CodePath,
    node: NodeDep,
    generation: GenerationQuery = None,
    at: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
) -> LogShape:
    """Return a department's present log, or that of a generation, and the keys that sign it.

    The keys are those in force now; with `at`, a receipt's second, those that were in force then
    or have come into force since, so that an old receipt still finds its key after a rotation.
    """
    department = node.queries.get_department(code).department
    log = node.queries.log_of(department, generation)
    # The oldest first, which were in force at `at`, should there ever be more than an answer has.
    keys = list(islice(_log_keys(node, department, at), MOST_KEYS))[::-1]
    if not keys:
        raise LedgerBehind(f"no key document of {code} has arrived here yet")
    return LogShape(
        department=code,
        log=log.log.hex(),
        origin=log.origin,
        generation=log.generation,
        frozen=log.frozen,
        superseded=log.superseded,
        size=log.size,
        root=log.root.hex(),
        keys=keys,
    )


@router.get(
    "/departments/{code}/log/anchors/{size}",
    summary="链上锚定 / An anchor",
    responses=refusals(InvalidInput, NotFound, LedgerBehind),
)
def get_anchor(
    code: CodePath,
    size: Annotated[int, Path(ge=1, le=MAX_NUMBER)],
    node: NodeDep,
    generation: GenerationQuery = None,
) -> AnchorShape:
    """Return what the chain holds of a department's log at exactly `size` leaves."""
    log = node.queries.log_of(node.queries.get_department(code).department, generation)
    found = node.queries.find_anchor(log.log, size - 1)
    if found is None or found.size != size:
        raise NotFound(f"no anchor of {code} has size {size}")
    return AnchorShape(
        size=found.size,
        root=found.root.hex(),
        checkpoint_hash=found.checkpoint_hash.hex(),
        chain_id=node.deployment.chain_id,
        contract=node.deployment.anchors.hex(),
        tx=found.tx.hex(),
        block=found.block.number,
        block_hash=found.block.hash.hex(),
    )


@router.get(
    "/authorisations/{authorisation}",
    summary="一项授权 / An authorisation",
    responses=signed_refusals(AuthorisationUnknown, Contradictory),
    openapi_extra=SIGNED,
)
def get_authorisation(
    authorisation: Annotated[int, Path(ge=1, le=MAX_NUMBER)], caller: CallerDep, node: NodeDep
) -> AuthorisationShape:
    """Return an authorisation to its parties, their competent departments and their auditors."""
    granted = node.queries.find_authorisation(authorisation)
    reader = node.papers.find_reader(caller.key.key)
    entitled = set() if granted is None else set(_entitled(node, granted))
    if (
        granted is None
        or reader is None
        or (reader.department not in entitled and reader.auditor_for.isdisjoint(entitled))
    ):
        raise AuthorisationUnknown("no such authorisation, or not yours")
    entry = node.queries.get_entry(granted.entry, granted.version)
    version = node.facts.version(
        entry.digest, documents.version_object(granted.entry, granted.version)
    )
    codes = [item.code for item in version.items]
    return AuthorisationShape(
        authorisation=authorisation,
        provider=ids.department_code(granted.provider),
        consumer=ids.department_code(granted.consumer),
        entry=granted.entry.hex(),
        entry_code=version.code,
        version=granted.version,
        state=AuthorisationState(granted.state).name.lower(),
        revision=granted.revision,
        mode=Mode(granted.mode).name.lower(),
        items=items.chosen(codes, granted.items),
        item_codes=codes,
        purpose=granted.purpose.hex(),
        application=granted.application.hex(),
        valid_from=granted.valid_from,
        valid_until=granted.valid_until,
        calls_per_day=granted.calls_per_day,
        rows_per_day=granted.rows_per_day,
        terms=granted.terms.hex(),
        subject=granted.subject.hex(),
    )


def _department(
    fact: DepartmentFact, papers: dict[bytes, documents.DepartmentPaper]
) -> DepartmentShape:
    paper = papers.get(fact.department)
    return DepartmentShape(
        code=fact.code,
        name=paper.name if paper else None,
        url=paper.url if paper else None,
        parent=ids.department_code(fact.parent),
        competent=ids.department_code(fact.competent),
        status=DepartmentStatus(fact.status).name.lower(),
        digest=fact.digest.hex(),
    )


def _log_keys(node: Node, department: bytes, at: int | None) -> Iterator[LogKeyShape]:
    """Yield the department's keys, the oldest first, whose document is here and holds."""
    now = int(time.time())
    facts = sorted(node.queries.keys_of(department), key=lambda key: key.valid_from)
    for fact, paper, ed25519 in find_pairs(node, (key for key in facts if _in_force(key, at, now))):
        yield LogKeyShape(
            key=fact.key.hex(),
            sm2=f"{fact.qx:064x}{fact.qy:064x}",
            ed25519=ed25519,
            custody=paper.custody,
            valid_from=fact.valid_from,
            valid_until=fact.valid_until,
            revoked_at=fact.revoked_at,
        )


def _in_force(fact: KeyFact, at: int | None, now: int) -> bool:
    """Tell whether a key is in force now, or was at second `at` or has come to be since."""
    since = now if at is None else min(at, now)  # no key has outlived a second yet to come
    if not (fact.valid_from <= now and since < fact.valid_until):
        return False
    # The contract takes what stands before the revocation in its block, and a second does not tell
    # what came before from what came after: in its own second a revoked key still counts.
    return fact.revoked_at is None or (at is not None and since <= fact.revoked_at)


def _entitled(node: Node, granted: AuthorisationFact) -> Iterator[bytes]:
    for department in (granted.provider, granted.consumer):
        yield department
        yield node.queries.competent_of(department)
