"""How the node is, without a signature: nothing here is more than the chain or the log tells."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter

from node.crypto import backend_version

from ..http.callers import NodeDep
from ..http.described import refusals
from ..http.verbs import Readable
from ..operating.readings import read_log, read_progress
from .shapes import ServedShape, StatusShape

if TYPE_CHECKING:
    from node.log import LogIdentity

    from ..parts import Node
    from ..settings import DepartmentSettings

router = APIRouter(tags=["status"], route_class=Readable)


@router.get("/status", summary="节点状态 / How the node is", responses=refusals())
def get_status(node: NodeDep) -> StatusShape:
    """Return where the read model, the logs and their anchoring stand."""
    progress, notices = read_progress(node), node.notices()
    applied, head, behind = progress.applied, progress.head, progress.behind_since
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
        filling=progress.filling,
        behind_since=None if behind is None else datetime.fromtimestamp(behind, UTC).isoformat(),
        keeper_failures=max(each.failures for each in notices),
        keeper_error=next((each.error for each in notices if each.error), None),
        in_hand=sum(each.in_hand for each in notices),
    )


def _served(node: Node, department: DepartmentSettings, identity: LogIdentity) -> ServedShape:
    log = read_log(node, department.code, identity, time.time())
    return ServedShape(
        code=department.code,
        custody=department.custody,
        log=identity.log.hex(),
        registered=log.is_open,
        size=log.entries,
        published=log.published,
        anchored=log.anchored,
    )
