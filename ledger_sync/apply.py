"""Application of a chunk's events: each judged by the core, kept as a decision, a step, an anchor.

A contract has judged every one of them already; they are judged again because an endpoint, not the
contract, hands the events over. Whatever does not follow is ChainInconsistent: an alarm, never a
row left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import ChainInconsistent, DecisionRefused, WrongChain
from node.protocol.ledger.core import Ledger, Origin
from node.protocol.ledger.facts import AuthorisationFact
from node.protocol.wire.ids import contract_name_id

from .anchored import apply_run
from .objects import dump_event, objects_of
from .tables import (
    ANCHOR,
    AUTHORISATION_STEP,
    BLOCK,
    DECISION,
    DECISION_OBJECT,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from node.protocol.evm.abi import ChainEvent
    from node.protocol.ledger.signed import Act

    from .chunk import Chunk
    from .model import Identity
    from .rows import Row, Rows
    from .signatures import Verification


def apply_chunk(
    rows: Rows,
    connection: Connection,
    identity: Identity,
    chunk: Chunk,
    verification: Verification,
) -> None:
    """Apply headers and events and write what follows, in the caller's transaction.

    Returns only when every signature among the events has been verified.

    Raises:
        ChainInconsistent: the contract cannot have emitted an event on top of the rows.
        WrongChain: a contract is listed that is not the configured one.
    """
    for header in chunk.headers:  # what a call's leaf names its block by
        rows.add(BLOCK, (header.number, header.hash, header.parent_hash, header.timestamp))
    try:
        _apply_events(rows, identity, chunk, verification)
        # Written while the threads still verify: a signature that does not hold ends the
        # transaction, and with it all of this.
        rows.flush(connection)
        verification.wait()
    finally:
        verification.cancel()


def _apply_events(rows: Rows, identity: Identity, chunk: Chunk, verification: Verification) -> None:
    """Apply events in order."""
    root = identity.root_key
    origin = Origin(identity.chain_id, identity.registry, (root.x, root.y))
    ledger = Ledger(rows, origin, verification)
    for are_anchors, logs in chunk.runs():
        # What is odd about an anchor of a run is said when it is applied by itself.
        if not are_anchors or not apply_run(ledger, rows, logs):
            _apply_each(ledger, rows, identity, chunk.events(logs))
    verification.submit()


def _apply_each(
    ledger: Ledger, rows: Rows, identity: Identity, events: Iterable[ChainEvent]
) -> None:
    for event in events:
        if event.name == "ContractListed":
            _check_listed(identity, event)
        act = _apply(ledger, event)
        if act is not None:
            rows.add(DECISION, _decision(event, act))
            _keep_steps(rows, act)
            for kind, named in objects_of(act):
                rows.add(DECISION_OBJECT, (kind, named, act.contract, act.seq))
        elif event.name == "Anchored":
            _keep_anchor(rows, event)


def _apply(ledger: Ledger, event: ChainEvent) -> Act | None:
    try:
        return ledger.apply(event)
    except DecisionRefused as err:
        raise ChainInconsistent(
            f"{event.name} {event.seq} of {event.contract} breaks a rule: {err.message}",
            contract=event.contract,
            seq=event.seq,
            block=event.block_number,
        ) from err


def _keep_anchor(rows: Rows, event: ChainEvent) -> None:
    args = event.args
    anchored = (args["log"], args["size"], args["oldSize"], args["root"], args["checkpointHash"])
    place = (event.seq, event.block_number, event.log_index, event.tx_hash)
    rows.add(ANCHOR, (*anchored, *place))


def _keep_steps(rows: Rows, act: Act) -> None:
    """Keep each authorisation that was decided on as it stands now: the past can be read again."""
    args = act.message
    if act.name == "ApplyFor":
        digests = [each["digest"] for each in args["applications"]]
        decided = list(enumerate(digests, args["first"]))
    elif act.name in {"Reply", "Step", "Change"}:
        decided = [(args["authorisation"], args["digest"])]
    else:
        return
    for number, digest in decided:
        one = rows.find(AuthorisationFact, number)
        how = (act.seq, act.name, args.get("step", 0), args.get("answer", 0), act.block, digest)
        rows.add(AUTHORISATION_STEP, (*(one or ()), *how))


def _decision(event: ChainEvent, act: Act) -> Row:
    place = (act.contract, act.seq, act.name, act.block, event.log_index, event.tx_hash)
    return *place, act.key, act.hashed(), act["nonce"], act.acting, dump_event(event)


def _check_listed(identity: Identity, event: ChainEvent) -> None:
    listed = (event.args["contractAddress"], event.args["codeHash"])
    for name, deployed in identity.deployed.items():
        if contract_name_id(name) == event.args["name"] and listed != deployed:
            raise WrongChain(f"the chain lists another {name}", address=listed[0].hex())
