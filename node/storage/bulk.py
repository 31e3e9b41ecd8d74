"""Statements of the hot path, compiled once: inserts, look-ups, single rows.

The statements are SQLAlchemy's; their values go to the driver's cursor by its public calls (PEP
249), inside the transaction of the connection they came with, and in the form its parameters have:
in a row, or by name, as psycopg's are. Through `Connection.execute` each statement would cost
several times what the database needs for it, and a commit has a dozen of them. What the driver
raises is the driver's own error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import BindParameter, Column, Connection, Dialect, Insert, Select
    from sqlalchemy.sql.expression import ClauseElement

    Rows = list[tuple[Any, ...]]


@lru_cache(maxsize=128)
def _render(statement: ClauseElement, dialect: Dialect) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Return a statement's text, and its values' names and own defaults in their order."""
    compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    own = compiled.params  # made anew each time it is asked for
    names = compiled.positiontup if compiled.positional else own
    return str(compiled), tuple((name, own[name]) for name in names)


def insert_rows(
    connection: Connection, statement: Insert, rows: Sequence[tuple[object, ...]]
) -> None:
    """Execute an INSERT of all columns, in their order, for every row; no rows, no statement."""
    if not rows:
        return
    sql, bound = _render(statement, connection.dialect)
    values: Sequence[object] = rows
    if not connection.dialect.positional:
        names = [name for name, _ in bound]
        values = [dict(zip(names, row, strict=True)) for row in rows]
    _cursor(connection).executemany(sql, values)


def run(connection: Connection, statement: ClauseElement, values: Mapping[str, object]) -> None:
    """Execute a statement whose values are all bound by name."""
    _execute(connection, statement, values)


def fetch(connection: Connection, statement: ClauseElement, values: Mapping[str, object]) -> Rows:
    """Return the rows of a SELECT whose values are all bound by name."""
    return list(_execute(connection, statement, values).fetchall())


def look_up(
    connection: Connection,
    columns: tuple[Column[Any], ...],
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
    statement = _look_up(columns, log, count)
    sql, bound = _render(statement, connection.dialect)
    cursor = _cursor(connection)
    # The log is asked for before the keys, which stand in their order: `_look_up` has it so.
    given = (log_number, *wanted)
    if connection.dialect.positional:
        cursor.execute(sql, given)
    else:
        cursor.execute(sql, dict(zip((name for name, _ in bound), given, strict=True)))
    return list(cursor.fetchall())


@lru_cache(maxsize=64)
def _look_up(columns: tuple[Column[Any], ...], log: Column[int], count: int) -> Select[Any]:
    # One value that is many: as many values are compiled in thirty times the time.
    keys: BindParameter[object] = bindparam("key", value=[None] * count, expanding=True)
    return select(*columns).where(log == bindparam("log", value=None), columns[0].in_(keys))


def _execute(connection: Connection, statement: ClauseElement, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - DBAPI object
    sql, bound = _render(statement, connection.dialect)
    cursor = _cursor(connection)
    if connection.dialect.positional:
        cursor.execute(sql, [values.get(name, own) for name, own in bound])
    else:
        cursor.execute(sql, {name: values.get(name, own) for name, own in bound})
    return cursor


def _cursor(connection: Connection) -> Any:  # noqa: ANN401 - DBAPI object
    return connection.connection.cursor()
