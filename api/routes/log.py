"""A department's log, as others check it: checkpoint, consistency, and single calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response

from node.crypto import Sm2PublicKey
from node.errors import EventUnknown, InvalidInput, NotFound
from node.log import last_published
from node.protocol.wire import encoding

from ..events import find_event, hand_out_request
from ..http.signed import SIGNED, CallerDep, NodeDep
from .shapes import ConsistencyShape, EventShape

if TYPE_CHECKING:
    from node.log import LogIdentity

    from ..parts import Node

router = APIRouter(tags=["log"])

TEXT = "text/plain; charset=utf-8"


@router.get(
    "/logs/{department}/checkpoint",
    summary="最新检查点 / The newest published checkpoint",
    response_class=Response,
    responses={200: {"content": {TEXT: {}}, "description": "A C2SP signed note, two signatures."}},
)
def get_checkpoint(department: str, node: NodeDep) -> Response:
    """Return the newest published checkpoint; at most one a second is published."""
    found = last_published(node.node_engine, _log(node, department).log)
    if found is None:
        raise NotFound("nothing has been published of this log yet")
    return Response(found.checkpoint, media_type=TEXT)


@router.get("/logs/{department}/consistency", summary="一致性证明 / A consistency proof")
def get_consistency(
    department: str,
    node: NodeDep,
    old: Annotated[int, Query(ge=0, lt=2**40)],
    new: Annotated[int, Query(ge=0, lt=2**40)],
) -> ConsistencyShape:
    """Return the proof that the tree of `new` leaves begins with that of `old` (RFC 6962)."""
    proof = node.reader.consistency(_log(node, department).log, old, new)
    return ConsistencyShape(old=old, new=new, proof=[encoding.b64u(each) for each in proof])


@router.get(
    "/logs/{department}/events/{event}",
    summary="一次调用的回执 / The receipt of one call",
    response_model=EventShape,
    response_model_exclude_none=True,
    openapi_extra=SIGNED,
)
def get_event(
    department: str,
    event: str,
    caller: CallerDep,
    node: NodeDep,
    encryption_key: Annotated[
        str | None, Query(alias="encryptionKey", pattern="^[0-9a-f]{128}$")
    ] = None,
) -> dict[str, Any]:
    """Return the newest receipt of a call, *anchored* once the chain has reached it.

    For the call's own application, the parties' and their competent departments' keys, and their
    auditors. An auditor that gives the raw SM2 key `encryptionKey`, which its signature covers,
    also gets the request sealed to it, and `audit`, the receipt of the leaf that says so.
    """
    log = _log(node, department)
    try:
        wanted = encoding.hex32(event)
    except InvalidInput as error:
        raise EventUnknown("no such event") from error
    found = find_event(node, log, wanted, caller.key)
    answer: dict[str, Any] = {"receipt": found.receipt.render()}
    if encryption_key is not None and found.auditor:
        public = Sm2PublicKey.from_raw(bytes.fromhex(encryption_key))
        answer |= hand_out_request(node, log, found, caller, public)
    return answer


def _log(node: Node, department: str) -> LogIdentity:
    for settings, identity in zip(node.settings.departments, node.identities, strict=True):
        if settings.code == department:
            return identity
    raise NotFound(f"this node keeps no log of {department}")
