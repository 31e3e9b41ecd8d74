"""Working set of one chunk: records read through, changed in memory, written at the end.

The rules see only this (`node.protocol.ledger.surroundings.Store`): a working set without a
connection starts from nothing. What is written is a function of the events alone; nothing reaches
the database before `flush`, so a chunk that fails leaves no trace.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import LargeBinary, bindparam, select

from node.protocol.ledger.facts import KEY_SIZES, NonceFact, RoleFact

from .tables import RECORDS, Unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, Connection, Select, Table

    from node.protocol.ledger.facts import Record

R = TypeVar("R", bound="Record")
Row: TypeAlias = tuple[Any, ...]
"""Values in the order of a table's columns."""


class Rows:
    """Records of the read model as they stand after the events applied so far."""

    def __init__(self, connection: Connection | None = None) -> None:
        self._connection = connection
        self._kept: dict[type[Any], dict[Row, Any]] = {kind: {} for kind in KEY_SIZES}
        self._stored: set[tuple[type[Any], Row]] = set()
        self._changed: dict[type[Any], dict[Row, None]] = defaultdict(dict)
        self._added: dict[Table, list[Row]] = defaultdict(list)

    def find(self, kind: type[R], *key: Any) -> R | None:  # noqa: ANN401 - a key's members
        kept = self._kept[kind]
        found: R | None = kept.get(key)
        if found is None and (found := self._read(kind, key)) is not None:
            kept[key] = found
            self._stored.add((kind, key))
        return found

    def put(self, record: Record) -> None:
        """Keep a record, in place of the one with its key; the rules have asked for that before."""
        kind = type(record)
        key = record[: KEY_SIZES[kind]]
        if kind is RoleFact:
            self.find(kind, *key)  # roles are granted without a look at those that were
        self._kept[kind][key] = record
        self._changed[kind][key] = None

    def add(self, table: Table, row: Row) -> None:
        """Insert a row that no rule reads."""
        self._added[table].append(row)

    def add_all(self, table: Table, rows: Iterable[Row]) -> None:
        """Insert rows that no rule reads."""
        self._added[table].extend(rows)

    def flush(self, connection: Connection) -> None:
        """Write every change since the last time; the caller's COMMIT makes them last."""
        for table, added in self._added.items():
            _insert(connection, table, added)
        for kind, keys in self._changed.items():
            if kind in RECORDS:
                self._write(connection, kind, keys)
                self._stored.update((kind, key) for key in keys)
        self._added.clear()
        self._changed.clear()

    def _write(self, connection: Connection, kind: type[Any], keys: dict[Row, None]) -> None:
        table, records = RECORDS[kind], self._kept[kind]
        new = [records[key] for key in keys if (kind, key) not in self._stored]
        old = [records[key] for key in keys if (kind, key) in self._stored]
        if new:
            _insert(connection, table, new)
        if old:
            names = [column.name for column in table.primary_key]
            where = [table.c[name] == bindparam(f"at_{name}") for name in names]
            rest: dict[str, Any] = {
                column.name: bindparam(f"to_{column.name}")
                for column in table.columns
                if column.name not in names
            }
            connection.execute(
                table.update().where(*where).values(rest),
                [
                    {
                        f"{'at' if name in names else 'to'}_{name}": value
                        for name, value in zip(record._fields, record, strict=True)
                    }
                    for record in old
                ],
            )

    def _read(self, kind: type[Any], key: Row) -> Any:  # noqa: ANN401 - a record of the kind
        # A spent nonce stands in `decision`, whose index refuses the second decision with it.
        if self._connection is None or kind is NonceFact:
            return None
        statement, names = _select(RECORDS[kind])
        row = self._connection.execute(statement, dict(zip(names, key, strict=True))).one_or_none()
        return None if row is None else kind(*row)


@cache
def _select(table: Table) -> tuple[Select[Any], list[str]]:
    names = [column.name for column in table.primary_key]
    return select(table).where(*(table.c[name] == bindparam(name) for name in names)), names


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert through the driver: SQLAlchemy's own way takes longer than SQLite itself."""
    compiled = table.insert().compile(dialect=connection.dialect)
    names = [column.name for column in table.columns]
    values: Any = list(zip(*map(_driven, table.columns, zip(*rows, strict=True)), strict=True))
    if not compiled.positional:
        values = [dict(zip(names, row, strict=True)) for row in values]
    connection.exec_driver_sql(str(compiled), values)


def _driven(column: Column[Any], values: tuple[Any, ...]) -> Iterable[Any]:
    """Return the values of a column as the driver takes them.

    It looks for an adapter of each `bytes`, for as long as it takes to insert it, and takes a
    bytearray as it is.
    """
    if isinstance(column.type, Unsigned):
        size = column.type.size
        return [bytearray(value.to_bytes(size, "big")) for value in values]
    if isinstance(column.type, LargeBinary):
        if not column.nullable:
            return map(bytearray, values)
        return [value if value is None else bytearray(value) for value in values]
    return values
