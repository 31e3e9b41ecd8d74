"""How the node is, without a signature: nothing here is more than the chain or the log tells."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter

from node.crypto import backend_version
from node.errors import LedgerBehind, NotFound
from node.log import last_published

from ..http.callers import NodeDep
from ..http.described import refusals
from ..http.verbs import Readable
from .shapes import ServedShape, StatusShape

if TYPE_CHECKING:
    from node.log import LogIdentity
    from node.protocol.ledger.facts import LogFact

    from ..parts import Node
    from ..settings import DepartmentSettings

router = APIRouter(tags=["status"], route_class=Readable)


@router.get("/status", summary="节点状态 / How the node is", responses=refusals())
def get_status(node: NodeDep) -> StatusShape:
    """Return where the read model, the logs and their anchoring stand."""
    cursor, contact = node.queries.cursor(), node.queries.contact()
    applied = cursor.block.number if cursor.block else None
    head = contact.seen_head if contact else None
    behind = contact.behind_since_ms if contact else None
    keeper = node.keeper.status
    return StatusShape(
        version=version("shareledger"),
        chain_id=node.deployment.chain_id,
        registry=node.deployment.registry.hex(),
        ciphers=backend_version(),
        departments=[
            _served(node, department, identity)
            for department, identity in zip(node.settings.departments, node.identities, strict=True)
        ],
        cursor=applied,
        head=head,
        lag=None if applied is None or head is None else max(0, head - applied),
        filling=cursor.filling,
        behind_since=None
        if behind is None
        else datetime.fromtimestamp(behind / 1000, UTC).isoformat(),
        keeper_failures=keeper.failures,
        keeper_error=None if keeper.error is None else keeper.error.code,
        in_hand=node.service.in_hand,
    )


def _served(node: Node, department: DepartmentSettings, identity: LogIdentity) -> ServedShape:
    fact = _find_log(node, identity.log)
    published = last_published(node.node_engine, identity.log)
    return ServedShape(
        code=department.code,
        custody=department.custody,
        log=identity.log.hex(),
        registered=fact is not None and fact.is_open,
        size=_size(node, identity.log),
        published=published.size if published else 0,
        anchored=fact.size if fact else 0,
    )


def _find_log(node: Node, log: bytes) -> LogFact | None:
    try:
        return node.queries.find_log(log)
    except LedgerBehind:
        # The status must tell of a model that is being filled, not fail with it.
        return None


def _size(node: Node, log: bytes) -> int:
    try:
        return node.reader.head(log).size
    except NotFound:
        return 0
