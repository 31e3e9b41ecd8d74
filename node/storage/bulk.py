"""Statements of the hot path at the speed of the driver: inserts, look-ups, single rows.

The statements are SQLAlchemy's, compiled once for the dialect; the values go to the driver's
cursor as they are, inside the transaction of the connection they came with. Through
`Connection.execute` each statement would cost several times what the database needs for it, and
a commit has a dozen of them. What the driver raises is the driver's own error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import BindParameter, Column, Connection, Dialect, Insert
    from sqlalchemy.sql.expression import ClauseElement

    Rows = list[tuple[Any, ...]]


@lru_cache(maxsize=64)
def _render(statement: ClauseElement, dialect: Dialect) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Return a statement's text, and its values' names and own defaults in their order."""
    compiled: Any = statement.compile(dialect=dialect)
    return str(compiled), tuple((name, compiled.params[name]) for name in compiled.positiontup)


def insert_rows(
    connection: Connection, statement: Insert, rows: Sequence[tuple[object, ...]]
) -> None:
    """Execute an INSERT of all columns, in their order, for every row; no rows, no statement."""
    if rows:
        sql, _ = _render(statement, connection.dialect)
        _cursor(connection).executemany(sql, rows)


def run(connection: Connection, statement: ClauseElement, values: Mapping[str, object]) -> None:
    """Execute a statement whose values are all bound by name."""
    sql, bound = _render(statement, connection.dialect)
    _cursor(connection).execute(sql, [values.get(name, default) for name, default in bound])


def fetch(connection: Connection, statement: ClauseElement, values: Mapping[str, object]) -> Rows:
    """Return the rows of a SELECT whose values are all bound by name."""
    sql, bound = _render(statement, connection.dialect)
    return _fetch(connection, sql, [values.get(name, default) for name, default in bound])


@lru_cache(maxsize=64)
def _render_look_up(
    columns: tuple[Column[object], ...], log: Column[int], count: int, dialect: Dialect
) -> str:
    keys: list[BindParameter[object]] = [bindparam(f"key{number}") for number in range(count)]
    query = select(*columns).where(log == bindparam("log"), columns[0].in_(keys))
    return str(query.compile(dialect=dialect))


def look_up(
    connection: Connection,
    columns: tuple[Column[object], ...],
    log: Column[int],
    log_number: int,
    keys: Collection[object],
) -> Rows:
    """Return the rows of one log whose first column is one of `keys`."""
    if not keys:
        return []
    wanted = list(keys)
    # A power of two, filled up with the last key, keeps the number of different statements small.
    count = 1 << (len(wanted) - 1).bit_length()
    wanted += wanted[-1:] * (count - len(wanted))
    sql = _render_look_up(columns, log, count, connection.dialect)
    return _fetch(connection, sql, (log_number, *wanted))


def _fetch(connection: Connection, sql: str, values: Sequence[object]) -> Rows:
    cursor = _cursor(connection)
    cursor.execute(sql, values)
    return list(cursor.fetchall())


def _cursor(connection: Connection) -> Any:  # noqa: ANN401 - DBAPI object
    return connection.connection.cursor()
