"""A department's log, as others check it: checkpoint, consistency, and single calls.

An entry is shown as those entitled to it see it: its newest receipt, and what was asked. Unknown
and not-yours read the same. A receipt that the chain has reached stands at the anchored size, so
that it can be checked by itself, against the chain alone; one that it has not reached at the first
published size, which will be anchored or lies before one that will.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from node.crypto import Sm2PublicKey, sm3
from node.errors import (
    CallReplayed,
    EventUnknown,
    InvalidInput,
    LogUnavailable,
    MalformedKey,
    NotFound,
    Overloaded,
)
from node.log import Draft, LeafDraft, last_published, list_published
from node.protocol.ledger.enums import KeyKind
from node.protocol.wire import canonical, encoding, envelope, ids
from node.protocol.wire.leaf import (
    AUDIT,
    KINDS,
    build_leaf,
    parse_leaf,
)
from node.protocol.wire.receipt import Anchored, Receipt

from ..http.callers import CallerDep, NodeDep
from ..http.described import HEX64, SIGNED, CodePath, HexPath, refusals, signed_refusals
from ..http.verbs import Readable
from .shapes import ConsistencyShape, EventShape

if TYPE_CHECKING:
    from ledger_sync.decided import AnchorFact
    from node.log import Committed, LogIdentity
    from node.protocol.ledger.facts import AuthorisationFact, KeyFact

    from ..http.callers import Caller
    from ..parts import Node


router = APIRouter(tags=["log"], route_class=Readable)

TEXT = "text/plain; charset=utf-8"
SHORTLY = {"Cache-Control": "public, max-age=1"}
"""No longer than the pause between two checkpoints that are published."""
LogPath = Annotated[
    str,
    Path(
        pattern="^[0-9A-Z]{18}(?::[1-9][0-9]{0,4})?$",
        description="A department's code, or code and generation of one of its logs (`…:2`).",
    ),
]


@router.get(
    "/logs/{department}/checkpoint",
    summary="最新检查点 / The newest published checkpoint",
    response_class=Response,
    responses={
        200: {"content": {TEXT: {}}, "description": "A C2SP signed note, two signatures."},
        **refusals(InvalidInput, NotFound),
    },
)
def get_checkpoint(department: LogPath, node: NodeDep) -> Response:
    """Return the newest published checkpoint; at most one a second is published."""
    _, log = find_log(node, department)
    found = last_published(node.node_engine, log)
    if found is None:
        raise NotFound("nothing has been published of this log yet; ask again in a second")
    return Response(found.checkpoint, media_type=TEXT, headers=SHORTLY)


@router.get(
    "/logs/{department}/consistency",
    summary="一致性证明 / A consistency proof",
    responses=refusals(InvalidInput, NotFound),
)
def get_consistency(
    department: LogPath,
    node: NodeDep,
    old: Annotated[int, Query(ge=0, lt=2**40)],
    new: Annotated[int, Query(ge=0, lt=2**40)],
) -> ConsistencyShape:
    """Return the proof that the tree of `new` leaves begins with that of `old` (RFC 6962)."""
    _, log = find_log(node, department)
    proof = node.reader.consistency(log, old, new)
    return ConsistencyShape(old=old, new=new, proof=[encoding.b64u(each) for each in proof])


@router.get(
    "/logs/{department}/events/{event}",
    summary="一次调用的回执 / The receipt of one call",
    response_model=EventShape,
    response_model_exclude_none=True,
    responses=signed_refusals(
        EventUnknown, NotFound, MalformedKey, LogUnavailable, Overloaded, CallReplayed
    ),
    openapi_extra=SIGNED,
)
def get_event(
    department: CodePath,
    event: HexPath,
    caller: CallerDep,
    node: NodeDep,
    encryption_key: Annotated[str | None, Query(alias="encryptionKey", pattern=HEX64)] = None,
) -> dict[str, Any]:
    """Return the newest receipt of a call, *anchored* once the chain has reached it.

    For the call's own application, the parties' and their competent departments' keys, and their
    auditors. An auditor that gives the raw SM2 key `encryptionKey`, which its signature covers,
    also gets the request sealed to it, and `audit`, the receipt of the leaf that says so.
    """
    log, _ = find_log(node, department)
    found = find_event(node, log, encoding.hex32(event), caller.key)
    answer: dict[str, Any] = {"receipt": found.receipt.render()}
    if encryption_key is not None and found.auditor:
        public = Sm2PublicKey.from_raw(bytes.fromhex(encryption_key))
        answer |= hand_out_request(node, log, found, caller, public)
    return answer


def find_log(node: Node, name: str, *, newest: bool = True) -> tuple[LogIdentity, bytes]:
    """Return the present log of a department, and the id of the log that `name` means.

    A code alone means the present log, or with `newest` false the first one for ever; with a
    generation behind it, it means that one.

    Raises:
        NotFound: this node keeps no such log.
    """
    code, _, generation = name.partition(":")
    for settings, identity in zip(node.settings.departments, node.identities, strict=True):
        if settings.code != code:
            continue
        last = settings.generation
        wanted = int(generation or (last if newest else 1))
        if wanted == last:
            return identity, identity.log
        if wanted > last:
            raise NotFound(f"{code} has no log {name}: its present one is of generation {last}")
        deployment = node.deployment
        origin = ids.log_origin(deployment.chain_id, deployment.registry, code, wanted)
        return identity, ids.log_id(origin)
    raise NotFound(
        f"this node keeps no log of {code}; those it keeps are listed by GET /api/v1/status, the "
        "nodes of all departments by GET /api/v1/departments"
    )


def reads_all(node: Node, log: LogIdentity, caller: KeyFact) -> tuple[bool, bool]:
    """Tell whether all entries of a department's logs are the caller's to read, and as an auditor.

    A look as an auditor is a leaf of its own.
    """
    auditor = _audits(node, log, None, caller)
    return auditor or _is_party(node, log, None, caller), auditor


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An entry of the log, and the standing of whoever asked for it."""

    event: bytes
    authorisation: int
    log: bytes
    """That holds it: the present one, or one it has superseded."""
    index: int
    receipt: Receipt
    auditor: bool
    """Whether the caller may see what was asked."""


def find_event(node: Node, log: LogIdentity, event: bytes, caller: KeyFact) -> FoundEvent:
    """Return an entry of a log, or of one it has superseded, to somebody entitled to it.

    Raises:
        EventUnknown: there is no such call, or it is not the caller's to know of.
        LedgerBehind: the read model cannot say.
    """
    place = _find_place(node, log, event)
    if place is None:
        raise EventUnknown("no such event, or not yours")
    leaf = parse_leaf(node.reader.entry(*place), KINDS)
    granted = node.queries.find_authorisation(leaf.authorisation)
    auditor = _audits(node, log, granted, caller)
    own = f'keyid="{caller.key.hex()}"'.encode() in leaf.base
    if not (own or auditor or _is_party(node, log, granted, caller)):
        raise EventUnknown("no such event, or not yours")
    return FoundEvent(event, leaf.authorisation, *place, newest_receipt(node, *place), auditor)


def _find_place(node: Node, log: LogIdentity, event: bytes) -> tuple[bytes, int] | None:
    """Return the log that holds an event, and its index there."""
    others = (fact.log for fact in node.queries.logs_of(log.department))
    for one in dict.fromkeys((log.log, *others)):
        try:
            index = node.reader.find_event(one, event)
        except NotFound:  # nothing was ever written to it here
            continue
        if index is not None:
            return one, index
    return None


def newest_receipt(node: Node, log: bytes, index: int) -> Receipt:
    """Return the receipt of an entry in its highest grade."""
    anchor = node.queries.find_anchor(log, index)
    kept = list_published(node.node_engine, log, from_size=anchor.size, limit=1) if anchor else []
    if anchor is None or not kept or kept[0].size != anchor.size:
        return node.reader.receipt(log, index)
    return Receipt(
        leaf=node.reader.entry(log, index),
        index=index,
        size=anchor.size,
        proof=tuple(node.reader.inclusion(log, index, anchor.size)),
        checkpoint=kept[0].checkpoint,
        anchored=_anchored(node, anchor),
    )


def hand_out_request(
    node: Node, log: LogIdentity, found: FoundEvent, caller: Caller, public: Sm2PublicKey
) -> dict[str, Any]:
    """Return `request`, what a call asked, sealed to an auditor's key, and `audit`, its receipt.

    Empty when no request was kept. The auditor's look is a leaf of its own: log first, then answer.
    The same signed question again gets the same bytes, and no second leaf.

    Raises:
        LogUnavailable, Overloaded: nothing can be logged, so nothing is handed out.
        CallReplayed: the question's nonce was used for another.
    """
    kept = node.reader.request(found.log, found.index)
    if kept is None:
        return {}
    opening = {
        name: encoding.b64u(node.seals.salt(found.event, name)) for name in ("operator", "matter")
    }
    body = node.seals.open_request(found.event, kept)
    plain = canonical.dumps({"body": encoding.b64u(body), "opening": opening})
    key = envelope.DataKey(created=int(time.time()))
    sealed = envelope.seal(key, [(public.key_id, public)], plain, found.event)
    answer = envelope.envelope_bytes(sealed)
    question = f"request {found.event.hex()}"
    logged = log_look(node, log, caller, question, answer, answer, found.authorisation)
    # Of an identical question the first answer: its digest is the one in the leaf.
    given = canonical.loads(logged.answer or answer, limit=len(logged.answer or answer))
    return {"request": given, "audit": logged.receipt().render()}


def log_look(  # noqa: PLR0917
    node: Node,
    log: LogIdentity,
    caller: Caller,
    question: str,
    answer: bytes,
    kept: bytes,
    authorisation: int = 0,
) -> Committed:
    """Commit an auditor's look as a leaf `audit`, before `answer` is handed out.

    The same signed question again makes no second leaf; the result then has the first one's `kept`.

    Raises:
        LogUnavailable, Overloaded: nothing can be logged.
        CallReplayed: the question's nonce was used for another.
    """
    call = caller.call
    draft = Draft(
        log=log.log,
        event=call.event,
        text=call.base + call.signature,
        authorisation=0,
        counted=False,
        leaf=LeafDraft.of(
            build_leaf(
                AUDIT,
                block=caller.block,
                judged=caller.judged,
                event=call.event,
                base=call.base,
                signature=call.signature,
                custody=custody_of(node, log),
                authorisation=authorisation,
                question=question,
                answer=sm3(answer),
            )
        ),
        key=call.key_id,
        answer=kept,
    )
    return node.writer.submit(draft).result()


def custody_of(node: Node, log: LogIdentity) -> str:
    """Return whether a department's node is its own or another's that hosts it."""
    departments = zip(node.settings.departments, node.identities, strict=True)
    return next(one.custody for one, identity in departments if identity.log == log.log)


def _audits(
    node: Node, log: LogIdentity, granted: AuthorisationFact | None, caller: KeyFact
) -> bool:
    reader = node.papers.find_reader(caller.key)
    return reader is not None and not reader.auditor_for.isdisjoint(_entitled(node, log, granted))


def _is_party(
    node: Node, log: LogIdentity, granted: AuthorisationFact | None, caller: KeyFact
) -> bool:
    if caller.kind == KeyKind.APPLICATION:
        return granted is not None and caller.holder == granted.application
    return caller.kind == KeyKind.DEPARTMENT and caller.holder in _entitled(node, log, granted)


def _entitled(node: Node, log: LogIdentity, granted: AuthorisationFact | None) -> set[bytes]:
    """Return the parties and their competent departments."""
    found = {log.department}
    if granted is not None:
        found |= {granted.provider, granted.consumer}
    return found | {node.queries.competent_of(department) for department in found}


def _anchored(node: Node, anchor: AnchorFact) -> Anchored:
    return Anchored(
        chain_id=node.deployment.chain_id,
        contract=node.deployment.anchors,
        tx=anchor.tx,
        block=anchor.block.number,
        block_hash=anchor.block.hash,
        size=anchor.size,
        consistency=(),
    )
