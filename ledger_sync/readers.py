"""What the documents ask of the ledger: `node.documents.ports.Ledger`, implemented.

Who may read a document, and whose keys speak, follow from mined decisions alone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import exists, select, tuple_

from node.documents.ports import DecisionFact, Reader
from node.protocol.forms import bindings_of
from node.protocol.ledger.competence import parties_of
from node.protocol.ledger.enums import DepartmentStatus, Role

from .objects import ObjectKind, load_arguments
from .rows import Rows
from .selecting import reading
from .tables import (
    APPLICATION,
    DECISION,
    DECISION_OBJECT,
    DEPARTMENT,
    KEY,
    ROLE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from node.documents.ports import Position

    from .selecting import Row


class Papers:
    """The documents' view of the ledger; raises LedgerBehind while the model is being filled."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def decisions_after(self, position: Position, limit: int) -> Sequence[DecisionFact]:
        """Return the next decisions with documents, in the order of the chain."""
        names_a_document = exists().where(
            DECISION_OBJECT.c.contract == DECISION.c.contract,
            DECISION_OBJECT.c.seq == DECISION.c.seq,
            DECISION_OBJECT.c.kind == ObjectKind.DOCUMENT,
        )
        statement = (
            select(DECISION)
            .where(tuple_(DECISION.c.block, DECISION.c.log_index) > position, names_a_document)
            .order_by(DECISION.c.block, DECISION.c.log_index)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = [row._asdict() for row in connection.execute(statement)]
            store = Rows(connection)
            return [_decision(store, row) for row in rows]

    def find_reader(self, key: bytes) -> Reader | None:
        """Return who stands behind `key` now; None if it is unknown, revoked or out of validity."""
        now = int(self._clock())
        with reading(self._engine) as connection:
            row = connection.execute(select(KEY).where(KEY.c.key == key)).one_or_none()
            if row is None or row.revoked_at is not None:
                return None
            if not row.valid_from <= now < row.valid_until:
                return None
            owner = select(APPLICATION.c.department).where(APPLICATION.c.application == row.holder)
            department = connection.execute(owner).scalar_one_or_none() or row.holder
            status = select(DEPARTMENT.c.status).where(DEPARTMENT.c.department == department)
            if connection.execute(status).scalar_one() != DepartmentStatus.ACTIVE:
                return Reader(key, row.kind, department, frozenset(), active=False)
            granted = select(ROLE.c.department, ROLE.c.roles).where(
                ROLE.c.key == key,
                ROLE.c.department == DEPARTMENT.c.department,
                DEPARTMENT.c.status == int(DepartmentStatus.ACTIVE),
                ROLE.c.roles != 0,
                ROLE.c.valid_from <= now,
                ROLE.c.valid_until > now,
            )
            held = {each.department: each.roles for each in connection.execute(granted)}
            auditor_for = frozenset(of for of, roles in held.items() if roles & Role.AUDITOR)
            return Reader(key, row.kind, department, auditor_for, acts_for=frozenset(held))


def _decision(store: Rows, row: Row) -> DecisionFact:
    kind, acting = row["name"], row["acting"]
    event = load_arguments(row["contract"], row["event"])
    return DecisionFact(
        position=(row["block"], row["log_index"]),
        kind=kind,
        event=event,
        acting=acting,
        parties={
            each.object: parties_of(store, acting, *each.concerned)
            for each in bindings_of(kind, event)
        },
    )
