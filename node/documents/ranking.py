"""What a catalogue query asks the full-text index, and how near misses are ranked.

Pure: text in, FTS5 expressions and scores out. Every word is quoted and holds no quote, so nothing
that was typed is ever syntax.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .folding import (
    ABSTRACT,
    BEGINNING,
    BEGUN,
    NAME,
    OTHER,
    called,
    is_unspaced,
    pairs,
    runs,
    words,
)

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
_MARKS = {"name": NAME, "abstract": ABSTRACT, "items": OTHER, "provider": OTHER, "code": OTHER}
_BY_WORTH = sorted(WORTH, key=lambda name: -WORTH[name])
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
        name, summary, other = (
            [_standing(mark, run) for run in self.runs] for mark in (NAME, ABSTRACT, OTHER)
        )
        whole = [word for run in self.runs[:-1] for word in words(run)] + pairs(self.runs[-1])
        return [
            f'"{called(self.runs)}"',
            # Of a single run it is the next.
            *([_phrase(NAME, whole)] if len(self.runs) > 1 else []),
            " AND ".join(name),
            " AND ".join(f"({' OR '.join(each)})" for each in zip(name, summary, strict=True)),
            " AND ".join(
                f"({' OR '.join(each)})" for each in zip(name, summary, other, strict=True)
            ),
        ]

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
    """Return the expression of what holds a word."""
    return " OR ".join(_phrase(mark, [gram]) for mark in (NAME, ABSTRACT, OTHER))


def score(columns: Mapping[str, str], weights: Mapping[str, float]) -> tuple[float, float]:
    """Return how near an entry's indexed columns come to a query, and the share of it they hold."""
    near = held = 0.0
    said = 0
    for gram, weight in weights.items():
        # A mark stands at the beginning of words only, so what follows it is one.
        for name in _BY_WORTH:
            if f"{_MARKS[name]}{gram}" in columns[name]:
                near += weight * WORTH[name]
                held += weight
                said += name == "name"
                break
    return near + CLOSENESS * said / (columns["name"].count(" ") + 1), held


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


def _standing(mark: str, run: str) -> str:
    """Return the expression of what holds a run as it stands, or begins with it as a word."""
    if len(run) > 1 and is_unspaced(run):
        return _phrase(mark, pairs(run))
    if len(run) == 1:
        return f'"{mark}{run}"*'
    begun = f'"{BEGUN[mark]}{run[:BEGINNING]}"'
    return begun if len(run) <= BEGINNING else f'({begun} AND "{mark}{run}"*)'


def _phrase(mark: str, found: list[str]) -> str:
    return f'"{" ".join([mark + word for word in found])}"'
