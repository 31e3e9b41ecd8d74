"""Working set of one chunk: rows read through, changed in memory, written at the end.

Projectors see only this, so they are functions of (rows, event) and need no database in tests: a
working set without a connection starts from nothing. What is written is a function of the events
alone; nothing reaches the database before `flush`, so a chunk that fails leaves no trace.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import bindparam, select

from node.errors import ChainInconsistent

from .tables import Unsigned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Table

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Any, ...]


class Rows:
    """Rows of the read model as they stand after the events applied so far."""

    def __init__(self, connection: Connection | None = None) -> None:
        self._connection = connection
        self._kept: dict[Table, dict[Key, Row]] = {}
        self._stored: set[tuple[Table, Key]] = set()
        self._changed: dict[Table, dict[Key, None]] = {}
        self._added: dict[Table, list[Row]] = {}

    def find(self, table: Table, *key: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - a primary key's values
        """Return the row with this primary key, or None."""
        kept = self._kept.setdefault(table, {})
        if key in kept:
            return kept[key]
        row = self._read(table, key)
        if row is not None:
            kept[key] = row
            self._stored.add((table, key))
        return row

    def get(self, table: Table, *key: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a primary key's values
        """Return the row with this primary key.

        Raises:
            ChainInconsistent: there is none, though the event at hand builds on it.
        """
        row = self.find(table, *key)
        if row is None:
            named = [value.hex() if isinstance(value, bytes) else value for value in key]
            raise ChainInconsistent(f"an event builds on a {table.name} never made", key=named)
        return row

    def put(self, table: Table, row: Row) -> None:
        """Insert the row, or replace the one with its primary key."""
        self.find(table, *_key(table, row))
        self.insert(table, row)

    def insert(self, table: Table, row: Row) -> None:
        """Insert a row whose key is new by the contract's own rules; later events may change it."""
        key = _key(table, row)
        self._kept.setdefault(table, {})[key] = row
        self._changed.setdefault(table, {})[key] = None

    def change(self, table: Table, *key: Any, **values: Any) -> Row:  # noqa: ANN401 - column values
        """Set columns of a row that is there, and return the whole row; raises as `get`."""
        changed = {**self.get(table, *key), **values}
        self._kept[table][key] = changed
        self._changed.setdefault(table, {})[key] = None
        return changed

    def add(self, table: Table, row: Row) -> None:
        """Insert a row that no later event reads or changes."""
        self._added.setdefault(table, []).append(row)

    def flush(self, connection: Connection) -> None:
        """Write every change; the caller's COMMIT makes them last."""
        for table, added in self._added.items():
            _insert(connection, table, added)
        for table, keys in self._changed.items():
            self._write(connection, table, keys)

    def dump(self, table: Table) -> list[Row]:
        """List what this working set holds of a table, in the order of its primary key."""
        rows = [*self._kept.get(table, {}).values(), *self._added.get(table, [])]
        return sorted(rows, key=lambda row: _key(table, row))

    def _write(self, connection: Connection, table: Table, keys: dict[Key, None]) -> None:
        rows = self._kept[table]
        new = [rows[key] for key in keys if (table, key) not in self._stored]
        old = [rows[key] for key in keys if (table, key) in self._stored]
        if new:
            _insert(connection, table, new)
        if old:
            names = [column.name for column in table.primary_key]
            where = [table.c[name] == bindparam(f"at_{name}") for name in names]
            rest: Row = {
                column.name: bindparam(f"to_{column.name}")
                for column in table.columns
                if column.name not in names
            }
            connection.execute(
                table.update().where(*where).values(rest),
                [
                    {f"{'at' if name in names else 'to'}_{name}": row[name] for name in row}
                    for row in old
                ],
            )

    def _read(self, table: Table, key: Key) -> Row | None:
        if self._connection is None:
            return None
        columns = zip(table.primary_key, key, strict=True)
        statement = select(table).where(*(column == value for column, value in columns))
        row = self._connection.execute(statement).mappings().one_or_none()
        return None if row is None else dict(row)


@cache
def _key_names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _key(table: Table, row: Row) -> Key:
    return tuple([row[name] for name in _key_names(table)])


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert through the driver: SQLAlchemy's own way takes longer than SQLite itself."""
    statement = str(table.insert().compile(dialect=connection.dialect))
    names = [column.name for column in table.columns]
    widths = {
        column.name: column.type.size
        for column in table.columns
        if isinstance(column.type, Unsigned)
    }
    if widths:
        rows = [
            row | {name: row[name].to_bytes(size, "big") for name, size in widths.items()}
            for row in rows
        ]
    connection.exec_driver_sql(statement, [tuple([row[name] for name in names]) for row in rows])
