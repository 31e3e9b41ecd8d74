"""How a column is read and compared, so that every engine finds the same rows for one filter.

Text is compared code point by code point, blanks at its end and capitals included, whatever the
column's collation; where the collation finds more, its own comparison stands beside the exact one,
for that is what an index serves. Dates and times are read as text, in the one form their session
was told (`connecting`): drivers fail a whole page over a date they do not know, or bend it.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    Numeric,
    String,
    Text,
    Time,
    Uuid,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    or_,
    type_coerce,
    types,
)
from sqlalchemy.dialects import mysql, postgresql

from ...errors import MalformedFilter
from .values import APPROXIMATE, SQL_INTEGERS, Kind, bounds, forms, operand, render, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Column, ColumnElement
    from sqlalchemy.types import TypeEngine

    from ..needs import Condition, Value

MYSQL = frozenset({"mysql", "mariadb"})
SQLITE, POSTGRESQL = "sqlite", "postgresql"
UNSIGNED = 2**64
_WRITTEN = frozenset({Kind.DATE, Kind.MOMENT, Kind.INSTANT, Kind.TIME, Kind.JSON})
_LISTED = (types.Enum, mysql.SET, postgresql.DOMAIN)
"""Types of text whose own parameters take no other value than those they list."""
_WILD = re.compile(r"[/%_]")
_BEGUN = frozenset({Kind.TEXT, Kind.PADDED, Kind.ANY})
_RANGED = APPROXIMATE | {Kind.MOMENT, Kind.TIME}
"""Kinds of which one value may be kept in several ways; of moments and times, in SQLite."""


def kind_of(kept: TypeEngine[Any], engine: str) -> Kind:
    """Return what a reflected type holds."""
    if isinstance(kept, postgresql.DOMAIN):
        return kind_of(kept.data_type, engine)
    if engine == SQLITE and isinstance(kept, types.NullType):
        return Kind.ANY
    kind = next((kind for family, kind in _FAMILIES if isinstance(kept, family)), Kind.CLOSED)
    if kind is Kind.DECIMAL and engine == SQLITE:
        return Kind.LOOSE
    if kind is Kind.FLOAT and (type(kept), engine) in _SINGLES:
        return Kind.SINGLE
    if kind is Kind.TEXT and isinstance(kept, types.CHAR) and engine not in MYSQL | {SQLITE}:
        return Kind.PADDED
    zoned = getattr(kept, "timezone", False) or isinstance(kept, mysql.TIMESTAMP)
    return _ZONED.get(kind, kind) if zoned else kind


_ZONED = {Kind.MOMENT: Kind.INSTANT, Kind.TIME: Kind.CLOSED}
_SINGLES = {(types.REAL, POSTGRESQL), *((mysql.FLOAT, engine) for engine in MYSQL)}
_FAMILIES: tuple[tuple[Any, Kind], ...] = (
    (mysql.BIT, Kind.INTEGER),
    (mysql.YEAR, Kind.INTEGER),
    (types.Boolean, Kind.BOOLEAN),
    (types.Integer, Kind.INTEGER),
    (types.Float, Kind.FLOAT),
    (types.Numeric, Kind.DECIMAL),
    (types.DateTime, Kind.MOMENT),
    (types.Date, Kind.DATE),
    (types.Time, Kind.TIME),
    (types.Uuid, Kind.UUID),
    (types.JSON, Kind.JSON),
    (types._Binary, Kind.CLOSED),  # noqa: SLF001 - the one family of all bytes
    (types.String, Kind.TEXT),  # enumerations, too
)


def reading(column: Column[Any], kind: Kind, engine: str) -> ColumnElement[Any]:
    """Return what is selected for a column: what is kept, with nothing done to it on the way."""
    if engine == SQLITE:
        return type_coerce(column, types.NullType())
    if engine == POSTGRESQL and (kind in _WRITTEN or isinstance(column.type, _LISTED)):
        return cast(column, Text)
    if engine in MYSQL:
        if kind in _WRITTEN or isinstance(column.type, _LISTED):
            return cast(column, types.CHAR)
        if kind is Kind.SINGLE:
            # Sent as it is, a single has six digits; in a sum it is a double.
            return type_coerce(column + literal_column("0e0"), Double)
    # SQLAlchemy makes decimals of ten places of MySQL's doubles.
    return type_coerce(column, Double) if kind is Kind.FLOAT else column


class Comparison:
    """One condition on one column; `bound` and `clause` name the same parameters."""

    def __init__(
        self, condition: Condition, column: Column[Any], kind: Kind, scale: int | None, engine: str
    ) -> None:
        """Read the condition's values as the column's kind.

        Raises:
            MalformedFilter: a value cannot be compared with it.
        """
        self._condition = condition
        self._column = column
        self._kind = kind
        self._scale = scale
        self._engine = engine
        if condition.operator == "prefix" and kind not in _BEGUN:
            raise MalformedFilter(
                f"{condition.item} holds {kind}: prefix is for text", item=condition.item
            )
        given = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        self._values = [tuple(self._spread(value)) for value in given]
        self._is_loose = self._has_loose_half()
        lengths = tuple(map(len, self._values))
        self.shape = (condition.item, condition.operator, lengths, self._is_text, self._is_loose)
        """What the statement depends on."""

    def bound(self, name: str) -> Iterator[tuple[str, object]]:
        for index, spread in enumerate(self._values):
            for nth, value in enumerate(spread):
                yield f"{name}_{index}_{nth}", value

    def clause(self, name: str) -> ColumnElement[bool]:
        operator, lengths = self._condition.operator, self.shape[2]
        names = [
            [f"{name}_{index}_{nth}" for nth in range(length)]
            for index, length in enumerate(lengths)
        ]
        if self._is_text:
            return self._text(operator, names)
        if self._is_ranged:
            return or_(false(), *(self._range(operator, *each) for each in names))
        column, values = self._comparable(), [self._parameter(each[0]) for each in names]
        if operator == "ge":
            return column >= values[0]
        if operator == "le":
            return column <= values[0]
        return column == values[0] if operator == "eq" else column.in_(values)

    @property
    def _is_text(self) -> bool:
        if self._kind is Kind.ANY:
            return isinstance(self._values[0][0], str)
        return self._kind in {Kind.TEXT, Kind.PADDED}

    @property
    def _is_ranged(self) -> bool:
        return self._kind in APPROXIMATE or (self._engine == SQLITE and self._kind in _RANGED)

    def _spread(self, value: Value) -> Sequence[object]:
        """Return every parameter that one value of the filter needs."""
        limit = UNSIGNED if self._engine in MYSQL else SQL_INTEGERS
        read = operand(value, self._kind, self._condition.item, limit)
        if isinstance(read, str):
            return self._spellings(read)
        if isinstance(read, Decimal) and self._kind in APPROXIMATE:
            return bounds(read, self._kind, self._scale)
        if isinstance(read, dt.datetime) and read.tzinfo is not None and self._engine in MYSQL:
            return [read.replace(tzinfo=None)]
        if self._engine == SQLITE and isinstance(read, dt.datetime | dt.time):
            return spellings(read)
        if self._engine == SQLITE and isinstance(read, dt.date):
            return [read.isoformat()]
        return [read]

    def _spellings(self, text: str) -> Sequence[str]:
        if self._condition.operator in {"ge", "le"}:
            return [str(render(text, Kind.TEXT))]  # order is that of what is served
        ways = forms(text)
        if self._condition.operator == "prefix" and self._engine != SQLITE:
            return [_WILD.sub(r"/\g<0>", way) + "%" for way in ways]
        return ways

    def _comparable(self) -> ColumnElement[Any]:
        column: ColumnElement[Any] = self._column
        if isinstance(column.type, mysql.BIT):
            return type_coerce(column, BigInteger)
        if self._engine == SQLITE:
            column = type_coerce(column, types.NullType())
            if self._kind is Kind.MOMENT:
                column = func.replace(column, "T", " ")
            if self._kind in {Kind.MOMENT, Kind.TIME, Kind.DATE}:
                column = type_coerce(column, String).collate("BINARY")
        return column

    def _parameter(self, name: str) -> ColumnElement[Any]:
        kept: TypeEngine[Any] = _PARAMETERS.get(self._kind, String())
        if self._engine == SQLITE:
            kept = Integer() if self._kind is Kind.BOOLEAN else types.NullType()
        return bindparam(name, type_=kept)

    def _range(self, operator: str, least: str, most: str) -> ColumnElement[bool]:
        column = self._comparable()
        above, below = column >= self._parameter(least), column <= self._parameter(most)
        return above if operator == "ge" else below if operator == "le" else and_(above, below)

    def _text(self, operator: str, names: list[list[str]]) -> ColumnElement[bool]:
        exact = _exactly(self._column, self._engine)
        every = [bindparam(name, type_=String()) for each in names for name in each]
        if operator == "prefix":
            return or_(*(self._begins(exact, each) for each in every))
        if operator == "ge":
            return exact >= every[0]
        if operator == "le":
            return exact <= every[0]
        found = exact.in_(every)
        if not self._is_loose:
            return found
        kept = self._column.type
        own = [bindparam(name, type_=kept) for each in names for name in each]
        return and_(self._column.in_(own), found)

    def _has_loose_half(self) -> bool:
        """Tell whether the column's own comparison finds at least as much, without failing."""
        kept = self._column.type
        if self._engine not in MYSQL | {POSTGRESQL} or isinstance(kept, _LISTED):
            return False
        codec = _codec(self._column) if self._is_text and self._engine in MYSQL else None
        # MySQL does not find what a column's character set does not have: it fails.
        return codec is None or all(
            _encodes(value, codec) for spread in self._values for value in spread
        )

    def _begins(self, exact: ColumnElement[Any], prefix: ColumnElement[str]) -> ColumnElement[bool]:
        if self._engine == SQLITE:
            # LIKE folds case here. The first half uses an index.
            return and_(exact >= prefix, func.substr(exact, 1, func.length(prefix)) == prefix)
        begins = exact.like(prefix, escape="/")
        if self._engine in MYSQL and self._is_loose:
            return and_(self._column.like(prefix, escape="/"), begins)
        return begins


def _codec(column: Column[Any]) -> str | None:
    """Return Python's name of a MySQL column's character set; None for those that hold all."""
    table = column.table
    of_table = next(
        (value for name, value in table.kwargs.items() if name.endswith("default charset")), None
    )
    charset = getattr(column.type, "charset", None) or of_table or "utf8mb4"
    return None if charset.startswith("utf8") else _CODECS.get(charset, "ascii")


_CODECS = {each: each for each in ("gbk", "gb2312", "gb18030", "big5")} | {"latin1": "cp1252"}


def _encodes(value: object, codec: str) -> bool:
    try:
        str(value).encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _exactly(column: Column[Any], engine: str) -> ColumnElement[Any]:
    """Return a text column as what is compared code point by code point."""
    if engine == SQLITE:
        return type_coerce(column, String).collate("BINARY")
    if engine == POSTGRESQL:
        return cast(column, Text).collate("C")
    if engine in MYSQL:
        utf8 = cast(column, mysql.CHAR(charset="utf8mb4"))
        return type_coerce(cast(utf8, mysql.BINARY), String)
    return column


_PARAMETERS: dict[Kind, TypeEngine[Any]] = {
    # Wider than the column may be: a value beyond it finds nothing, instead of failing.
    Kind.INTEGER: BigInteger(),
    Kind.DECIMAL: Numeric(),
    Kind.FLOAT: Double(),
    Kind.SINGLE: Double(),
    Kind.BOOLEAN: Boolean(),
    Kind.DATE: Date(),
    Kind.MOMENT: DateTime(),
    Kind.INSTANT: DateTime(timezone=True),
    Kind.TIME: Time(),
    Kind.UUID: Uuid(),
}
