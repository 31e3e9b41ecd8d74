"""A table or view of an SQL database as the source of one entry.

Only SELECTs of the mapped columns are ever sent, built from the reflected table with every value
bound: no text of a caller becomes SQL.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import MetaData, Table, UniqueConstraint, bindparam, func, select
from sqlalchemy.exc import DataError, OperationalError, SAWarning, SQLAlchemyError

from ...errors import ConfigInvalid, SourceUnavailable
from ..needs import Page
from .comparing import Comparison, kind_of, reading
from .compiled import Compiled
from .connecting import open_source
from .values import Kind, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Select

    from ..needs import SourceQuery

logger = logging.getLogger(__name__)

STATEMENT_SECONDS = 10.0
AGAIN_SECONDS = 60.0
"""A key that was not unique, or a row that could not be read, is looked for again after this."""
_SHAPES_KEPT = 256
_KEYS = {Kind.TEXT, Kind.PADDED, Kind.INTEGER, Kind.ANY}


@dataclass(frozen=True, slots=True)
class KeyFault:
    """Why the rows of a table cannot be told apart by their key, or may not be."""

    reason: str
    row: object = None
    """The key that two rows have."""
    refused: bool = True
    """Whether nothing is served for it."""


class SqlSource:
    """One reflected table; safe to use from many threads."""

    def __init__(
        self,
        url: str,
        table: str,
        columns: Mapping[str, str],
        key: str,
        *,
        seconds: float = STATEMENT_SECONDS,
    ) -> None:
        """Serve `table` of the database at `url`; a statement may take `seconds`.

        `columns` maps item code to column; `key` is the column rows are ordered and paged by: it
        must be unique and never null. The database is met at the first call, so that a node
        starts while a source is down.

        Raises:
            ConfigInvalid: the URL is not one of a database, or its driver is not installed.
        """
        self.engine, self.file = open_source(url, table, seconds)
        self.table_name = table
        self.columns = dict(columns)
        self.key_name = key
        self._lock = threading.Lock()
        self._place: tuple[int, int] | None = None
        """Of an SQLite file: where it was when it was last looked at."""
        self._table: Table | None = None
        self._met = -AGAIN_SECONDS
        self._served: dict[str, tuple[Column[Any], Kind]] = {}
        self._refused: tuple[float, SourceUnavailable] | None = None
        self._blamed = -AGAIN_SECONDS
        self._statements: dict[object, Compiled] = {}

    def fetch(self, query: SourceQuery) -> Page:
        """Return one page in the order of the key.

        Raises:
            SourceUnavailable: the database does not answer, has no such table or column, or holds
                a value that cannot be shared; the last names its row in the operator's log.
            MalformedFilter: a value cannot be compared with the column's type.
        """
        try:
            return self._page(query, self._found(query))
        except SourceUnavailable:
            self._forget()
            raise

    def close(self) -> None:
        self.engine.dispose()

    def _found(self, query: SourceQuery) -> Sequence[Any]:
        try:
            self.bind()
            statement, bound = self._prepared(query)
            try:
                return statement.run(bound)
            except (DataError, OperationalError, ValueError) as error:
                self._blame(statement.statement, bound, query, error)
                raise
        except SQLAlchemyError as error:
            # The driver's text names hosts and users: it goes to the operator's log by the chain
            # of causes, not to the caller.
            raise SourceUnavailable(
                "the database behind the entry does not answer as configured"
            ) from error

    @property
    def _name(self) -> str:
        return self.engine.dialect.name

    def kind(self, column: Column[Any]) -> Kind:
        return kind_of(column.type, self._name)

    def bind(self) -> Table:
        """Return the table, met once: its columns are there, its key is unique and never null.

        Raises:
            SourceUnavailable: it is not as configured, or two rows have one key.
        """
        with self._lock:
            self._follow_file()
            if self._table is not None:
                return self._table
            if self._refused is not None and time.monotonic() < self._refused[0]:
                raise self._refused[1]
            table = self.reflect()
            fault = self.key_fault(table)
            if fault is not None:
                self._tell(fault.reason, self.key_name, fault.row)
                if fault.refused:
                    error = SourceUnavailable("the key of the table behind the entry is not unique")
                    # The proof reads the whole table: callers cannot have it made again and again.
                    self._refused = (time.monotonic() + AGAIN_SECONDS, error)
                    raise error
            columns = {item: table.c[name] for item, name in self.columns.items()}
            self._served = {item: (each, self.kind(each)) for item, each in columns.items()}
            self._table, self._met = table, time.monotonic()
            return table

    def _follow_file(self) -> None:
        """Forget an SQLite file that another has taken the place of.

        An open connection goes on reading the old one, which no path leads to any more: the nightly
        copy that is renamed into place would never be served.
        """
        if self.file is None:
            return
        try:
            found = self.file.stat()
            place = (found.st_dev, found.st_ino)
        except OSError:
            place = None
        if place != self._place:
            self.engine.dispose()
            self._place, self._table, self._refused = place, None, None
            self._statements.clear()

    def _forget(self) -> None:
        """Meet the table again, once a minute at most: its columns may have other types by now."""
        with self._lock:
            if time.monotonic() - self._met >= AGAIN_SECONDS:
                self._table = None
                self._statements.clear()

    def reflect(self) -> Table:
        """Return the table as the database describes it now.

        Raises:
            SourceUnavailable: it has not every column that is configured.
        """
        schema, _, name = self.table_name.rpartition(".")
        with warnings.catch_warnings():
            # A type SQLAlchemy does not know is one that is not shared: said where it is asked for.
            warnings.simplefilter("ignore", SAWarning)
            table = Table(name, MetaData(), schema=schema or None, autoload_with=self.engine)
        missing = {*self.columns.values(), self.key_name} - set(table.c.keys())
        if missing:
            names = ", ".join(sorted(missing))
            cause = ConfigInvalid(f"表 {table} 没有列 {names} / no such column")
            raise SourceUnavailable("the table behind the entry is not as configured") from cause
        if self.kind(table.c[self.key_name]) not in _KEYS:
            cause = ConfigInvalid(
                f"键 {self.key_name} 不是文字或整数 / the key is no text or integer"
            )
            raise SourceUnavailable("the table behind the entry is not as configured") from cause
        return table

    def key_fault(self, table: Table) -> KeyFault | None:
        """Look for two rows of one key and for rows without any, where nothing forbids them."""
        key = table.c[self.key_name]
        if _has_unique(table, key):
            return None
        alike = select(key).group_by(key).having(func.count() > 1).limit(1)
        without = select(func.count()).where(key.is_(None))
        with self.engine.connect() as connection:
            try:
                if nulls := connection.execute(without).scalar_one():
                    return KeyFault(f"{nulls} rows have no key")
                twice = connection.execute(alike).first()
            except OperationalError:
                # Too large to look through in time. Each page is looked through, too.
                return KeyFault("the key could not be proven unique in time", refused=False)
        return None if twice is None else KeyFault("two rows have one key", twice[0])

    def _column(self, item: str) -> tuple[Column[Any], Kind]:
        found = self._served.get(item)
        if found is None:
            raise SourceUnavailable(f"item {item} has no column in the source", item=item)
        if found[1] is Kind.CLOSED:
            raise SourceUnavailable(f"item {item} is of {found[1]}", item=item)
        return found

    def _prepared(self, query: SourceQuery) -> tuple[Compiled, dict[str, object]]:
        comparisons = [
            Comparison(each, *self._column(each.item), query.scales.get(each.item), self._name)
            for each in query.conditions
        ]
        bound: dict[str, object] = {"limit": query.size + 1}
        for index, each in enumerate(comparisons):
            bound.update(each.bound(f"v{index}"))
        if query.after is not None:
            bound["after"] = query.after
        shape = (query.items, tuple(each.shape for each in comparisons), query.after is not None)
        statement = self._statements.get(shape)
        if statement is None:
            statement = Compiled(self._build(query, comparisons), self.engine)
            if len(self._statements) >= _SHAPES_KEPT:
                self._statements.clear()
            self._statements[shape] = statement
        return statement, bound

    def _build(self, query: SourceQuery, comparisons: list[Comparison]) -> Select[Any]:
        key = self.bind().c[self.key_name]
        statement = select(
            *(self._read(item).label(f"c{nth}") for nth, item in enumerate(query.items)),
            key.label("page_key"),
        )
        for index, each in enumerate(comparisons):
            statement = statement.where(each.clause(f"v{index}"))
        if query.after is not None:
            statement = statement.where(key > bindparam("after", type_=key.type))
        return statement.order_by(key).limit(bindparam("limit"))

    def _read(self, item: str) -> ColumnElement[Any]:
        return reading(*self._column(item), self._name)

    def _page(self, query: SourceQuery, found: Sequence[Any]) -> Page:
        keys = [row[-1] for row in found]
        # The one row more tells whether a page ends between two rows of one key: the second would
        # be served by no page.
        for one, following in pairwise(keys):
            if one == following:
                self._tell("two rows have one key", self.key_name, one)
                raise SourceUnavailable("the key of the table behind the entry is not unique")
        columns = [(item, self._column(item)[1], query.scales.get(item)) for item in query.items]
        rows = [
            {
                item: self._rendered(row[nth], kind, scale, item, row[-1])
                for nth, (item, kind, scale) in enumerate(columns)
            }
            for row in found[: query.size]
        ]
        last = keys[query.size - 1] if len(found) > query.size else None
        if not isinstance(last, str | int | None):
            raise SourceUnavailable("the key of the table behind the entry is no text or integer")
        return Page(rows, last)

    def _rendered(
        self, value: object, kind: Kind, scale: int | None, item: str, key: object
    ) -> object:
        try:
            return render(value, kind, scale)
        except ValueError as error:
            self._unfit(str(error), item, key, error)

    def _unfit(self, reason: str, item: str, key: object, error: Exception) -> NoReturn:
        self._tell(reason, self.columns[item], key)
        # The caller is told of no row: it may not be his to know of.
        raise SourceUnavailable(
            f"the source holds a value of item {item} that cannot be shared", item=item
        ) from error

    def _blame(
        self, statement: Select[Any], bound: dict[str, object], query: SourceQuery, error: Exception
    ) -> None:
        """Find the row at which a driver failed, for it fails whole pages; once a minute at most.

        Raises:
            SourceUnavailable: the row was found and named to the operator.
        """
        if isinstance(error, OperationalError) and "decode" not in str(error.orig).lower():
            return  # no connection, no time: nothing of a row
        if time.monotonic() - self._blamed < AGAIN_SECONDS:
            raise SourceUnavailable("the source holds a value that cannot be shared") from error
        self._blamed = time.monotonic()
        key = self.bind().c[self.key_name]
        only = statement.with_only_columns(key)
        with self.engine.connect() as connection:
            for row in connection.execute(only, bound).all():
                for item in query.items:
                    cell = select(self._read(item)).where(key == row[0])
                    try:
                        connection.execute(cell).all()
                    except (DataError, OperationalError, ValueError) as unreadable:
                        self._unfit("cannot be read as text or number", item, row[0], unreadable)

    def _tell(self, reason: str, column: str, key: object = None) -> None:
        """Name to the operator, and to nobody else, what cannot be served; never the value."""
        facts = {"table": self.table_name, "column": column, "reason": reason}
        if key is not None:
            facts["row"] = str(key)
        logger.warning("source-unfit", extra={"facts": facts})


def _has_unique(table: Table, key: Column[Any]) -> bool:
    """Tell whether the database itself keeps `key` unique and not null."""
    alone = [key.name]
    if [column.name for column in table.primary_key.columns] == alone:
        return True
    ones = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    # An index over part of the table, or over an expression, forbids nothing elsewhere.
    ones += [
        each.columns
        for each in table.indexes
        if each.unique
        and not any("where" in name for name, given in each.kwargs.items() if given is not None)
    ]
    return not key.nullable and any(
        [column.name for column in columns] == alone for columns in ones
    )
