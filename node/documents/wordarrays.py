"""The catalogue's index on PostgreSQL: what an expression of `ranking` means for arrays of words.

PostgreSQL has no index that knows phrases of any length in columns of any length (a `tsvector`
keeps 256 places a word), and its extensions are not on every server. So each row has the array of
its words under GIN, which leads to the rows that hold every word an expression cannot do without;
their text tells whether the words stand one behind another. GIN is quick with one array and slow
with several of which any will do: a word stands in the array also as one of name or summary, and
as one of any column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from .folding import ABSTRACT, ANYWHERE, BEGUN, EITHER, NAME, OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PREFIX = 2
"""Characters of the beginnings that are words as well: a mark and one more."""
STANDING = {NAME: ("name",), ABSTRACT: ("abstract",), OTHER: ("items", "provider", "code")}
"""The columns in which the words of a mark stand."""
_KEY_CHARACTERS = 400
"""Of a word that GIN takes, 2.7 kB at most; a longer one is known by its beginning."""
_LESS = {NAME: EITHER, ABSTRACT: EITHER, OTHER: ANYWHERE, EITHER: ANYWHERE}
_LESS |= {BEGUN[mark]: BEGUN[less] for mark, less in _LESS.items()}
"""By a mark, the one that says less."""
_ALIKE = [{NAME, ABSTRACT}, {NAME, ABSTRACT, OTHER}]
_ALIKE += [{BEGUN[mark] for mark in marks} for marks in _ALIKE]
"""Marks of which any will do, where that is a word of its own."""
_TOKEN = re.compile(r'"(?P<words>[^"]*)"(?P<begun>\*)?|(?P<sign>[()]|AND|OR|NOT)|\s+')
_STRENGTH = {"OR": 1, "AND": 2, "NOT": 3}


Sign: TypeAlias = Literal["AND", "OR", "NOT"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one behind another; `begun`: the last begins so."""

    said: str
    begun: bool

    @property
    def keys(self) -> list[str]:
        """The words of the array that a row with this phrase holds."""
        words = self.said.split(" ")
        if self.begun:
            last = words.pop()
            words += [f"{last}*"] if len(last) == PREFIX else []
        return [word[:_KEY_CHARACTERS] for word in words]

    @property
    def is_one(self) -> bool:
        """Whether its only key says it all."""
        return len(self.keys) == 1 and " " not in self.said and len(self.said) <= _KEY_CHARACTERS


@dataclass(frozen=True, slots=True)
class Joined:
    """Two expressions, joined as FTS5 joins them: NOT is the first without the second."""

    by: Sign
    one: Expression
    other: Expression


Expression: TypeAlias = "Phrase | Joined"


def words(columns: Iterable[str]) -> list[str]:
    """Return the array of a row: the words of its columns, what they begin with, and less said."""
    said = {word[:_KEY_CHARACTERS] for each in columns for word in each.split(" ")} - {""}
    said |= {f"{word[:PREFIX]}*" for word in said if word[0] in STANDING}
    return [*said.union(*map(_less, said))]


def parse(expression: str) -> Expression:
    """Read an expression of `ranking`: phrases in quotes, AND, OR, NOT and brackets."""
    found: list[Expression] = []
    open_signs: list[str] = []

    def join(least: int) -> None:
        while open_signs and _STRENGTH.get(open_signs[-1], 0) >= least:
            other, one = found.pop(), found.pop()
            found.append(Joined(cast("Sign", open_signs.pop()), one, other))

    for token in _TOKEN.finditer(expression):
        sign = token["sign"]
        if token["words"] is not None:
            found.append(Phrase(token["words"], token["begun"] is not None))
        elif sign == "(":
            open_signs.append(sign)
        elif sign == ")":
            join(1)
            open_signs.pop()
        elif sign is not None:
            join(_STRENGTH[sign])
            open_signs.append(sign)
    join(1)
    [whole] = found
    return whole


def keys(expression: Expression) -> list[str]:
    """Return the words that a row must hold, whatever else it holds; maybe none."""
    needed = _needed(expression)
    # What follows from another of them only costs time.
    return sorted(needed.difference(*map(_less, needed)))


def is_told_by_keys(expression: Expression) -> bool:
    """Tell whether a row that holds all `keys` holds the expression."""
    if isinstance(expression, Phrase):
        return expression.is_one
    if expression.by == "AND":
        return is_told_by_keys(expression.one) and is_told_by_keys(expression.other)
    several = _alternatives(expression)
    one = several[0] if several else None
    if expression.by == "NOT" or not isinstance(one, Phrase) or not one.is_one:
        return False
    marks = {each.said[0] for each in several}
    same = {Phrase(f"{mark}{one.said[1:]}", one.begun) for mark in marks}
    return marks in _ALIKE and {*several} == same


def sql(expression: Expression, bind: Callable[[object], str]) -> str:
    """Return the condition on a row's text; `bind` takes a value and returns its place in SQL."""
    if isinstance(expression, Phrase):
        columns = STANDING.get(expression.said[0])
        if columns is None:  # it stands for something else than itself
            return f"words @> CAST({bind(expression.keys)} AS text[])"
        # The words parted by spaces, and a space behind: no word is found inside a longer one.
        place = bind(expression.said if expression.begun else f"{expression.said} ")
        each = [f"strpos({name} || ' ', {place}) > 0" for name in columns]
        return f"({' OR '.join(each)})"
    one, other = sql(expression.one, bind), sql(expression.other, bind)
    return f"({one} {'AND NOT' if expression.by == 'NOT' else expression.by} {other})"


def _alternatives(expression: Expression) -> list[Phrase]:
    """Return the phrases of which any will do, or nothing where there is more than phrases."""
    if isinstance(expression, Phrase):
        return [expression]
    some = _alternatives(expression.one), _alternatives(expression.other)
    return some[0] + some[1] if expression.by == "OR" and all(some) else []


def _needed(expression: Expression) -> set[str]:
    if isinstance(expression, Phrase):
        return {*expression.keys}.union(*map(_less, expression.keys))
    one = _needed(expression.one)
    if expression.by == "NOT":
        return one
    other = _needed(expression.other)
    return one | other if expression.by == "AND" else one & other


def _less(key: str) -> set[str]:
    """Return the words that stand in every array with this one."""
    found = set()
    while mark := _LESS.get(key[0]):
        key = f"{mark}{key[1:]}"
        found.add(key)
    return found
