"""Read transactions on the read model, refused while it is being filled."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy.exc import OperationalError

from node.errors import LedgerBehind

from .cursor import read_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

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
