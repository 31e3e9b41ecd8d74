"""Many rows at the speed of the driver: inserts of plain tuples, look-ups of many keys.

The statements are SQLAlchemy's, compiled once for the dialect; the values are handed on as they
are. Through `Connection.execute` each value would cost as much as the database needs for it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import BindParameter, Column, Connection, Dialect, Insert


@lru_cache(maxsize=64)
def _render_insert(statement: Insert, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def insert_rows(
    connection: Connection, statement: Insert, rows: Sequence[tuple[object, ...]]
) -> None:
    """Execute an INSERT of all columns, in their order, for every row; no rows, no statement."""
    if rows:
        connection.exec_driver_sql(_render_insert(statement, connection.dialect), list(rows))


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
) -> Sequence[Sequence[Any]]:
    """Return the rows of one log whose first column is one of `keys`."""
    if not keys:
        return []
    wanted = list(keys)
    # A power of two, filled up with the last key, keeps the number of different statements small.
    count = 1 << (len(wanted) - 1).bit_length()
    wanted += wanted[-1:] * (count - len(wanted))
    sql = _render_look_up(columns, log, count, connection.dialect)
    return connection.exec_driver_sql(sql, (log_number, *wanted)).all()
