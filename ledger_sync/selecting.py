"""Read transactions, refused while the model is being filled; statements that questions share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from node.errors import LedgerBehind
from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.facts import AuthorisationFact, EntryFact

from .model import read_cursor
from .tables import AUTHORISATION, BLOCK, DEPARTMENT, ENTRY, ENTRY_VERSION, KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Engine, Select


Row: TypeAlias = dict[str, Any]
"""A row by column."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the model, whole.

    Raises:
        LedgerBehind: the model is being filled, was never filled or cannot be read.
    """
    try:
        with engine.connect() as connection:
            if read_cursor(connection).filling:
                raise LedgerBehind("the read model is being filled")
            yield connection
    except OperationalError as err:
        raise LedgerBehind(f"the read model cannot be read: {err.orig}") from err


class Reader:
    """What every group of questions stands on: one statement, one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _find(self, statement: Select[Any]) -> Row | None:
        with reading(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
            return None if row is None else row._asdict()

    def _all(self, statement: Select[Any], limit: int | None = None) -> list[Row]:
        with reading(self._engine) as connection:
            return [row._asdict() for row in connection.execute(statement.limit(limit))]


SELECT_KEY = select(KEY)
SELECT_DEPARTMENT = select(DEPARTMENT)
SELECT_AUTHORISATION = select(AUTHORISATION)
SELECT_BLOCK = select(BLOCK.c.number, BLOCK.c.hash, BLOCK.c.timestamp)
SELECT_ENTRY = select(ENTRY_VERSION, ENTRY.c.provider, ENTRY.c.frozen).join(
    ENTRY, ENTRY.c.entry == ENTRY_VERSION.c.entry
)


def authorisation_fact(row: Mapping[str, Any]) -> AuthorisationFact:
    """Read a row of `authorisation`, or of `authorisation_step`: as it stood after that step."""
    return AuthorisationFact(*[row[name] for name in AuthorisationFact._fields])


def entry_fact(row: Mapping[str, Any]) -> EntryFact:
    """Read a row of SELECT_ENTRY."""
    return EntryFact(*[row[name] for name in EntryFact._fields])


def block_ref(row: Mapping[str, Any]) -> BlockRef:
    """Read a row of SELECT_BLOCK."""
    return BlockRef(row["number"], row["hash"], row["timestamp"])
