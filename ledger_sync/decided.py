"""Questions about what stands on the chain: decisions, logs, anchors.

Ids are raw bytes, times chain seconds unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_

from node.errors import NotFound
from node.protocol.evm.blocks import BlockRef
from node.protocol.forms.words import SORTED, decision_words
from node.protocol.ledger.facts import LogFact

from .objects import load_arguments
from .selecting import SELECT_BLOCK, Reader, block_ref
from .tables import (
    ANCHOR,
    BLOCK,
    DECISION,
    DECISION_OBJECT,
    LOG,
    PRESENT_LOG,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Select

    from .objects import ObjectRef


@dataclass(frozen=True, slots=True)
class AnchorFact:
    """A size of a log that the chain has checked and kept."""

    log: bytes
    size: int
    old_size: int
    root: bytes
    checkpoint_hash: bytes
    """SHA-256 of the checkpoint's note text."""
    seq: int
    block: BlockRef
    log_index: int
    tx: bytes


@dataclass(frozen=True)
class DecisionFact:
    """A mined decision whose SM2 signature this node has checked itself."""

    contract: str
    seq: int
    name: str
    """Struct name, as ApplyFor."""
    block: BlockRef
    log_index: int
    tx: bytes
    signing_key: bytes
    hash: bytes
    """EIP-712 hash: what was signed, as 64 hex characters."""
    nonce: int
    acting: bytes
    """Department that acted, by its role."""
    event: bytes

    @cached_property
    def args(self) -> Mapping[str, Any]:
        """The event's arguments, decoded when first asked for: it may hold a hundred entries."""
        return load_arguments(self.contract, self.event)

    @property
    def words(self) -> tuple[str, str]:
        """The Chinese and the English of it."""
        return decision_words(self.name, self.args if self.name in SORTED else {})


_SELECT = select(
    DECISION, BLOCK.c.hash.label("block_hash"), BLOCK.c.timestamp.label("block_timestamp")
).join(BLOCK, BLOCK.c.number == DECISION.c.block)
_KEPT = (
    "contract", "seq", "name", "log_index", "tx", "signing_key", "hash", "nonce", "acting", "event",
)  # fmt: skip
_CHAIN_ORDER = (DECISION.c.block, DECISION.c.log_index)
_NEWEST = tuple(each.desc() for each in _CHAIN_ORDER)


class DecisionQueries(Reader):
    """Decisions by their place and their objects."""

    def get_decision(self, contract: str, seq: int) -> DecisionFact:
        """Return the decision that was a contract's event number `seq`."""
        found = self._decisions(
            _SELECT.where(DECISION.c.contract == contract, DECISION.c.seq == seq)
        )
        if not found:
            raise NotFound(f"no decision {seq} of {contract}")
        return found[0]

    def decisions_of(self, kind: str, named: bytes) -> list[DecisionFact]:
        """Return the decisions about an object, in the order of the chain; kind of ObjectKind."""
        return self._decisions(_about(kind, named).order_by(*_CHAIN_ORDER))

    def newest_decisions_of(self, kind: str, named: bytes, limit: int) -> list[DecisionFact]:
        """Return the last decisions about an object, the newest first; kind of ObjectKind."""
        return self._decisions(_about(kind, named).order_by(*_NEWEST).limit(limit))

    def decisions_in(self, block: int) -> list[DecisionFact]:
        return self._decisions(_SELECT.where(DECISION.c.block == block).order_by(*_CHAIN_ORDER))

    def blocks_of(self, objects: Collection[ObjectRef], after: int, before: int) -> list[BlockRef]:
        """Return the blocks between two that decide on any of these objects, by number."""
        about = tuple_(DECISION_OBJECT.c.kind, DECISION_OBJECT.c.object).in_(list(objects))
        numbers = select(DECISION.c.block).join(DECISION_OBJECT, _IS_OF).where(about)
        between = (BLOCK.c.number > after) & (BLOCK.c.number < before)
        statement = SELECT_BLOCK.where(between, BLOCK.c.number.in_(numbers))
        return [block_ref(row) for row in self._all(statement.order_by(BLOCK.c.number))]

    def last_decision_of(
        self, about: ObjectRef, block: int, names: Collection[str]
    ) -> DecisionFact | None:
        """Return the last decision of these names on an object, up to a block."""
        wanted = _about(*about).where(DECISION.c.block <= block, DECISION.c.name.in_(list(names)))
        found = self._decisions(wanted.order_by(*_NEWEST).limit(1))
        return found[0] if found else None

    def objects_of(self, decision: DecisionFact) -> list[ObjectRef]:
        """Return what a decision is about, kind and id."""
        columns = (DECISION_OBJECT.c.kind, DECISION_OBJECT.c.object)
        key = (DECISION_OBJECT.c.contract == decision.contract) & (
            DECISION_OBJECT.c.seq == decision.seq
        )
        rows = self._all(select(*columns).where(key).order_by(*columns))
        return [(row["kind"], row["object"]) for row in rows]

    def find_spent(self, contract: str, key: bytes, nonce: int) -> bytes | None:
        """Return the hash of the decision on the chain with this nonce of a key."""
        spent = (DECISION.c.signing_key == key) & (DECISION.c.nonce == nonce)
        found = self._decisions(_SELECT.where(DECISION.c.contract == contract, spent))
        return found[0].hash if found else None

    def _decisions(self, statement: Select[Any]) -> list[DecisionFact]:
        return [_decision_fact(row) for row in self._all(statement)]


_IS_OF = (DECISION_OBJECT.c.contract == DECISION.c.contract) & (
    DECISION_OBJECT.c.seq == DECISION.c.seq
)


def _about(kind: str, named: bytes) -> Select[Any]:
    about = (DECISION_OBJECT.c.kind == kind) & (DECISION_OBJECT.c.object == named)
    return _SELECT.join(DECISION_OBJECT, _IS_OF & about)


def _decision_fact(row: Mapping[str, Any]) -> DecisionFact:
    block = BlockRef(row["block"], row["block_hash"], row["block_timestamp"])
    return DecisionFact(block=block, **{name: row[name] for name in _KEPT})


_SELECT_ANCHOR = select(ANCHOR, BLOCK.c.hash, BLOCK.c.timestamp).join(
    BLOCK, BLOCK.c.number == ANCHOR.c.block
)


class AnchorQueries(Reader):
    """Logs as registered, sizes as anchored."""

    def log_of(self, department: bytes, generation: int | None = None) -> LogFact:
        """Return a department's log of a generation, the present one if none is named."""
        found = self.find_log_of(department, generation)
        if found is None:
            which = "log" if generation is None else f"log {generation}"
            raise NotFound(f"no {which} of {department.hex()} is registered")
        return found

    def find_log_of(self, department: bytes, generation: int | None = None) -> LogFact | None:
        """Return a department's log, as `log_of`; None where it has registered none such."""
        if generation is not None:
            mine = LOG.c.department == department
            return self._fact(LogFact, mine, LOG.c.generation == generation)
        present = select(PRESENT_LOG.c.log).where(PRESENT_LOG.c.department == department)
        return self._fact(LogFact, LOG.c.log == present.scalar_subquery())

    def logs_of(self, department: bytes) -> list[LogFact]:
        """Return every log a department has had, the first one first."""
        found = self._facts(LogFact, LOG.c.department == department)
        return sorted(found, key=lambda log: log.generation)

    def find_log(self, log: bytes) -> LogFact | None:
        return self._by_key(LogFact, LOG.c.log, log)

    def logs(self) -> list[LogFact]:
        return self._facts(LogFact)

    def find_anchor(self, log: bytes, index: int) -> AnchorFact | None:
        """Return the first anchor of a log that covers the leaf at `index`."""
        statement = _SELECT_ANCHOR.where(ANCHOR.c.log == log, ANCHOR.c.size > index)
        row = self._find(statement.order_by(ANCHOR.c.size).limit(1))
        return None if row is None else _anchor_fact(row)

    def anchors_of(self, log: bytes, sizes: Collection[int]) -> list[AnchorFact]:
        """Return those anchors of a log that are of exactly one of these sizes."""
        statement = _SELECT_ANCHOR.where(ANCHOR.c.log == log, ANCHOR.c.size.in_(sizes))
        return [_anchor_fact(row) for row in self._all(statement)]

    def anchors_in(self, block: int) -> list[AnchorFact]:
        """Return the anchors of one block, in the order of the chain."""
        statement = _SELECT_ANCHOR.where(ANCHOR.c.block == block)
        return [_anchor_fact(row) for row in self._all(statement.order_by(ANCHOR.c.log_index))]

    def list_anchors(self, log: bytes, after: int = 0, limit: int = 100) -> list[AnchorFact]:
        """Return the anchors of a log of more than `after` leaves, by size."""
        statement = _SELECT_ANCHOR.where(ANCHOR.c.log == log, ANCHOR.c.size > after)
        return [_anchor_fact(row) for row in self._all(statement.order_by(ANCHOR.c.size), limit)]


def _anchor_fact(row: Mapping[str, Any]) -> AnchorFact:
    values = {name: row[name] for name in AnchorFact.__slots__}
    return AnchorFact(**values | {"block": BlockRef(row["block"], row["hash"], row["timestamp"])})
