"""A table or view of an SQL database as the source of one entry.

Only SELECTs of the mapped columns are ever sent, built from the reflected table with every value
bound: no text of a caller becomes SQL.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Numeric, Table, and_, bindparam, create_engine, event, func, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ...errors import ConfigInvalid, MalformedFilter, SourceUnavailable
from ..needs import Page
from .values import operand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Column, ColumnElement, Engine, Select

    from ..needs import Condition, SourceQuery

    Shape = tuple[tuple[str, ...], tuple[tuple[str, str, int], ...], bool]

_SHAPES_KEPT = 256


class SqlSource:
    """One reflected table; safe to use from many threads."""

    def __init__(self, url: str, table: str, columns: Mapping[str, str], key: str) -> None:
        """Serve `table` of the database at `url`.

        `columns` maps item code to column; `key` is the column rows are ordered and paged by: it
        must be unique and never null. The database is met at the first call, so that a node
        starts while a source is down.

        Raises:
            ConfigInvalid: the URL is not one of a database.
        """
        try:
            # Errors are logged with their statement; its values may name people.
            self._engine = create_engine(
                url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True
            )
        except (ArgumentError, ImportError) as error:
            raise ConfigInvalid(f"source of table {table}: {error}", table=table) from error
        except ValueError:
            # Not chained: the text names a piece of the URL, maybe of the password in it.
            raise ConfigInvalid(
                f"source of table {table}: the URL's port is no number; write @ : / in a password "
                "percent-encoded",
                table=table,
            ) from None
        self._table_name = table
        self._columns = dict(columns)
        self._key_name = key
        self._lock = threading.Lock()
        self._table: Table | None = None
        self._statement = lru_cache(_SHAPES_KEPT)(self._build)

    def fetch(self, query: SourceQuery) -> Page:
        """Return one page in the order of the key.

        Raises:
            SourceUnavailable: the database does not answer, or has no such table or column.
            MalformedFilter: a value cannot be compared with the column's type.
        """
        try:
            self._reflect()
            bound = dict(self._bindings(query.conditions))
            if query.after is not None:
                bound["after"] = query.after
            bound["limit"] = query.size + 1
            shape = tuple(
                (each.item, each.operator, len(each.value) if isinstance(each.value, tuple) else 0)
                for each in query.conditions
            )
            statement = self._statement((query.items, shape, query.after is not None))
            with self._engine.connect() as connection:
                found = connection.execute(statement, bound).all()
        except SQLAlchemyError as error:
            # The driver's text names hosts and users: it goes to the operator's log by the chain
            # of causes, not to the caller.
            raise SourceUnavailable(
                "the database behind the entry does not answer as configured"
            ) from error
        more = len(found) > query.size
        rows = found[: query.size]
        last = rows[-1][-1] if more else None
        if not isinstance(last, str | int | None):
            raise SourceUnavailable("the key of the table behind the entry is no text or integer")
        return Page([dict(zip(query.items, row, strict=False)) for row in rows], last)

    def close(self) -> None:
        self._engine.dispose()

    def _reflect(self) -> Table:
        with self._lock:
            if self._table is None:
                table = _reflected(self._engine, self._table_name)
                missing = {*self._columns.values(), self._key_name} - set(table.c.keys())
                if missing:
                    cause = ConfigInvalid(f"table {table} has no {', '.join(sorted(missing))}")
                    raise SourceUnavailable(
                        "the table behind the entry is not as configured"
                    ) from cause
                self._table = table
            return self._table

    def _column(self, item: str) -> Column[Any]:
        if item not in self._columns:
            raise SourceUnavailable(f"item {item} has no column in the source", item=item)
        column: Column[Any] = self._reflect().c[self._columns[item]]
        return column

    def _bindings(self, conditions: tuple[Condition, ...]) -> Iterator[tuple[str, object]]:
        for index, condition in enumerate(conditions):
            kind = _kind(self._column(condition.item))
            if condition.operator == "prefix" and not issubclass(str, kind):
                raise MalformedFilter(
                    f"{condition.item} holds {kind.__name__} values: prefix is for text",
                    item=condition.item,
                )
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            for nth, value in enumerate(values):
                yield f"v{index}_{nth}", operand(value, kind, condition.item)

    def _build(self, shape: Shape) -> Select[Any]:
        items, conditions, paged = shape
        key = self._reflect().c[self._key_name]
        statement = select(*(self._column(item) for item in items), key.label("page_key"))
        for index, (item, operator, choices) in enumerate(conditions):
            statement = statement.where(
                _compare(self._column(item), operator, f"v{index}_", choices)
            )
        if paged:
            statement = statement.where(key > bindparam("after"))
        return statement.order_by(key).limit(bindparam("limit"))


def _reflected(engine: Engine, name: str) -> Table:
    metadata = MetaData()

    @event.listens_for(metadata, "column_reflect")
    def plain(_inspector: object, _table: object, column: dict[str, Any]) -> None:
        # SQLite has no decimals: its driver hands over what is stored, and we render it.
        if engine.dialect.name == "sqlite" and isinstance(column["type"], Numeric):
            column["type"] = Numeric(asdecimal=False)

    schema, _, table = name.rpartition(".")
    return Table(table, metadata, schema=schema or None, autoload_with=engine)


def _kind(column: Column[Any]) -> type:
    """Return the Python type of a column; `object` for one that has none, as views may."""
    try:
        return column.type.python_type
    except NotImplementedError:
        return object


def _compare(column: Column[Any], operator: str, name: str, choices: int) -> ColumnElement[bool]:
    value: ColumnElement[Any] = bindparam(f"{name}0", type_=column.type)
    if operator == "eq":
        return column == value
    if operator == "ge":
        return column >= value
    if operator == "le":
        return column <= value
    if operator == "in":
        return column.in_([bindparam(f"{name}{nth}", type_=column.type) for nth in range(choices)])
    # LIKE folds case in some databases; this is exact in all, and the first half uses an index.
    prefix: ColumnElement[str] = bindparam(f"{name}0")
    return and_(column >= prefix, func.substr(column, 1, func.length(prefix)) == prefix)
