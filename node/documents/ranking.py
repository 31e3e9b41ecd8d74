"""What a catalogue query asks the full-text index, and how near misses are ranked.

Pure: text in, FTS5 expressions and scores out. Every word is quoted and holds no quote, so nothing
that was typed is ever syntax.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .folding import END, is_unspaced, pairs, runs, words

if TYPE_CHECKING:
    from collections.abc import Mapping

NEAR_CHARACTERS = 64
"""How much of a long query is looked for by its words."""
NEAREST = 0.3
"""Least share of a query's weight that a near miss holds…"""
NEAREST_TO_BEST = 0.35
"""…and least share of the best hit's score that it reaches."""
WORTH = {"name": 1.0, "abstract": 0.5, "items": 0.25, "provider": 0.3, "code": 0.3}
"""What a word counts for by the column it stands in: name before summary before items."""
CLOSENESS = 0.2
"""What it counts for that the name says nothing else."""
_ACROSS = 1.1
"""A pair that fewer entries hold than both its neighbours, by this factor, spans two words."""
_PARTICLES = frozenset("与及和的之或在等为于")


@dataclass(frozen=True)
class Query:
    """The folded runs somebody typed; falsy where there is no word among them."""

    runs: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> Query:
        """Fold what was typed."""
        return cls(tuple(runs(typed)))

    def __bool__(self) -> bool:
        return bool(self.runs)

    def levels(self) -> list[str]:
        """Return the expressions of what holds every word, the best first, each with those before.

        Called so; with the query as it stands in its name; with all words in its name; in name or
        summary; anywhere.
        """
        before = [word for run in self.runs[:-1] for word in words(run)]
        last = self.runs[-1]
        called = _phrase([*before, *words(last), END])
        named = _phrase([*before, *pairs(last)], begun=_begins(last))
        every = " AND ".join(_phrase(pairs(run), begun=_begins(run)) for run in self.runs)
        wider = ("name", "name abstract", " ".join(WORTH))
        levels = [f"name : ^ {called}", f"name : {named}"]
        return levels + [f"{{{columns}}} : ({every})" for columns in wider]

    @cached_property
    def near(self) -> list[list[str]]:
        """The pairs of each run, of as much of the query as is looked for by its words."""
        left, found = NEAR_CHARACTERS, []
        for run in self.runs:
            if left > 0:
                found.append(pairs(run[:left]))
                left -= len(run)
        return found

    def weights(self, counts: Mapping[str, int], entries: int) -> dict[str, float]:
        """Weigh the query's words by how few of all entries hold each; together 1.

        Chinese parts no words, so the catalogue itself has to: a pair rarer than both neighbours
        spans two words and weighs nothing, like one with a particle in it. The pairs between two
        such make one word, whose weight they share.
        """
        found: dict[str, float] = {}
        for grams in self.near:
            for word in _parted(grams, counts):
                for gram in word:
                    if counts[gram]:
                        rarity = math.log(1 + entries / counts[gram]) / math.sqrt(len(word))
                        found[gram] = found.get(gram, 0.0) + rarity
        total = sum(found.values())
        return {gram: weight / total for gram, weight in found.items()}


def holding(gram: str) -> str:
    """Return the expression of what holds a word; no word is written like a facet."""
    return _phrase([gram])


def score(columns: Mapping[str, str], weights: Mapping[str, float]) -> tuple[float, float]:
    """Return how near an entry's indexed columns come to a query, and the share of it they hold."""
    near = held = 0.0
    for gram, weight in weights.items():
        worth = _worth(gram, columns)
        near += weight * worth
        held += weight if worth else 0.0
    name = columns["name"].split()
    said = sum(1 for gram in weights if gram in name)
    return near + CLOSENESS * said / len(name), held


def _parted(grams: list[str], counts: Mapping[str, int]) -> list[list[str]]:
    """Part the pairs of a run into those of each word, without those that span two."""
    parts: list[list[str]] = [[]]
    for place, gram in enumerate(grams):
        neighbours = grams[place - 1 : place + 2] if place else []
        rarer = len(neighbours) == 3 and all(  # noqa: PLR2004 - itself between two
            counts[gram] * _ACROSS < counts[each] for each in (neighbours[0], neighbours[2])
        )
        if rarer or (len(grams) > 1 and _PARTICLES.intersection(gram)):
            parts.append([])
        else:
            parts[-1].append(gram)
    return parts


def _worth(gram: str, columns: Mapping[str, str]) -> float:
    # The columns are words with spaces between: a pair cannot straddle two, other words could.
    wanted = f" {gram}" if len(gram) == 1 or not is_unspaced(gram) else gram
    return max((WORTH[name] for name in WORTH if wanted in f" {columns[name]}"), default=0.0)


def _begins(run: str) -> bool:
    return len(run) == 1 or not is_unspaced(run)


def _phrase(found: list[str], *, begun: bool = False) -> str:
    return f'"{" ".join(found)}"{"*" if begun else ""}'
