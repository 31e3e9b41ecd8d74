"""The outbox's rows: transactions of one relay account, each with its nonce and signed bytes.

A row is complete from its first COMMIT: nothing has to be remembered to send it, and sending it
twice changes nothing. States: queued → sent → mined | failed, or queued → filling → failed where
the chain will never take the transaction and its nonce is used up by an empty one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Connection, Enum, LargeBinary, UniqueConstraint, func, insert, select, update
from sqlalchemy.orm import Session, registry
from sqlmodel import Field, SQLModel

from ..storage.dialects import widen
from ..storage.engines import READING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


class State(StrEnum):
    """Where a transaction stands."""

    QUEUED = "queued"
    SENT = "sent"
    """The chain has taken it once; it may still have to be sent again."""
    FILLING = "filling"
    """Refused for good; `filler` holds the empty transaction that uses up its nonce."""
    MINED = "mined"
    FAILED = "failed"


OPEN = (State.QUEUED, State.SENT, State.FILLING)


class _Table(SQLModel, registry=registry()):
    """The registry of its own keeps other databases' tables out."""


class Row(_Table, table=True):
    """One transaction of the outbox."""

    __tablename__ = "outbox"
    __table_args__: ClassVar[Any] = (UniqueConstraint("relay", "nonce"),)

    id: int = Field(default=None, primary_key=True)
    unique_key: str = Field(unique=True)
    relay: bytes = Field(sa_type=LargeBinary(20))
    nonce: int
    to: bytes = Field(sa_type=LargeBinary(20))
    data: bytes
    gas: int
    raw: bytes
    hash: bytes = Field(sa_type=LargeBinary(32))
    state: State = Field(sa_type=Enum(State, native_enum=False, values_callable=list))
    filler: bytes | None = None
    mined: bytes | None = Field(default=None, sa_type=LargeBinary(32))
    """Hash of the transaction that did it; another one's where the same decision was there."""
    revert: bytes | None = None
    """Revert data of a transaction that was mined and failed."""
    refusal: str | None = None
    """Why the chain would not take it."""


outbox = Row.metadata.tables["outbox"]
widen(Row.metadata)


class OutboxRows:
    """The rows of one relay account in one database."""

    def __init__(self, engine: Engine, relay: bytes) -> None:
        self._engine, self._relay = engine, relay
        self._reading = engine.execution_options(**READING)
        Row.metadata.create_all(engine)

    def append(
        self,
        unique_key: str,
        *,
        to: bytes,
        data: bytes,
        gas: int,
        at_least: int,
        sign: Callable[[int], tuple[bytes, bytes]],
    ) -> int:
        """Commit a row with the next nonce, or find the one with this key; returns its id.

        `sign` gives raw bytes and hash for a nonce. One BEGIN IMMEDIATE: two processes cannot
        take one nonce, and no nonce is taken without its row.
        """
        with self._engine.begin() as connection:
            known = connection.scalar(select(outbox.c.id).where(outbox.c.unique_key == unique_key))
            if known is not None:
                return int(known)
            nonce = max(self._next_nonce(connection), at_least)
            raw, tx_hash = sign(nonce)
            values = {
                "unique_key": unique_key, "relay": self._relay, "nonce": nonce, "to": to,
                "data": data, "gas": gas, "raw": raw, "hash": tx_hash, "state": State.QUEUED,
            }  # fmt: skip
            query = insert(outbox).values(values).returning(outbox.c.id)
            return int(connection.execute(query).scalar_one())

    def renumber(
        self, row: Row, *, at_least: int, sign: Callable[[int], tuple[bytes, bytes]]
    ) -> None:
        """Give a row a new nonce; only right when its old one was used by another transaction."""
        with self._engine.begin() as connection:
            nonce = max(self._next_nonce(connection), at_least)
            raw, tx_hash = sign(nonce)
            values = {"nonce": nonce, "raw": raw, "hash": tx_hash, "state": State.QUEUED}
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(values))

    def is_empty(self) -> bool:
        with self._reading.connect() as connection:
            return self._next_nonce(connection) == 0

    def find_by_key(self, unique_key: str) -> int | None:
        with self._reading.connect() as connection:
            return connection.scalar(select(outbox.c.id).where(outbox.c.unique_key == unique_key))

    def get(self, row_id: int) -> Row:
        with Session(self._reading) as session:
            return session.scalars(select(Row).where(outbox.c.id == row_id)).one()

    def list_open(self, limit: int) -> list[Row]:
        """Return the rows not yet settled, lowest nonce first."""
        query = (
            select(Row)
            .where(outbox.c.relay == self._relay, outbox.c.state.in_(OPEN))
            .order_by(outbox.c.nonce)
            .limit(limit)
        )
        with Session(self._reading) as session:
            return list(session.scalars(query))

    def count_open(self) -> int:
        query = select(func.count()).where(outbox.c.relay == self._relay, outbox.c.state.in_(OPEN))
        with self._reading.connect() as connection:
            return connection.scalar(query) or 0

    def change(self, row: Row, state: State, **values: Any) -> None:  # noqa: ANN401 - columns
        with self._engine.begin() as connection:
            connection.execute(
                update(outbox).where(outbox.c.id == row.id).values(state=state, **values)
            )

    def _next_nonce(self, connection: Connection) -> int:
        query = select(func.max(outbox.c.nonce)).where(outbox.c.relay == self._relay)
        highest = connection.scalar(query)
        return 0 if highest is None else int(highest) + 1
