"""The full-text index of the catalogue: FTS5 on SQLite, an array of words under GIN on PostgreSQL.

Both take the expressions of `ranking`, written in FTS5's language, and give rows by their number.
PostgreSQL has no index that knows phrases of any length in columns of any length (a `tsvector`
keeps 256 places a word), and its extensions are not on every server. So its index leads to the rows
that hold every word of a phrase, and their text tells whether they stand one behind another.

A word says by what it begins with where it stands, or that it is the beginning of one (`folding`):
nothing is narrowed to a column or gathered from words that begin alike, which costs by the rows
there are. Single characters alone are found by the index's prefixes of two, mark and character.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from ..storage.dialects import is_postgresql
from .folding import ABSTRACT, NAME, OTHER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row, TextClause

COLUMNS = ("name", "abstract", "items", "provider", "code", "facets")
"""Of the index; `facets` are all words that stand for something else than themselves."""
_PHRASE = re.compile(r'"(?P<words>[^"]*)"(?P<begun>\*)?')
_PREFIX = 2
_KEY_CHARACTERS = 400
"""Of a word that GIN takes, 2.7 kB at most; a longer one is known by its beginning."""
_STANDING = {NAME: ("name",), ABSTRACT: ("abstract",), OTHER: ("items", "provider", "code")}
_EACH = ", ".join(COLUMNS)
_TYPED = ", ".join(f"{name} text NOT NULL" for name in COLUMNS)
_OPTIONS = f"tokenize = ascii, prefix = {_PREFIX}, columnsize = 0"
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
        rows = [{**row, "words": _words(row)} for row in rows]
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


def list_rows(
    connection: Connection, wanted: str, limit: int, offset: int = 0, *, without: str = ""
) -> list[int]:
    """Return the numbers of rows that an expression finds, and not another, in their order."""
    sql, values = _finding(connection, wanted, limit, offset, without)
    return list(connection.scalars(_statement(sql), values).all())


def select_rows(connection: Connection, wanted: str, limit: int, offset: int = 0) -> TextClause:
    """Return the statement of `list_rows`, to be part of another."""
    sql, values = _finding(connection, wanted, limit, offset)
    return _statement(sql).bindparams(**values)


def _finding(
    connection: Connection, wanted: str, limit: int, offset: int, without: str = ""
) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"lim": limit, "off": offset}
    if not is_postgresql(connection):
        # FTS5 gives rows in their order by itself, and would sort them again if it were asked to.
        where, own = _condition(connection, f"({wanted}) NOT ({without})" if without else wanted)
        found = f"SELECT rowid FROM listing_text WHERE {where} LIMIT :lim OFFSET :off"  # noqa: S608 - no value is in it
        return found, values | own
    _by_index(connection)
    each = []
    for place, expression in enumerate([wanted, without] if without else [wanted]):
        where, own = _condition(connection, expression, f"w{place}_")
        values |= own
        # Not `rowid` alone: going through all rows in their order looks into too many arrays.
        each.append(f"SELECT rowid + 0 AS rowid FROM listing_text WHERE {where}")  # noqa: S608 - as above
    some = " EXCEPT ".join(each)
    return f"SELECT rowid FROM ({some}) found ORDER BY rowid LIMIT :lim OFFSET :off", values  # noqa: S608 - as above


def _by_index(connection: Connection) -> None:
    """Have this transaction's rows found by the index: the planner knows no cost of an array."""
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")


def count(connection: Connection, wanted: Sequence[str], most: int | None) -> list[int]:
    """Count the rows of each expression, up to `most`; None: all."""
    if is_postgresql(connection):
        _by_index(connection)
    counts, values = [], dict[str, Any]()
    for place, each in enumerate(wanted):
        where, own = _condition(connection, each, f"w{place}_")
        values |= own
        some = f"SELECT 1 FROM listing_text WHERE {where}"  # noqa: S608 - as above
        some += "" if most is None else " LIMIT :most"
        counts.append(f"(SELECT count(*) FROM ({some}) found)")  # noqa: S608 - as above
    if most is not None:
        values["most"] = most
    return list(connection.execute(_statement(f"SELECT {', '.join(counts)}"), values).one())


@lru_cache(maxsize=256)
def _statement(sql: str) -> TextClause:
    """Return a statement, looked through for what it binds once and not with every search."""
    return text(sql)


def list_texts(connection: Connection, rows: Collection[int]) -> Sequence[Row[Any]]:
    """Return number, name, abstract, items, provider and code of rows, as indexed."""
    return connection.execute(_TEXTS, {"found": [*rows]}).all()


def _condition(
    connection: Connection, wanted: str, prefix: str = "w"
) -> tuple[str, dict[str, object]]:
    """Return an expression as SQL, and the values it binds."""
    if not is_postgresql(connection):
        return f"listing_text MATCH :{prefix}", {prefix: wanted}
    values: dict[str, object] = {}

    def bound(value: object) -> str:
        name = f"{prefix}{len(values)}"
        values[name] = value
        return name

    def translate(found: re.Match[str]) -> str:
        said, begun = found["words"], found["begun"] is not None
        words = said.split(" ")
        if begun and len(said) == _PREFIX:
            words, begun = [f"{said}*"], False
        keys = [word[:_KEY_CHARACTERS] for word in words]
        whole = "" if begun else f"words @> CAST(:{bound(keys)} AS text[])"
        if len(words) == 1 and not begun:
            return whole
        # The words parted by spaces, and a space behind: no word is found inside a longer one.
        text = bound(said if begun else f"{said} ")
        columns = _STANDING[said[0]]
        stands = " OR ".join(f"strpos({name} || ' ', :{text}) > 0" for name in columns)
        return f"({stands})" if begun else f"({whole} AND ({stands}))"

    # Between the phrases are AND, OR, NOT and brackets, which bind as SQL's do.
    parts, end = [], 0
    for found in _PHRASE.finditer(wanted):
        parts += [wanted[end : found.start()], translate(found)]
        end = found.end()
    operators = [part.replace("NOT", "AND NOT") for part in [*parts[::2], wanted[end:]]]
    return "".join(
        each for pair in zip(operators, [*parts[1::2], ""], strict=True) for each in pair
    ), values


def _words(row: Mapping[str, Any]) -> list[str]:
    """Return the words of all columns, and what they begin with."""
    words = {word[:_KEY_CHARACTERS] for name in COLUMNS for word in row[name].split(" ")} - {""}
    return [*words, *{f"{word[:_PREFIX]}*" for word in words if word[0] in _STANDING}]
