"""Application of a chunk's events to the rows: each checked, projected, kept as a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.protocol.evm.decision import from_event, is_decision

from .arguments import dump_arguments
from .checks import (
    check_derived,
    check_sequence,
    get_possessor,
    get_signer,
)
from .projector import project
from .rules import check_rules
from .tables import BLOCK, DECISION, DECISION_OBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.chain.gateway import BlockHeader
    from node.protocol.evm.abi import ChainEvent

    from .identity import Identity
    from .projector.objects import Concern
    from .rows import Row, Rows
    from .signatures import Verification


def apply_events(
    rows: Rows, identity: Identity, events: Iterable[ChainEvent], verification: Verification
) -> None:
    """Apply events in order; returns only when every signature among them has been verified.

    Raises:
        ChainInconsistent: an event fails a check.
    """
    decisions = []
    try:
        for event in events:
            check_sequence(rows, event)
            check_derived(identity, event)
            if is_decision(event.name):
                signer = get_signer(rows, identity, event)
                verification.add(event, signer, get_possessor(event))
            check_rules(rows, identity, event)
            if concern := project(rows, event):
                decisions.append(_decision(rows, event, concern))
        for decision, found in zip(decisions, verification.hashes(), strict=True):
            decision["hash"] = found
    finally:
        verification.cancel()


def apply_headers(rows: Rows, headers: Iterable[BlockHeader]) -> None:
    """Keep the headers: what a call's leaf names its block by."""
    for header in headers:
        rows.add(
            BLOCK,
            {
                "number": header.number,
                "hash": header.hash,
                "parent_hash": header.parent_hash,
                "timestamp": header.timestamp,
            },
        )


def _decision(rows: Rows, event: ChainEvent, concern: Concern) -> Row:
    args = event.args
    row = {
        "contract": event.contract,
        "seq": event.seq,
        "name": from_event(event.name, args)[0].name,
        "block": event.block_number,
        "log_index": event.log_index,
        "tx": event.tx_hash,
        "signing_key": args["signingKey"],
        "hash": b"",  # filled when the signature has been verified
        "nonce": args["nonce"],
        "not_after": args["notAfter"],
        "r": args["r"],
        "s": args["s"],
        "acting": concern.acting,
        "args": dump_arguments(args),
    }
    rows.add(DECISION, row)
    for kind, named in dict.fromkeys(concern.objects):
        rows.add(
            DECISION_OBJECT,
            {"kind": kind, "object": named, "contract": event.contract, "seq": event.seq},
        )
    return row
