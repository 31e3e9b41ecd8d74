"""The full-text index of the catalogue: FTS5 on SQLite, an array of words under GIN on PostgreSQL.

Both take the expressions of `ranking`, written in FTS5's language, and give rows by their number;
what they mean to PostgreSQL is in `wordarrays`.

A word says by what it begins with where it stands, or that it is the beginning of one (`folding`):
nothing is narrowed to a column or gathered from words that begin alike, which costs by the rows
there are. Single characters alone are found by the index's prefixes of two, mark and character.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from ..storage.dialects import is_postgresql
from . import wordarrays

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row, TextClause

COLUMNS = ("name", "abstract", "items", "provider", "code", "facets")
"""Of the index; `facets` are all words that stand for something else than themselves."""
_EACH = ", ".join(COLUMNS)
_TYPED = ", ".join(f"{name} text NOT NULL" for name in COLUMNS)
_OPTIONS = f"tokenize = ascii, prefix = {wordarrays.PREFIX}, columnsize = 0"
_CREATE = {
    False: [f"CREATE VIRTUAL TABLE listing_text USING fts5({_EACH}, {_OPTIONS})"],
    True: [
        f"CREATE TABLE listing_text (rowid bigint PRIMARY KEY, {_TYPED}, words text[] NOT NULL)",
        # All but number and name lie outside the row, for thousands of rows are gone through.
        "ALTER TABLE listing_text SET (toast_tuple_target = 128)",
        "ALTER TABLE listing_text ALTER name SET STORAGE MAIN, ALTER words SET STORAGE EXTERNAL",
        "CREATE INDEX listing_text_words ON listing_text USING gin (words)",
    ],
}
_ADD = "INSERT INTO listing_text({}) VALUES (:{})"
_PAGE = "LIMIT :lim OFFSET :off"
_MERGE = text("INSERT INTO listing_text(listing_text, rank) VALUES ('merge', :pages)")
_STEP_PAGES = 1_000
"""Of 4 kB: a step takes tens of milliseconds."""
_LEAST_CHANGES = 2
"""Rows that a step which did something changes."""
_REMOVE = text("DELETE FROM listing_text WHERE rowid = :rowid")
_TEXTS = text(
    "SELECT rowid, name, abstract, items, provider, code FROM listing_text WHERE rowid IN :found"
).bindparams(bindparam("found", expanding=True))


def create(connection: Connection) -> None:
    """Make the index anew, empty."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS listing_text")
    for statement in _CREATE[is_postgresql(connection)]:
        connection.exec_driver_sql(statement)


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Index rows: their number as `rowid` and their columns as words parted by spaces.

    FTS5 takes them fastest in the order of their numbers.
    """
    if is_postgresql(connection):
        rows = [{**row, "words": wordarrays.words(row[name] for name in COLUMNS)} for row in rows]
    names = [*rows[0]]
    connection.execute(_statement(_ADD.format(", ".join(names), ", :".join(names))), rows)


def remove(connection: Connection, rows: Sequence[int]) -> None:
    """Take rows out of the index."""
    connection.execute(_REMOVE, [{"rowid": row} for row in rows])


def merge(connection: Connection, *, goes_on: bool) -> bool:
    """Do a step of making the pieces of the index one; tell whether there are more steps.

    Each is short, since it holds the writers' lock. Source: FTS5's documentation, 6.8.
    """
    if is_postgresql(connection):
        # What waits to be sorted in is looked through by every search; the planner wants counts.
        connection.exec_driver_sql("SELECT gin_clean_pending_list('listing_text_words')")
        connection.exec_driver_sql("ANALYZE listing_text, listing, listing_member, listing_kind")
        return False
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    # Below zero the merge of all begins; above it goes on.
    pages = _STEP_PAGES if goes_on else -_STEP_PAGES
    connection.execute(_MERGE, {"pages": pages})
    after = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return bool(after - before >= _LEAST_CHANGES)


def list_rows(connection: Connection, wanted: str, limit: int, offset: int = 0) -> list[int]:
    """Return the numbers of rows that an expression finds, in their order."""
    _by_index(connection)
    sql, values = _finding(connection, wanted)
    page = {"lim": limit, "off": offset}
    return list(connection.scalars(_statement(f"{sql} {_PAGE}"), values | page).all())


def select_rows(connection: Connection, wanted: str, limit: int) -> TextClause:
    """Return the statement of `list_rows`, to be part of another."""
    _by_index(connection)
    sql, values = _finding(connection, wanted)
    return _statement(f"{sql} {_PAGE}").bindparams(**values, lim=limit, off=0)


def count(connection: Connection, wanted: Sequence[str], most: int | None) -> list[int]:
    """Count the rows of each expression, up to `most`; None: all."""
    _by_index(connection)
    counts, values = [], dict[str, Any]()
    for place, each in enumerate(wanted):
        sql, own = _finding(connection, each, f"w{place}_", in_order=False)
        values |= own
        counts.append(
            f"(SELECT count(*) FROM ({sql}{'' if most is None else ' LIMIT :most'}) found)"  # noqa: S608 - no value is in it
        )
    if most is not None:
        values["most"] = most
    return list(connection.execute(_statement(f"SELECT {', '.join(counts)}"), values).one())


def _finding(
    connection: Connection, wanted: str, prefix: str = "w", *, in_order: bool = True
) -> tuple[str, dict[str, Any]]:
    """Return the statement that gives an expression's rows, and the values it binds."""
    if not is_postgresql(connection):
        # FTS5 gives rows in their order by itself, and would sort them again if it were asked to.
        sql = f"SELECT rowid FROM listing_text WHERE listing_text MATCH :{prefix}"  # noqa: S608 - as above
        return sql, {prefix: wanted}
    values: dict[str, Any] = {}

    def bind(value: object) -> str:
        name = f"{prefix}{len(values)}"
        values[name] = value
        return f":{name}"

    meant = wordarrays.parse(wanted)
    keys = wordarrays.keys(meant)
    where = f"words @> CAST({bind(keys)} AS text[])" if keys else "true"
    # Not `rowid` alone: going through all rows in their order looks into too many arrays.
    columns, order = "rowid + 0 AS rowid", "ORDER BY rowid + 0" if in_order else ""
    if wordarrays.is_told_by_keys(meant):
        return f"SELECT {columns} FROM listing_text WHERE {where} {order}", values  # noqa: S608 - as above
    # Texts lie outside the row. They are read of one row after another, until a page is full.
    each = f"SELECT {columns}, {', '.join(COLUMNS)}, words FROM listing_text WHERE {where} {order}"  # noqa: S608 - as above
    told = wordarrays.sql(meant, bind)
    order = "ORDER BY rowid" if in_order else ""
    return f"SELECT rowid FROM ({each} OFFSET 0) held WHERE {told} {order}", values  # noqa: S608 - as above


def _by_index(connection: Connection) -> None:
    """Have this transaction's rows found by the index: the planner knows no cost of an array.

    What is found is sorted in memory.
    """
    if not is_postgresql(connection):
        return
    connection.exec_driver_sql(
        "SELECT set_config('enable_seqscan', 'off', true), set_config('work_mem', '64MB', true)"
    )


def go_in_order(connection: Connection) -> None:
    """Have this transaction's next rows read in the order that is asked for, until enough pass.

    PostgreSQL's planner takes a text that many hold for rare, and would sort all that pass.
    """
    if is_postgresql(connection):
        connection.exec_driver_sql("SELECT set_config('enable_sort', 'off', true)")


@lru_cache(maxsize=256)
def _statement(sql: str) -> TextClause:
    """Return a statement, looked through for what it binds once and not with every search."""
    return text(sql)


def list_texts(connection: Connection, rows: Collection[int]) -> Sequence[Row[Any]]:
    """Return number, name, abstract, items, provider and code of rows, as indexed."""
    return connection.execute(_TEXTS, {"found": [*rows]}).all()
