"""What differs between SQLite and PostgreSQL in statements and tables, said once.

Statements are written for both: `insert` takes ON CONFLICT in the form the two share, `Whole` is as
wide on either, `summed` is a whole number on either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import BigInteger, Integer, cast, func
from sqlalchemy.dialects.sqlite import dml
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Engine, MetaData, Table, TextClause

# SQLite keeps a row under its INTEGER primary key only when the type is spelt exactly so.
Whole = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of up to 63 bits and a sign."""


def widen(metadata: MetaData) -> None:
    """Make every whole number of these tables `Whole`: PostgreSQL's INTEGER ends at 2**31."""
    for table in metadata.tables.values():
        for column in table.columns:
            if type(column.type) is Integer:
                column.type = Whole


def summed(column: ColumnElement[int]) -> ColumnElement[int]:
    """Return a sum as a whole number, 0 of no rows; PostgreSQL's own is a decimal or nothing."""
    return cast(func.coalesce(func.sum(column), 0), Whole)


def is_postgresql(bind: Engine | Connection) -> bool:
    """Tell which of the two is behind an engine or a connection."""
    return bind.dialect.name == "postgresql"


def unreadable(driver: Any) -> tuple[type[Exception], ...]:  # noqa: ANN401 - a DBAPI module
    """Return what reading raises, by SQLAlchemy or its driver, where a store cannot be read now.

    A store that nobody has made is one; PostgreSQL's driver has errors of their own for that.
    """
    own = getattr(driver, "errors", None)
    missing = () if own is None else (own.UndefinedTable, own.InvalidSchemaName)
    return OperationalError, driver.OperationalError, *missing


class Insert(dml.Insert):
    """An INSERT whose ON CONFLICT both understand.

    Not SQLAlchemy's own of PostgreSQL, which SQLite's compiler would take as well: importing that
    dialect takes a command line 50 ms.
    """

    inherit_cache = True

    def on_conflict_do_update(  # type: ignore[override] # what both have
        self, index_elements: Sequence[str | Column[Any]], set_: Mapping[Any, Any]
    ) -> Self:
        """Change the row that is there, `excluded` being the one that was to be inserted."""
        return self.ext(_DoUpdate(index_elements, set_=dict(set_)))

    def on_conflict_do_nothing(self) -> Self:  # type: ignore[override] # what both have
        """Leave the row that is there."""
        return self.ext(_DoNothing())


class _DoUpdate(dml.OnConflictDoUpdate):
    constraint_target = None  # PostgreSQL's compiler asks for it
    inherit_cache = True


class _DoNothing(dml.OnConflictDoNothing):
    constraint_target = None
    inherit_cache = True


def insert(table: Table) -> Insert:
    """Begin an INSERT that may be followed by ON CONFLICT."""
    return Insert(table)


def only(where: ColumnElement[bool] | TextClause) -> dict[str, Any]:
    """Return the arguments of an index over those rows alone."""
    return {"sqlite_where": where, "postgresql_where": where}
