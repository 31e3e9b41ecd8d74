"""What a query finds in the full-text index, in one order for all its pages.

Rows come out of the index by their number, which begins with the length of the entry's name
(`row_number`): of what stands on one level the shortest name is first, and nothing is ever sorted.
Few hits are weighed one by one, and near misses follow them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import delete, func, select, tuple_, update

from ..errors import InvalidInput
from ..protocol.forms import Grade, ShareTypeName, UpdateCycle
from ..storage.dialects import insert, summed
from . import fulltext
from .folding import FACET, is_unspaced, runs
from .ranking import NEAREST, NEAREST_TO_BEST, WORTH, Query, holding, score
from .tables import listing, listing_kind, listing_member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

FEW = 20
"""With no more hits than this, near misses follow them."""
COMMON = 1_000
"""Entries with a word that are still counted."""
ENTRIES = 10_000
"""Entries that are still counted, to tell how rare a word is."""
NEAR_ROWS = 1_000
"""Entries that a query's words lead to, together…"""
NEAR_MOST = 80
"""…and of these the likely ones whose text is read."""
_NUMBER_BYTES = 4
"""Of an entry's id; short, since a number stands in the index with each word of its entry."""
_WORDS: dict[str, tuple[str, ...]] = {
    "share_type": get_args(ShareTypeName),
    "grade": get_args(Grade),
    "update_cycle": get_args(UpdateCycle),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What an entry must be, whatever words it holds; None: anything."""

    department: str | None = None
    """Code of the department that filed it, or its provider's whole name."""
    share_type: str | None = None
    grade: str | None = None
    update_cycle: str | None = None
    theme: str | None = None
    """One of the levels of its classification, whole."""

    def __post_init__(self) -> None:
        """Refuse a word that no entry can have.

        Raises:
            InvalidInput: it is none of the forms'.
        """
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value is not None and value not in words:
                raise InvalidInput(
                    f"{value}：应为{'、'.join(words)}之一 (not a {name.replace('_', ' ')})",
                    value=value,
                )

    def words(self) -> list[str]:
        """Return the words an entry's facets must hold."""
        given = zip(
            "dsgut",
            (self.department, self.share_type, self.grade, self.update_cycle, self.theme),
            strict=True,
        )
        return [facet(kind, value) for kind, value in given if value is not None]


ANYTHING = Filters()
FACETS = ("share_type", "grade", "update_cycle", "department")
"""Filters whose values are counted."""
Order = Literal["best", "newest", "code"]
ORDERS: dict[str, tuple[Any, ...]] = {
    "newest": (listing_member.c.block.desc(), listing_member.c.id),
    "code": (listing.c.department, listing.c.code, listing.c.id),
}
"""By these columns; the last is the row."""
SORTED = 5_000
"""Hits that are counted by facet, or sorted by anything but how well they fit."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries there are, and how many with each value they can be filtered by."""

    total: int
    capped: bool
    """Whether there may be more, which were not counted."""
    counts: Mapping[str, Mapping[str, int]]
    """By facet, then by value; of a facet that is filtered by, as if it were not."""


class Hits:
    """What a query finds, in one order for all its pages."""

    def __init__(self, connection: Connection, query: Query, filters: Filters) -> None:
        self._connection = connection
        self._query = query
        self._facets = filters.words()

    def page(self, size: int, after: int) -> list[int]:
        """Return the rows behind the first `after`."""
        *named, summary, anywhere = self._query.levels()
        every = self._rows(self._within(anywhere), FEW + 1, 0)
        few = len(every) <= FEW
        levels = [*named, summary, anywhere]
        if few:
            levels = named if every else []
        found: list[int] = []
        seen, before = 0, ""
        for level in levels:
            if level == anywhere and not before and after + size <= len(every):
                # Nothing stands higher: the first rows of this level were read above.
                return every[after : after + size]
            wanted = self._within(level)
            wanted = f"({wanted}) NOT ({before})" if before else wanted
            skipped = max(after - seen, 0)
            rows = self._rows(wanted, size - len(found), skipped)
            found += rows
            if len(found) == size:
                return found
            # The last of a level came; or none, and it may have fewer rows than were skipped.
            hits = skipped + len(rows)
            if skipped and not rows:
                hits = self._count([wanted], None)[0]
            seen += hits
            before = level if hits else before
        if few:
            found += self._near(set(every), named[-1])[max(after - seen, 0) :][: size - len(found)]
        return found

    def _near(self, every: set[int], named: str) -> list[int]:
        """Return `every` row that holds the whole query and those near it, without `named` ones."""
        entries = self._connection.scalar(select(summed(listing_kind.c.entries))) or 0
        grams = list(dict.fromkeys(gram for run in self._query.near for gram in run))
        counted = self._count([holding(gram) for gram in grams], COMMON)
        counts = dict(zip(grams, counted, strict=True))
        weights = self._query.weights(counts, min(entries, ENTRIES))
        first = set(self._rows(self._within(named), FEW, 0)) if every else set()
        likely = self._likely(weights, counts)
        scored = []
        columns: list[str]
        for row, *columns in fulltext.list_texts(self._connection, every.union(likely)):
            near, held = score(dict(zip(WORTH, columns, strict=True)), weights)
            if row in every or held >= NEAREST:
                scored.append((-near, row))
        least = NEAREST_TO_BEST * -min(scored, default=(0.0, 0))[0]
        return [
            row
            for near, row in sorted(scored)
            if row not in first and (row in every or -near >= least)
        ]

    def _likely(self, weights: Mapping[str, float], counts: Mapping[str, int]) -> list[int]:
        """Return rows that hold much of the query: all with rare words, some with common ones."""
        found: dict[int, float] = {}
        left = NEAR_ROWS
        rarest = sorted(weights, key=lambda gram: (counts[gram], gram))
        for place, gram in enumerate(rarest):
            share = min(counts[gram], left // (len(rarest) - place))
            left -= share
            for row in self._rows(self._within(holding(gram)), share, 0):
                found[row] = found.get(row, 0.0) + weights[gram]
        return sorted(found, key=lambda row: (-found[row], row))[:NEAR_MOST]

    def _within(self, expression: str) -> str:
        facets = [f'"{word}"' for word in self._facets]
        return " AND ".join([f"({expression})", *facets])

    def _count(self, wanted: list[str], most: int | None) -> list[int]:
        return fulltext.count(self._connection, wanted, most)

    def _rows(self, wanted: str, limit: int, offset: int) -> list[int]:
        return fulltext.list_rows(self._connection, wanted, limit, offset)


def list_all(connection: Connection, filters: Filters, size: int, after: int) -> list[int]:
    """Return rows of all entries that pass, by department and code."""
    page = select(listing.c.id).order_by(listing.c.department, listing.c.code, listing.c.id)
    wanted = " AND ".join(f'"{word}"' for word in filters.words())
    if wanted:
        passing = fulltext.list_rows(connection, wanted, COMMON)
        if len(passing) < COMMON:
            page = page.where(listing.c.id.in_(passing))
        else:
            fulltext.go_in_order(connection)
        for word in filters.words():
            page = page.where((" " + listing.c.facets + " ").contains(f" {word} "))
    return list(connection.scalars(page.limit(size).offset(after)))


def list_sorted(
    connection: Connection,
    query: Query,
    filters: Filters,
    order: Order,
    *,
    size: int,
    after: int,
) -> list[int]:
    """Return rows of the entries that hold the whole query, in another order than the best."""
    *_, row = ORDERS[order]
    page = _passing(connection, select(row).order_by(*ORDERS[order]), row, query, filters)
    return list(connection.scalars(page.limit(size).offset(after)))


def tally(connection: Connection, query: Query, filters: Filters) -> Tally:
    """Count the entries that hold the whole query and pass."""
    counts = {name: dict[str, int]() for name in FACETS}
    total = _count_into(connection, query, filters, counts, FACETS)
    for name in FACETS:
        if getattr(filters, name) is not None:
            counts[name].clear()
            _count_into(connection, query, replace(filters, **{name: None}), counts, (name,))
    return Tally(total, total >= SORTED and bool(query or filters.words()), counts)


def _count_into(
    connection: Connection,
    query: Query,
    filters: Filters,
    counts: Mapping[str, dict[str, int]],
    names: Sequence[str],
) -> int:
    columns = [listing_kind.c[name] for name in names]
    found = select(*columns, listing_kind.c.entries)
    if query or filters.words():
        members = listing_member.c
        each = _passing(connection, select(members.kind, func.count()), members.id, query, filters)
        hits = each.group_by(members.kind).subquery()
        found = select(*columns, hits.c[1]).join(hits, hits.c.kind == listing_kind.c.kind)
    total = 0
    for *values, number in connection.execute(found):
        total += number
        for name, value in zip(names, values, strict=True):
            if number:
                counts[name][value] = counts[name].get(value, 0) + number
    return total


def _passing(
    connection: Connection,
    statement: Select[Any],
    row: ColumnElement[int],
    query: Query,
    filters: Filters,
) -> Select[Any]:
    """Narrow a statement to the first hits of a query, which may be empty, by their `row`."""
    wanted = [f'"{word}"' for word in filters.words()]
    if query:
        wanted.insert(0, f"({query.levels()[-1]})")
    if not wanted:
        return statement
    hits = fulltext.select_rows(connection, " AND ".join(wanted), SORTED).columns(listing.c.id)
    return statement.where(row.in_(hits.scalar_subquery()))


def count_kinds(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Count entries about to be listed, by what their rows say; return the kind of each."""
    kinds = Counter(tuple(row[name] for name in FACETS) for row in rows)
    for values, number in kinds.items():
        new = insert(listing_kind).values(**dict(zip(FACETS, values, strict=True)), entries=number)
        more = {"entries": listing_kind.c.entries + number}
        connection.execute(new.on_conflict_do_update(FACETS, more))
    columns = [listing_kind.c[name] for name in FACETS]
    some = select(*columns, listing_kind.c.kind).where(tuple_(*columns).in_(kinds))
    known = {tuple(values): kind for *values, kind in connection.execute(some)}
    return [known[tuple(row[name] for name in FACETS)] for row in rows]


def discount_kinds(connection: Connection, rows: Sequence[int]) -> None:
    """Count entries no longer that are taken out of the list, by their number."""
    members = listing_member.c
    each = select(members.kind, func.count()).where(members.id.in_(rows)).group_by(members.kind)
    for kind, number in connection.execute(each).all():
        connection.execute(
            update(listing_kind)
            .where(listing_kind.c.kind == kind)
            .values(entries=listing_kind.c.entries - number)
        )
    connection.execute(delete(listing_member).where(members.id.in_(rows)))


def row_number(name: Sequence[str], entry: bytes) -> int:
    """Return the row an entry wants in the index: behind shorter names, else as its id falls.

    The same on every node, and whenever it was published. `name` is its runs.
    """
    length = sum(len(run) if is_unspaced(run) else 1 for run in name)
    return length << 8 * _NUMBER_BYTES | int.from_bytes(entry[-6:][:_NUMBER_BYTES])


@lru_cache(maxsize=4096)
def facet(kind: str, value: str) -> str:
    """Return the word that stands for an entry's property in the index, and for a filter."""
    # Of letters and digits only, so one word to the tokenizer and never syntax.
    return FACET + kind + "".join(runs(value))
