"""Search over the published catalogue, Chinese first (SQLite FTS5).

Chinese is indexed as overlapping pairs of characters, so that any word of two is found without a
dictionary; Latin words and codes as they stand. Rebuilt at will: it follows from the documents.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from ..protocol import forms as documents
from ..storage.engines import READING
from .tables import (
    Listing,
    binding,
    document,
    listing,
    publication,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from .ports import DecisionFact

RUNS = re.compile(r"[0-9a-z]+|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
LIMIT = 100
QUERY_LIMIT = 64
BATCH = 200

CREATE = """
CREATE VIRTUAL TABLE IF NOT EXISTS listing_text
USING fts5(name, code, items, provider, abstract, tokenize = "unicode61 remove_diacritics 0")
"""
INSERT = """
INSERT INTO listing_text(rowid, name, code, items, provider, abstract)
VALUES (:id, :name, :code, :items, :provider, :abstract)
"""
COUNT = """
SELECT count(*) FROM (SELECT 1 FROM listing_text WHERE listing_text MATCH :query LIMIT :most)
"""
RANKED = """
SELECT rowid AS id FROM listing_text WHERE listing_text MATCH :query
ORDER BY bm25(listing_text, 10.0, 8.0, 4.0, 3.0, 1.0), rowid LIMIT :limit OFFSET :offset
"""
"""A word in the name weighs most, one in the abstract least."""
BROAD = """
SELECT rowid AS id FROM listing_text WHERE listing_text MATCH :named
UNION ALL
SELECT rowid AS id FROM listing_text WHERE listing_text MATCH :others
LIMIT :limit OFFSET :offset
"""
"""For words that are nearly everywhere, where weighing every hit would take too long: entries with
all words in the name, then the rest, each oldest first. Read lazily, never sorted."""
RANKED_MOST = 5_000


class CatalogueSearch:
    """The published entries in `node.db`."""

    def __init__(self, engine: Engine) -> None:
        """Create the index where it is missing."""
        self._engine = engine
        self._reading = engine.execution_options(**READING)
        with engine.begin() as connection:
            connection.exec_driver_sql(CREATE)

    def note(self, connection: Connection, fact: DecisionFact) -> None:
        """Note what a review published, in the transaction that records the review."""
        if fact.kind != "ReviewVersions":
            return
        for each in fact.event["reviews"]:
            if not each["publish"]:
                continue
            row = {
                "entry": each["entry"],
                "version": each["version"],
                "object": documents.version_object(each["entry"], each["version"]),
                "digest": each["subject"],
                "listed": False,
            }
            connection.execute(
                insert(publication)
                .values(row)
                .on_conflict_do_update(index_elements=["entry"], set_=row)
            )

    def list_published(self) -> bool:
        """List published versions whose documents have arrived; tell whether there were any."""
        ready = (
            select(publication, document.c.data, binding.c.contradiction)
            .join(
                binding,
                (binding.c.object == publication.c.object)
                & (binding.c.digest == publication.c.digest),
            )
            .join(document, document.c.digest == publication.c.digest)
            .where(publication.c.listed.is_(False), binding.c.judged_at.is_not(None))
            .limit(BATCH)
        )
        with self._engine.begin() as connection:
            rows = connection.execute(ready).all()
            for row in rows:
                self._unlist(connection, row.entry)
                # What says something else than the chain is served by nobody: not listed either.
                if row.contradiction is None:
                    self.list_version(connection, row.entry, documents.parse(row.data))
                connection.execute(
                    update(publication).where(publication.c.entry == row.entry).values(listed=True)
                )
        return bool(rows)

    def search(self, query: str, *, limit: int = 20, after: int = 0) -> list[Listing]:
        """Return published entries that hold every word of `query`, the best first.

        A Latin word or a code matches what begins with it; a single Chinese character matches any
        word it begins. An empty query lists all by department and code. `after`
        is the number of results already seen.
        """
        expression = match_expression(query)
        size = max(1, min(limit, LIMIT))
        every = select(Listing)
        with Session(self._reading) as session:
            if not expression:
                page = every.order_by(listing.c.department, listing.c.code)
                return list(session.scalars(page.limit(size).offset(after)))
            found = self._matching(session.connection(), expression, size, after)
            chosen = session.scalars(every.where(listing.c.id.in_(found)))
            by_id = {row.id: row for row in chosen}
        return [by_id[each] for each in found]

    def list_version(self, connection: Connection, entry: bytes, paper: documents.Document) -> None:
        """List an entry that is not listed yet, in the caller's transaction."""
        body = paper.body
        inserted = connection.execute(
            insert(listing).values(
                entry=entry,
                version=body.version,
                digest=paper.digest,
                department=body.department,
                code=body.code,
                name=body.name,
                provider=body.provider,
                abstract=body.abstract,
                share_type=body.share_type,
            )
        )
        found = inserted.inserted_primary_key
        connection.execute(
            text(INSERT),
            {
                "id": found[0] if found else None,
                "name": indexed(body.name),
                "code": indexed(body.code),
                "items": " ".join(indexed(f"{item.name} {item.code}") for item in body.items),
                "provider": indexed(body.provider),
                "abstract": indexed(body.abstract),
            },
        )

    def _matching(
        self, connection: Connection, expression: str, size: int, after: int
    ) -> list[int]:
        most = {"query": expression, "most": RANKED_MOST + 1}
        page = {"limit": size, "offset": after}
        if (connection.scalar(text(COUNT), most) or 0) <= RANKED_MOST:
            found = connection.scalars(text(RANKED), {"query": expression, **page})
        else:
            named = f"{{name}} : ({expression})"
            others = f"({expression}) NOT {named}"
            found = connection.scalars(text(BROAD), {"named": named, "others": others, **page})
        return list(found)

    def _unlist(self, connection: Connection, entry: bytes) -> None:
        old = connection.scalar(select(listing.c.id).where(listing.c.entry == entry))
        if old is not None:
            connection.execute(text("DELETE FROM listing_text WHERE rowid = :id"), {"id": old})
            connection.execute(delete(listing).where(listing.c.id == old))


def indexed(value: str) -> str:
    """Return `value` as words: Latin runs, and every pair of neighbouring Chinese characters."""
    return " ".join(word for run in _runs(value) for word in _words(run))


def match_expression(query: str) -> str:
    """Return the FTS5 expression for what a user typed; empty if there is no word in it."""
    terms = []
    for run in _runs(query[:QUERY_LIMIT]):
        phrase = " ".join(_words(run))
        terms.append(f'"{phrase}"*' if run.isascii() or len(run) == 1 else f'"{phrase}"')
    return " AND ".join(terms)


def _runs(value: str) -> Iterator[str]:
    for match in RUNS.finditer(value.lower()):
        yield match[0]


def _words(run: str) -> list[str]:
    if run.isascii() or len(run) == 1:
        return [run]
    return [run[start : start + 2] for start in range(len(run) - 1)]
