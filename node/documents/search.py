"""Search over the published catalogue, Chinese first.

Chinese is indexed as overlapping pairs of characters, so that any word of two is found without a
dictionary; Latin words and codes as they stand; both scripts as one. Rebuilt at will: it follows
from the documents, and is when another version of this module indexed them.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from ..errors import InvalidInput
from ..protocol import forms as documents
from ..storage.dialects import insert, summed
from ..storage.engines import READING
from . import fulltext
from .finding import (
    ANYTHING,
    FACETS,
    Hits,
    Tally,
    count_kinds,
    discount_kinds,
    facet,
    list_all,
    list_sorted,
    row_number,
    tally,
)
from .folding import ABSTRACT, NAME, OTHER, beginnings, called, indexed, runs, spelling
from .ranking import Query
from .tables import (
    LISTED,
    Listing,
    binding,
    document,
    listing,
    listing_index,
    listing_kind,
    listing_member,
    metadata,
    publication,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Engine

    from .finding import Filters, Order
    from .ports import DecisionFact

PAGE_LIMIT = 100
"""Entries on one page."""
QUERY_LIMIT = 200
"""Characters of a query; as many as a name may have."""
BATCH = 500
"""Entries that are listed together."""
MERGED_SHARE = 4
INDEX_VERSION = 6
"""Of how entries are indexed; what another version indexed is indexed again."""

LIST = insert(listing)
TAKEN = text("SELECT 1 FROM listing WHERE id = :id")


class CatalogueSearch:
    """The published entries in `node.db`."""

    def __init__(self, engine: Engine) -> None:
        """Create the index; empty it where another version made it, to be filled again."""
        self._engine = engine
        self._reading = engine.execution_options(**READING)
        self._merging = False
        """Whether a merge has begun; a process that does not know begins it again."""
        with engine.begin() as connection:
            metadata.create_all(connection, tables=[publication, listing_index])
            version = f"{INDEX_VERSION} {spelling()}"
            if connection.scalar(select(listing_index.c.version)) != version:
                metadata.drop_all(connection, tables=LISTED)
                metadata.create_all(connection, tables=LISTED)
                fulltext.create(connection)
                connection.execute(update(publication).values(listed=False))
                connection.execute(insert(listing_index).values(version=version, unmerged=0))

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
        """List published versions whose documents have arrived, or merge; tell whether any was."""
        ready = (
            select(publication, document.c.data, binding.c.contradiction, binding.c.block)
            .join(
                binding,
                (binding.c.object == publication.c.object)
                & (binding.c.digest == publication.c.digest),
            )
            .join(document, document.c.digest == publication.c.digest)
            .where(publication.c.listed.is_(False), binding.c.judged_at.is_not(None))
            .limit(BATCH)
        )
        with self._reading.connect() as connection:
            # Asked first without the writers' lock: most rounds list nothing.
            if connection.execute(ready.limit(1)).first() is None:
                return self.merge()
        with self._engine.begin() as connection:
            rows = connection.execute(ready).all()
            entries = [row.entry for row in rows]
            self._unlist(connection, entries)
            # What says something else than the chain is served by nobody: not listed either.
            self.list_versions(
                connection,
                (
                    (row.entry, documents.parse(row.data), row.block)
                    for row in rows
                    if row.contradiction is None
                ),
            )
            done = publication.c.entry.in_(entries)
            connection.execute(update(publication).where(done).values(listed=True))
        return bool(rows)

    def search(
        self,
        query: str = "",
        filters: Filters = ANYTHING,
        *,
        limit: int = 20,
        after: int = 0,
        order: Order = "best",
    ) -> list[Listing]:
        """Return published entries that hold every word of `query`, the best first.

        First those called so, then by where the words stand: name, summary, items. Where few hold
        them all, those that hold most of them follow. A Latin word or a code matches what begins
        with it. An empty query lists all by department and code, one without words nothing.
        In another `order` only those that hold the whole query are returned, of more than
        SORTED some. `after` is the number of results already seen.

        Raises:
            InvalidInput: the query is too long.
        """
        asked = _asked(query)
        # One more than a page tells whether there is a next.
        size = max(1, min(limit, PAGE_LIMIT + 1))
        with Session(self._reading) as session:
            connection = session.connection()
            if query and not asked:
                found = []
            elif order != "best":
                found = list_sorted(connection, asked, filters, order, size=size, after=after)
            elif query:
                found = Hits(connection, asked, filters).page(size, after)
            else:
                found = list_all(connection, filters, size, after)
            chosen = session.scalars(select(Listing).where(listing.c.id.in_(found)))
            by_id = {row.id: row for row in chosen}
        return [by_id[each] for each in found]

    def tally(self, query: str = "", filters: Filters = ANYTHING) -> Tally:
        """Return how many entries hold every word of `query`, in all and by facet.

        Raises:
            InvalidInput: the query is too long.
        """
        asked = _asked(query)
        if query and not asked:
            return Tally(0, capped=False, counts={name: {} for name in FACETS})
        with self._reading.connect() as connection:
            return tally(connection, asked, filters)

    def entries(self, first: int, limit: int) -> list[bytes]:
        """Return ids of published entries, in an order that stays."""
        page = select(listing.c.entry).order_by(listing.c.entry).offset(first).limit(limit)
        with self._reading.connect() as connection:
            return list(connection.scalars(page))

    def list_versions(
        self,
        connection: Connection,
        versions: Iterable[tuple[bytes, documents.Document, int]],
    ) -> None:
        """List entries that are not listed yet, in the caller's transaction.

        Of each its id, its paper, and the block of the decision that filed this version.
        """
        several = iter(versions)
        while some := [_listed(*each) for each in islice(several, BATCH)]:
            # In the order of rows, in which FTS5 writes them together, not each by itself.
            some.sort(key=lambda pair: pair[0]["id"])
            ids = [fields["id"] for fields, _ in some]
            taken = set(connection.scalars(select(listing.c.id).where(listing.c.id.in_(ids))))
            for fields, texts in some:
                # Whoever files entries chooses their ids in part, and could make two want one row.
                if fields["id"] in taken:
                    fields["id"] = texts["rowid"] = _next_free(connection, taken, fields["id"])
                taken.add(fields["id"])
            rows = [fields for fields, _ in some]
            kinds = count_kinds(connection, rows)
            members = [
                {"id": row["id"], "kind": kind, "block": row.pop("block")}
                for row, kind in zip(rows, kinds, strict=True)
            ]
            connection.execute(insert(listing_member), members)
            connection.execute(LIST, rows)
            fulltext.add(connection, [texts for _, texts in some])
            more = {"unmerged": listing_index.c.unmerged + len(rows)}
            connection.execute(update(listing_index).values(more))

    def merge(self) -> bool:
        """Do a step of making the index's pieces one, where many entries came; tell whether.

        A search looks each word up in every piece. All are written anew, so that is done when a
        good share of the entries is new: each is written a few times in all.
        """
        with self._reading.connect() as connection:
            unmerged = connection.scalar(select(listing_index.c.unmerged)) or 0
            if unmerged < BATCH:  # nearly always: this is asked in every idle round
                return False
            entries = connection.scalar(select(summed(listing_kind.c.entries))) or 0
        if unmerged < entries // MERGED_SHARE:
            return False
        with self._engine.begin() as connection:
            self._merging = fulltext.merge(connection, goes_on=self._merging)
            if not self._merging:
                connection.execute(update(listing_index).values(unmerged=0))
        return True

    def _unlist(self, connection: Connection, entries: list[bytes]) -> None:
        old = list(connection.scalars(select(listing.c.id).where(listing.c.entry.in_(entries))))
        if old:
            fulltext.remove(connection, sorted(old))
            discount_kinds(connection, old)
            connection.execute(delete(listing).where(listing.c.id.in_(old)))


def _asked(query: str) -> Query:
    """Return what a query asks for; raises InvalidInput where it is too long."""
    if len(query) > QUERY_LIMIT:
        raise InvalidInput(
            f"检索词最多 {QUERY_LIMIT} 个字，这里有 {len(query)} 个 "
            f"(a query has at most {QUERY_LIMIT} characters)"
        )
    return Query.of(query)


def _listed(
    entry: bytes, paper: documents.Document, block: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an entry's row in the list, and in the index, under the number it wants."""
    body = paper.body
    items = " ".join([f"{item.name} {item.code}" for item in body.items])
    name, abstract, *others = (
        runs(each) for each in (body.name, body.abstract, items, body.provider, body.code)
    )
    facets = _facets(body)
    begun = beginnings(name, NAME) | beginnings(abstract, ABSTRACT)
    begun |= beginnings([run for each in others for run in each], OTHER)
    texts: dict[str, Any] = {
        "rowid": row_number(name, entry),
        "name": indexed(name, NAME),
        "abstract": indexed(abstract, ABSTRACT),
        **{
            column: indexed(each, OTHER)
            for column, each in zip(("items", "provider", "code"), others, strict=True)
        },
        "facets": " ".join([facets, called(name), *sorted(begun)]),
    }
    fields = {
        "id": texts["rowid"],
        "entry": entry,
        "version": body.version,
        "digest": paper.digest,
        "department": body.department,
        "code": body.code,
        "name": body.name,
        "provider": body.provider,
        "abstract": body.abstract,
        "share_type": body.share_type,
        "grade": body.grade,
        "update_cycle": body.update_cycle,
        "classification": list(body.classification),
        "facets": facets,
        "block": block,
    }
    return fields, texts


def _next_free(connection: Connection, taken: set[int], row: int) -> int:
    """Return the first number behind `row` that is neither in the list nor `taken`."""
    while row in taken or connection.scalar(TAKEN, {"id": row}):
        row += 1
    return row


def _facets(body: documents.CatalogueVersionPaper) -> str:
    """Return what an entry can be filtered by, a word each."""
    given = [
        ("d", body.department),
        ("d", body.provider),
        ("s", body.share_type),
        ("g", body.grade),
        ("u", body.update_cycle),
        *(("t", level) for level in body.classification),
    ]
    return " ".join(facet(kind, value) for kind, value in given)
