"""What a query finds in the full-text index, in one order for all its pages.

Rows come out of the index by their number, which begins with the length of the entry's name
(`row_number`): of what stands on one level the shortest name is first, and nothing is ever sorted.
Few hits are weighed one by one, and near misses follow them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from sqlalchemy import bindparam, func, select, text

from ..errors import InvalidInput
from ..protocol.forms import Grade, ShareTypeName, UpdateCycle
from .folding import runs
from .ranking import NEAREST, NEAREST_TO_BEST, WORTH, Query, holding, score
from .tables import listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

ROWS = """
SELECT rowid FROM listing_text WHERE listing_text MATCH :wanted LIMIT :limit OFFSET :offset
"""
COUNT = """
(SELECT count(*) FROM (SELECT 1 FROM listing_text WHERE listing_text MATCH :{name} LIMIT :most))
"""
TEXTS = """
SELECT rowid, name, abstract, items, provider, code FROM listing_text WHERE rowid IN :found
"""
FEW = 20
"""With no more hits than this, near misses follow them."""
COMMON = 2_000
"""Entries with a word that are still counted."""
NEAR_ROWS = 3_000
"""Entries that a query's words lead to, together…"""
NEAR_MOST = 150
"""…and of these the likely ones whose text is read."""
_NUMBER_BITS = 48
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


class Hits:
    """What a query finds, in one order for all its pages."""

    def __init__(self, connection: Connection, query: Query, filters: Filters) -> None:
        self._connection = connection
        self._query = query
        self._facets = filters.words()

    def page(self, size: int, after: int) -> list[int]:
        """Return the rows behind the first `after`."""
        *named, summary, anywhere = self._query.levels()
        few = self._count([self._within(anywhere)], FEW + 1)[0] <= FEW
        found: list[int] = []
        seen, before = 0, None
        for level in named if few else [*named, summary, anywhere]:
            wanted = self._within(level if before is None else f"({level}) NOT ({before})")
            skipped = max(after - seen, 0)
            rows = self._rows(wanted, size - len(found), skipped)
            found += rows
            if len(found) == size:
                return found
            # The last of a level came; or none, and it may have fewer rows than were skipped.
            seen += skipped + len(rows) if rows or not skipped else self._count([wanted], -1)[0]
            before = level
        if few:
            found += self._near(named[-1], anywhere)[max(after - seen, 0) :][: size - len(found)]
        return found

    def _near(self, named: str, anywhere: str) -> list[int]:
        """Return what holds all or most of the query, the nearest first, but `named`."""
        entries = self._connection.scalar(select(func.count()).select_from(listing)) or 0
        grams = list(dict.fromkeys(gram for run in self._query.near for gram in run))
        counted = self._count([holding(gram) for gram in grams], COMMON)
        counts = dict(zip(grams, counted, strict=True))
        weights = self._query.weights(counts, entries)
        every = set(self._rows(self._within(anywhere), FEW, 0))
        first = set(self._rows(self._within(named), FEW, 0))
        likely = self._likely(weights, counts)
        texts = text(TEXTS).bindparams(bindparam("found", expanding=True))
        scored = []
        for row, *columns in self._connection.execute(texts, {"found": [*every.union(likely)]}):
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
        facets = [f'facets : "{word}"' for word in self._facets]
        return " AND ".join([f"({expression})", *facets])

    def _count(self, wanted: list[str], most: int) -> list[int]:
        """Count the rows of each expression, up to `most`; below 0: all."""
        counts = ", ".join(COUNT.format(name=f"wanted{place}") for place in range(len(wanted)))
        values = {f"wanted{place}": each for place, each in enumerate(wanted)}
        return list(
            self._connection.execute(text(f"SELECT {counts}"), values | {"most": most}).one()
        )

    def _rows(self, wanted: str, limit: int, offset: int) -> list[int]:
        page = {"wanted": wanted, "limit": limit, "offset": offset}
        return list(self._connection.scalars(text(ROWS), page))


def list_all(connection: Connection, filters: Filters, size: int, after: int) -> list[int]:
    """Return rows of all entries that pass, by department and code."""
    page = select(listing.c.id).order_by(listing.c.department, listing.c.code)
    for word in filters.words():
        page = page.where(func.instr(" " + listing.c.facets + " ", f" {word} ") > 0)
    return list(connection.scalars(page.limit(size).offset(after)))


def row_number(name: str, entry: bytes) -> int:
    """Return the row an entry wants in the index: behind shorter names, else as its id falls.

    The same on every node, and whenever it was published. `name` is as indexed.
    """
    return len(name.split()) << _NUMBER_BITS | int.from_bytes(entry[-_NUMBER_BITS // 8 :])


def facet(kind: str, value: str) -> str:
    """Return the word that stands for an entry's property in the index, and for a filter."""
    # Of letters and digits only, so one word to the tokenizer and never syntax.
    return kind + "".join(runs(value))
