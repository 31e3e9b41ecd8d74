"""The full-text index of the catalogue: FTS5 on SQLite, an array of words under GIN on PostgreSQL.

Both take the expressions of `ranking`, written in FTS5's language, and give rows by their number.
PostgreSQL has no index that knows phrases of any length in columns of any length (a `tsvector`
keeps 256 places a word), and its extensions are not on every server. So its index leads to the rows
that hold every word of a phrase, and their text tells whether they stand one behind another.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from ..storage.dialects import is_postgresql
from .folding import END, FACET, NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row, TextClause

COLUMNS = ("name", "abstract", "items", "provider", "code", "facets")
_PHRASE = re.compile(r'(?P<first>\^ ?)?(?P<column>abstract : ?)?"(?P<words>[^"]*)"(?P<begun>\*)?')
_BEGINNING = 8
"""Characters of a word's beginning that are a word of the array; what is longer its text tells."""
_EACH = ", ".join(COLUMNS)
_TYPED = ", ".join(f"{name} text NOT NULL" for name in COLUMNS)
_CREATE = {
    False: [f"CREATE VIRTUAL TABLE listing_text USING fts5({_EACH}, tokenize = ascii, prefix = 2)"],
    True: [
        f"CREATE TABLE listing_text (rowid bigint PRIMARY KEY, {_TYPED}, words text[] NOT NULL)",
        "CREATE INDEX listing_text_words ON listing_text USING gin (words)",
    ],
}
_ADD = "INSERT INTO listing_text(rowid, {}) VALUES (:rowid, :{})"
_TEXTS = text(
    "SELECT rowid, name, abstract, items, provider, code FROM listing_text WHERE rowid IN :found"
).bindparams(bindparam("found", expanding=True))


def create(connection: Connection) -> None:
    """Make the index anew, empty."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS listing_text")
    for statement in _CREATE[is_postgresql(connection)]:
        connection.exec_driver_sql(statement)


def add(connection: Connection, row: int, texts: Mapping[str, str]) -> None:
    """Index a row; `texts` are its columns as words parted by spaces."""
    words = {"words": _words(texts)} if is_postgresql(connection) else {}
    names = [*texts, *words]
    statement = text(_ADD.format(", ".join(names), ", :".join(names)))
    connection.execute(statement, {"rowid": row, **texts, **words})


def remove(connection: Connection, row: int) -> None:
    """Take a row out of the index."""
    connection.execute(text("DELETE FROM listing_text WHERE rowid = :rowid"), {"rowid": row})


def list_rows(connection: Connection, wanted: str, limit: int, offset: int = 0) -> list[int]:
    """Return the numbers of rows that an expression finds, in their order."""
    sql, values = _finding(connection, wanted, limit, offset)
    return list(connection.scalars(_statement(sql), values).all())


def select_rows(connection: Connection, wanted: str, limit: int, offset: int = 0) -> TextClause:
    """Return the statement of `list_rows`, to be part of another."""
    sql, values = _finding(connection, wanted, limit, offset)
    return _statement(sql).bindparams(**values)


def _finding(
    connection: Connection, wanted: str, limit: int, offset: int
) -> tuple[str, dict[str, Any]]:
    where, values = _condition(connection, wanted)
    # FTS5 gives rows in this order by itself, and would sort them again if it were asked to.
    order = " ORDER BY rowid" if is_postgresql(connection) else ""
    found = f"SELECT rowid FROM listing_text WHERE {where}{order} LIMIT :lim OFFSET :off"  # noqa: S608 - no value is in it
    return found, {**values, "lim": limit, "off": offset}


def count(connection: Connection, wanted: Sequence[str], most: int | None) -> list[int]:
    """Count the rows of each expression, up to `most`; None: all."""
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

    def translate(found: re.Match[str]) -> str:
        words, begun = found["words"].split(" "), found["begun"] is not None
        held, said = f"{prefix}{len(values)}", f"{prefix}{len(values) + 1}"
        values[held] = [*words[:-1], _beginning(words[-1])] if begun else words
        columns = ("abstract",) if found["column"] else _columns(words[0])
        values[said] = " ".join(words) if begun else f"{' '.join(words)} "
        # The words parted by spaces, and a space at either end: no word is found inside another.
        if not found["first"]:
            values[said] = f" {values[said]}"
        stands = " OR ".join(
            f"starts_with({name} || ' ', :{said})"
            if found["first"]
            else f"strpos(' ' || {name} || ' ', :{said}) > 0"
            for name in columns
        )
        return f"(words @> CAST(:{held} AS text[]) AND ({stands}))"

    # Between the phrases are AND, OR, NOT and brackets, which bind as SQL's do.
    parts, end = [], 0
    for found in _PHRASE.finditer(wanted):
        parts += [wanted[end : found.start()], translate(found)]
        end = found.end()
    operators = [part.replace("NOT", "AND NOT") for part in [*parts[::2], wanted[end:]]]
    return "".join(
        each for pair in zip(operators, [*parts[1::2], ""], strict=True) for each in pair
    ), values


def _columns(word: str) -> tuple[str, ...]:
    """Return the columns a word can stand in."""
    if word.startswith((NAME, END)):
        return ("name",)
    return ("facets",) if word.startswith(FACET) else COLUMNS[1:-1]


def _words(texts: Mapping[str, str]) -> list[str]:
    """Return the words of all columns, and what they begin with."""
    words = {word for each in texts.values() for word in each.split(" ") if word}
    begun = {
        _beginning(word[:length])
        for word in words
        if not word.startswith(FACET)
        for length in range(1, min(len(word), _BEGINNING) + 1)
    }
    return [*words, *begun]


def _beginning(word: str) -> str:
    """Return the word of the array that all words have which begin so."""
    return f"{word[:_BEGINNING]}*"
