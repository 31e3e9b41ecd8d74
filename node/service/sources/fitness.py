"""Is a source fit for its entry? What an operator wants to know before the first call.

Everything is only read. What stands in the way of any call is fatal; the rest is for somebody to
look at, for the entry says otherwise than the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ...errors import LedgerError, SourceUnavailable
from ..needs import SourceQuery
from .comparing import MYSQL, POSTGRESQL
from .values import NUMBERS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Table

    from .sql import SqlSource


class Declared(Protocol):
    """An item as its entry's version declares it."""

    @property
    def code(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def scale(self) -> int | None: ...
    @property
    def nullable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing about a source that is not as it should be."""

    code: str
    """`key`, `key-unproven`, `closed`, `row`, `no-column`, `no-item`, `type`, `scale`, `nullable`
    or `writes`."""
    names: tuple[str, ...]
    """Columns or items it is about."""
    detail: str = ""
    fatal: bool = False


_ANY = frozenset(Kind)
_MOMENTS = frozenset({Kind.MOMENT, Kind.INSTANT, Kind.ANY})
_FITTING = {
    **dict.fromkeys(("数值型N", "货币型Y", "双精度型B", "浮点型F"), NUMBERS | {Kind.ANY}),
    "整型I": frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.LOOSE, Kind.ANY}),
    "日期型D": frozenset({Kind.DATE, Kind.ANY}),
    "日期时间型T": _MOMENTS,
    "逻辑型L": frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.ANY}),
}
"""Item types that a column of only some kinds fits; all other types take any text."""


def examine(source: SqlSource, items: Sequence[Declared] | None) -> Iterator[Remark]:
    """Look at a source beside its entry's items (None: the entry is not known here yet).

    Raises:
        SourceUnavailable: the database does not answer, or has no such table or column.
    """
    try:
        table = source.reflect()
        yield from _key(source, table)
        kinds = {item: source.kind(table.c[name]) for item, name in source.columns.items()}
        closed = tuple(item for item, kind in kinds.items() if kind is Kind.CLOSED)
        if closed:
            yield Remark("closed", closed, fatal=True)
        if items is not None:
            yield from _beside(source, table, kinds, items)
        if _may_write(source, table):
            yield Remark("writes", (source.table_name,))
        yield from _first_row(source, tuple(kinds.keys() - set(closed)), items or ())
    except (SQLAlchemyError, ValueError) as error:
        raise SourceUnavailable(
            "the database behind the entry does not answer as configured"
        ) from error


def _key(source: SqlSource, table: Table) -> Iterator[Remark]:
    fault = source.key_fault(table)
    if fault is not None:
        row = "" if fault.row is None else f": {fault.row}"
        code = "key" if fault.refused else "key-unproven"
        yield Remark(code, (source.key_name,), f"{fault.reason}{row}", fatal=fault.refused)


def _beside(
    source: SqlSource, table: Table, kinds: dict[str, Kind], items: Sequence[Declared]
) -> Iterator[Remark]:
    declared = {item.code: item for item in items}
    both = [item for code, item in declared.items() if code in kinds]
    columns = {item.code: table.c[source.columns[item.code]] for item in both}
    found = {
        "no-column": tuple(declared.keys() - kinds.keys()),
        "no-item": tuple(kinds.keys() - declared.keys()),
        "type": tuple(
            f"{item.code} {item.type}（{columns[item.code].type}）"
            for item in both
            if kinds[item.code] not in _FITTING.get(item.type, _ANY) | {Kind.CLOSED}
        ),
        "scale": tuple(
            item.code
            for item in both
            if kinds[item.code] is Kind.DECIMAL
            and (getattr(columns[item.code].type, "scale", None) or 0) > (item.scale or 0)
            and item.scale is not None
        ),
        "nullable": tuple(
            item.code for item in both if not item.nullable and columns[item.code].nullable
        ),
    }
    for code, names in found.items():
        if names:
            yield Remark(code, tuple(sorted(names)))


def _may_write(source: SqlSource, table: Table) -> bool:
    """Tell whether the account may change the table; where the engine can be asked."""
    engine = source.engine
    name = engine.dialect.name
    with engine.connect() as connection:
        if name == POSTGRESQL:
            quoted = engine.dialect.identifier_preparer.format_table(table)
            asked: Any = {"table": quoted, "rights": "INSERT, UPDATE, DELETE, TRUNCATE"}
            return bool(
                connection.scalar(text("SELECT has_table_privilege(:table, :rights)"), asked)
            )
        if name in MYSQL:
            asked = {"schema": table.schema, "table": table.name}
            return bool(connection.scalar(text(_MYSQL_RIGHTS), asked))
    # SQLite is opened for reading alone, whatever its file allows.
    return False


_OWN = (
    "grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
    " AND privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER', 'CREATE')"
)
_MYSQL_RIGHTS = (
    f"SELECT EXISTS (SELECT 1 FROM information_schema.user_privileges WHERE {_OWN})"  # noqa: S608 - ours
    f" OR EXISTS (SELECT 1 FROM information_schema.schema_privileges WHERE {_OWN}"
    " AND COALESCE(:schema, DATABASE()) LIKE table_schema)"
    f" OR EXISTS (SELECT 1 FROM information_schema.table_privileges WHERE {_OWN}"
    " AND table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table)"
)


def _first_row(
    source: SqlSource, codes: tuple[str, ...], items: Sequence[Declared]
) -> Iterator[Remark]:
    scales = {item.code: item.scale for item in items}
    try:
        source.fetch(SourceQuery(codes, (), 1, None, scales))
    except LedgerError as error:
        cause = error.__cause__
        if cause is None:
            return  # the key: said already
        # Texts of ours hold no value; those of drivers do.
        detail = str(cause) if isinstance(cause, ValueError) else type(cause).__name__
        yield Remark("row", (str(error.facts.get("item", "")),), detail, fatal=True)
