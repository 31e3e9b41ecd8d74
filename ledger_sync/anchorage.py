"""Questions about logs and their anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from node.errors import NotFound
from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.facts import LogFact

from .facts import AnchorFact
from .reading import Reader
from .tables import ANCHOR, BLOCK, LOG, PRESENT_LOG

if TYPE_CHECKING:
    from collections.abc import Mapping

_SELECT_ANCHOR = select(ANCHOR, BLOCK.c.hash, BLOCK.c.timestamp).join(
    BLOCK, BLOCK.c.number == ANCHOR.c.block
)


class AnchorQueries(Reader):
    """Logs as registered, sizes as anchored."""

    def log_of(self, department: bytes) -> LogFact:
        """Return a department's present log."""
        found = self.find_log_of(department)
        if found is None:
            raise NotFound(f"no log of {department.hex()} is registered")
        return found

    def find_log_of(self, department: bytes) -> LogFact | None:
        """Return a department's present log; None before it has registered one."""
        present = select(PRESENT_LOG.c.log).where(PRESENT_LOG.c.department == department)
        row = self._find(select(LOG).where(LOG.c.log == present.scalar_subquery()))
        return None if row is None else LogFact(**row)

    def find_log(self, log: bytes) -> LogFact | None:
        """Return the log with this id."""
        row = self._find(select(LOG).where(LOG.c.log == log))
        return None if row is None else LogFact(**row)

    def logs(self) -> list[LogFact]:
        """Return all registered logs."""
        return [LogFact(**row) for row in self._all(select(LOG).order_by(LOG.c.log))]

    def find_anchor(self, log: bytes, index: int) -> AnchorFact | None:
        """Return the first anchor of a log that covers the leaf at `index`."""
        statement = _SELECT_ANCHOR.where(ANCHOR.c.log == log, ANCHOR.c.size > index)
        row = self._find(statement.order_by(ANCHOR.c.size).limit(1))
        return None if row is None else _anchor_fact(row)

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
