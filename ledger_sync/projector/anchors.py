"""Projection of AccessAnchors: logs of departments and their anchored sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.protocol.wire.ids import log_origin
from node.protocol.wire.merkle import EMPTY_ROOT

from ..tables import (
    ANCHOR,
    CURSOR,
    DEPARTMENT,
    LOG,
)
from .objects import Concern, ObjectKind, department_ref

if TYPE_CHECKING:
    from node.protocol.evm.abi import ChainEvent

    from ..rows import Rows


def log_registered(rows: Rows, event: ChainEvent) -> Concern:
    """Open a department's log, empty."""
    args = event.args
    department = args["department"]
    cursor = rows.get(CURSOR, 1)
    code = rows.get(DEPARTMENT, department)["code"]
    rows.insert(
        LOG,
        {
            "log": args["log"],
            "department": department,
            "origin": log_origin(cursor["chain_id"], cursor["registry"], code),
            "relay": args["relay"],
            "size": 0,
            "root": EMPTY_ROOT,
            "seq": event.seq,
        },
    )
    return Concern(department, (department_ref(department), (ObjectKind.LOG, args["log"])))


def anchored(rows: Rows, event: ChainEvent) -> None:
    """Note that a log reached a size with a root; no decision, so nobody's act."""
    args = event.args
    rows.change(LOG, args["log"], size=args["size"], root=args["root"])
    rows.add(
        ANCHOR,
        {
            "log": args["log"],
            "size": args["size"],
            "old_size": args["oldSize"],
            "root": args["root"],
            "checkpoint_hash": args["checkpointHash"],
            "seq": event.seq,
            "block": event.block_number,
            "log_index": event.log_index,
            "tx": event.tx_hash,
        },
    )


HANDLERS = {"LogRegistered": log_registered, "Anchored": anchored}
