"""Questions about decisions: who signed what, where it stands on the chain, what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from node.errors import NotFound
from node.protocol.evm.blocks import BlockRef

from .arguments import load_arguments
from .facts import DecisionFact
from .reading import Reader, reading
from .tables import BLOCK, DECISION, DECISION_OBJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Select

_SELECT = select(
    DECISION, BLOCK.c.hash.label("block_hash"), BLOCK.c.timestamp.label("block_timestamp")
).join(BLOCK, BLOCK.c.number == DECISION.c.block)
_KEPT = ("contract", "seq", "name", "log_index", "tx", "signing_key", "hash", "nonce", "acting")
_CHAIN_ORDER = (DECISION.c.block, DECISION.c.log_index)


class DecisionQueries(Reader):
    """Decisions by their place, their hash, their signer and their objects."""

    def get_decision(self, contract: str, seq: int) -> DecisionFact:
        """Return the decision that was a contract's event number `seq`."""
        found = self._decisions(
            _SELECT.where(DECISION.c.contract == contract, DECISION.c.seq == seq)
        )
        if not found:
            raise NotFound(f"no decision {seq} of {contract}")
        return found[0]

    def find_decision(self, decision_hash: bytes) -> DecisionFact | None:
        """Return the decision with this EIP-712 hash."""
        found = self._decisions(_SELECT.where(DECISION.c.hash == decision_hash))
        return found[0] if found else None

    def decisions_of(self, kind: str, named: bytes) -> list[DecisionFact]:
        """Return the decisions about an object, in the order of the chain; kind of ObjectKind."""
        about = (
            (DECISION_OBJECT.c.contract == DECISION.c.contract)
            & (DECISION_OBJECT.c.seq == DECISION.c.seq)
            & (DECISION_OBJECT.c.kind == kind)
            & (DECISION_OBJECT.c.object == named)
        )
        return self._decisions(_SELECT.join(DECISION_OBJECT, about).order_by(*_CHAIN_ORDER))

    def decisions_by(self, key: bytes) -> list[DecisionFact]:
        """Return the decisions a key has signed, in the order of the chain."""
        return self._decisions(_SELECT.where(DECISION.c.signing_key == key).order_by(*_CHAIN_ORDER))

    def decisions_in(self, block: int) -> list[DecisionFact]:
        """Return the decisions of one block, in the order of the chain."""
        return self._decisions(_SELECT.where(DECISION.c.block == block).order_by(*_CHAIN_ORDER))

    def _decisions(self, statement: Select[Any]) -> list[DecisionFact]:
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
            return [_decision_fact(connection, row._asdict()) for row in rows]


def _decision_fact(connection: Connection, row: Mapping[str, Any]) -> DecisionFact:
    objects = connection.execute(
        select(DECISION_OBJECT.c.kind, DECISION_OBJECT.c.object)
        .where(DECISION_OBJECT.c.contract == row["contract"], DECISION_OBJECT.c.seq == row["seq"])
        .order_by(DECISION_OBJECT.c.kind, DECISION_OBJECT.c.object)
    )
    args = load_arguments(row["contract"], row["event"])
    values = {
        "block": BlockRef(row["block"], row["block_hash"], row["block_timestamp"]),
        "not_after": args["notAfter"],
        "r": args["r"],
        "s": args["s"],
        "args": args,
    }
    values |= {name: row[name] for name in _KEPT}
    return DecisionFact(**values, objects=tuple((kind, named) for kind, named in objects))
