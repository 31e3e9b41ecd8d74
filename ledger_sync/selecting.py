"""Read transactions, refused while the model is being filled; statements that questions share."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError

from node.errors import LedgerBehind
from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.facts import KEY_SIZES, AuthorisationFact, EntryFact

from .model import read_cursor
from .tables import (
    BLOCK,
    ENTRY,
    ENTRY_VERSION,
    RECORDS,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import BindParameter, Column, ColumnElement, Connection, Engine, Select

    from node.protocol.ledger.enums import EntryState
    from node.protocol.ledger.facts import Record


R = TypeVar("R", bound="Record")
Row: TypeAlias = dict[str, Any]
"""A row by column."""


@dataclass(frozen=True, slots=True)
class _Held:
    """One state of the model, and what was read of it."""

    engine: Engine
    connection: Connection
    known: dict[tuple[type[Any], Any], Any] = field(default_factory=dict)
    """Records by kind and key; None: there is none. True as long as the state is held."""


_held: ContextVar[_Held | None] = ContextVar("held", default=None)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the model, whole; within `holding`, use that one.

    Raises:
        LedgerBehind: the model is being filled, was never filled or cannot be read.
    """
    held = _held.get()
    if held is not None and held.engine is engine:
        yield held.connection
        return
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

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let all questions asked within see one state of the model, in one transaction.

        For the short time of one answer, in one thread: SQLite's log cannot shrink meanwhile. A
        record asked for again by its key is not read again.

        Raises:
            LedgerBehind: as each question.
        """
        held = _held.get()
        if held is not None and held.engine is self._engine:
            yield
            return
        with reading(self._engine) as connection:
            before = _held.set(_Held(self._engine, connection))
            try:
                yield
            finally:
                _held.reset(before)

    def _by_key(self, kind: type[R], column: Column[Any], key: object) -> R | None:
        """Return the record of a kind with this key, of its one `column`."""
        held = _held.get()
        if held is None or held.engine is not self._engine:
            return self._fact(kind, column == key)
        if (kind, key) not in held.known:
            held.known[kind, key] = self._fact(kind, column == key)
        found: R | None = held.known[kind, key]
        return found

    def _fact(self, kind: type[R], *where: ColumnElement[bool]) -> R | None:
        """Return the one record of a kind that meets the conditions."""
        with reading(self._engine) as connection:
            row = connection.execute(select(RECORDS[kind]).where(*where)).one_or_none()
            return None if row is None else kind(*row)

    def _facts(
        self, kind: type[R], *where: ColumnElement[bool], limit: int | None = None
    ) -> list[R]:
        """Return the records of a kind that meet the conditions, by their key."""
        table = RECORDS[kind]
        statement = select(table).where(*where).order_by(*table.primary_key).limit(limit)
        with reading(self._engine) as connection:
            found = [kind(*row) for row in connection.execute(statement).all()]
        held = _held.get()
        if held is not None and held.engine is self._engine and KEY_SIZES[kind] == 1:
            held.known.update(((kind, fact[0]), fact) for fact in found)
        return found

    def _every(self, kind: type[R]) -> list[R]:
        """Return all records of a kind of which there are few, by their key."""
        held = _held.get()
        if held is None or held.engine is not self._engine:
            return self._facts(kind)
        if (kind, None) not in held.known:
            held.known[kind, None] = self._facts(kind)
        return [*held.known[kind, None]]

    def _find(self, statement: Select[Any]) -> Row | None:
        with reading(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
            return None if row is None else row._asdict()

    def _all(self, statement: Select[Any], limit: int | None = None) -> list[Row]:
        with reading(self._engine) as connection:
            result = connection.execute(statement.limit(limit))
            names = tuple(result.keys())
            return [dict(zip(names, row, strict=True)) for row in result.all()]


SELECT_BLOCK = select(BLOCK.c.number, BLOCK.c.hash, BLOCK.c.timestamp)
SELECT_ENTRY = select(ENTRY_VERSION, ENTRY.c.provider, ENTRY.c.frozen).join(
    ENTRY, ENTRY.c.entry == ENTRY_VERSION.c.entry
)


def authorisation_fact(row: Mapping[str, Any]) -> AuthorisationFact:
    """Read a row of `authorisation_step`: the authorisation as it stood after that step."""
    return AuthorisationFact(*[row[name] for name in AuthorisationFact._fields])


def entry_fact(row: Mapping[str, Any]) -> EntryFact:
    """Read a row of SELECT_ENTRY."""
    return EntryFact(*[row[name] for name in EntryFact._fields])


def block_ref(row: Mapping[str, Any]) -> BlockRef:
    """Read a row of SELECT_BLOCK."""
    return BlockRef(row["number"], row["hash"], row["timestamp"])


def is_in(state: EntryState) -> ColumnElement[bool]:
    """Tell whether a version is in a state: written out, for indexes are of this very condition."""
    value: BindParameter[int] = bindparam("state", int(state), literal_execute=True, unique=True)
    return ENTRY_VERSION.c.state == value


_OWNER = ENTRY.alias("owner")


def is_of(providers: Collection[bytes]) -> ColumnElement[bool]:
    """Tell whether a version is one of these departments'.

    Asked of each version in turn: so SQLite goes through an index of versions, in its order.
    """
    provider = select(_OWNER.c.provider).where(_OWNER.c.entry == ENTRY_VERSION.c.entry)
    return provider.correlate(ENTRY_VERSION).scalar_subquery().in_(list(providers))
