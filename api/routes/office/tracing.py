"""Traces for an auditor who signs his request: from any one thing on the ledger to the others.

What is answered is what a page shows him, and leaves the same leaf: log first, then answer. It is
traced in what this node has: of the logs here in those that are his to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import APIRouter, Path, Response

from node.errors import AuthorisationUnknown, EventUnknown, LogUnavailable, NotEntitled, NotFound
from node.protocol.wire import encoding

from ...auditors import auditor_of, log_at
from ...http.callers import CallerDep, NodeDep
from ...http.described import SIGNED, HexPath, signed_refusals
from ...http.officers import officer_of
from ...http.verbs import Readable
from ..logs import log_look
from ..query import MAX_NUMBER
from .decisions import Answer, SaidShape

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_sync.trace import TraceLine, Tracer

    from ...http.callers import Caller
    from ...parts import Node

router = APIRouter(prefix="/trace", route_class=Readable)
JSON = "application/json"
NumberPath = Annotated[int, Path(ge=0, le=MAX_NUMBER)]


class TraceShape(Answer):
    """One line of a trace: what stands somewhere, which check was made for it, whether it holds."""

    text: SaidShape
    check: SaidShape
    ok: bool
    finding: str
    """Why it does not hold; empty when it does."""
    kind: str
    """`call`, `authorisation`, `version`, `decision`, `checkpoint`, `anchor`, `stability`,
    `block`; empty for what is not there."""
    id: str
    """Of that thing; empty where it has none of its own."""
    children: list[TraceShape]


_REFUSED = signed_refusals(NotEntitled, NotFound, LogUnavailable)


@router.get(
    "/calls/{event}",
    summary="追溯一次调用 / Trace a call",
    response_model=TraceShape,
    responses=signed_refusals(NotEntitled, EventUnknown, LogUnavailable),
    openapi_extra=SIGNED,
)
def trace_call(event: HexPath, node: NodeDep, caller: CallerDep) -> Response:
    """Return the trace of a call, to its authorisation, version, decisions, checkpoint, block."""
    wanted = encoding.hex32(event)
    return _answer(node, caller, f"trace call {event}", lambda at: at.trace_call(wanted))


@router.get(
    "/authorisations/{number}",
    summary="追溯一个授权 / Trace an authorisation",
    response_model=TraceShape,
    responses=signed_refusals(NotEntitled, AuthorisationUnknown, LogUnavailable),
    openapi_extra=SIGNED,
)
def trace_authorisation(number: NumberPath, node: NodeDep, caller: CallerDep) -> Response:
    """Return an authorisation with its version, decisions and its first calls here."""
    question = f"trace authorisation {number}"
    return _answer(
        node, caller, question, lambda at: at.trace_authorisation(number), authorisation=number
    )


@router.get(
    "/versions/{entry}/{number}",
    summary="追溯目录的一版 / Trace a version of an entry",
    response_model=TraceShape,
    responses=_REFUSED,
    openapi_extra=SIGNED,
)
def trace_version(entry: HexPath, number: NumberPath, node: NodeDep, caller: CallerDep) -> Response:
    """Return a version with its decisions and the authorisations that pin it."""
    wanted, question = encoding.hex32(entry), f"trace version {entry}:{number}"
    return _answer(node, caller, question, lambda at: at.trace_version(wanted, number))


@router.get(
    "/blocks/{number}",
    summary="追溯一个区块 / Trace a block",
    response_model=TraceShape,
    responses=_REFUSED,
    openapi_extra=SIGNED,
)
def trace_block(number: NumberPath, node: NodeDep, caller: CallerDep) -> Response:
    """Return what a block decided and anchored."""
    return _answer(node, caller, f"trace block {number}", lambda at: at.trace_block(number))


def _answer(
    node: Node,
    caller: Caller,
    question: str,
    trace: Callable[[Tracer], TraceLine],
    *,
    authorisation: int = 0,
) -> Response:
    """Trace, commit the look as a leaf, then answer; the same signed question, the same answer."""
    who = auditor_of(node, officer_of(node, caller.key, None))
    if not who.logs:
        raise NotEntitled(
            "本节点没有归您审计的日志，请到提供部门的节点查询"
            " / no log here is yours to audit: ask at the provider's node"
        )
    body = orjson.dumps(trace(who.tracer).render())
    log = log_at(node, who.logs[0])
    logged = log_look(node, log, caller, question, body, body, authorisation)
    return Response(logged.answer or body, media_type=JSON)
