"""Rules that turn the cells of one row into one value: the grammar of a mapping file.

A rule is a table of a TOML file: `column` (heading) or `parts` joined by `join` (a part may also be
a fixed `text`), then `take` (a simple pattern, see `patterns`) or `pattern` (a regular expression
whose named groups, joined, or else group 1 is kept), `split` (one; a list results, and brackets
are not split inside), `record` (a regular expression with named groups; every piece becomes a
table of them), `whole` (a number), `date` (a day), `flag` (yes or no), `fold` (full-width
characters of a code become half-width ones), `check` (a number some standard has a check digit
for), `values` (what stands for what; after `split` for every piece), `matches` (the first regular
expression found decides), `absent` (texts that mean nothing), `default`, `hint` (what to write, in
Chinese: said where a text does not fit, since nobody is shown a pattern). A value that is absent
and has no default is left out of the body; whether that is allowed is for the document's own
schema to say.
"""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from node.errors import MalformedTable
from node.protocol.forms.codes import resident_number, unified_code

from .cell_values import folded, read_day, read_flag, read_whole
from .patterns import compile_regex, compile_simple, kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CHECKS: dict[str, Callable[[str], str]] = {
    "unified-code": lambda text: unified_code(text.upper()),
    "resident-number": lambda text: resident_number(text.upper()),
}
Value = str | bool | int | list[str] | list[dict[str, str]]
NOTHING = ("无", "/", "／", "\\", "-", "－", "--", "—", "——")
"""What officials write into a cell that has nothing to say."""
UNREADABLE = "与映射文件里写的样式不符，请照这一列其他各行的写法改"
_BREAK = re.compile(r"\s*\n\s*")
"""A line that ends inside of a piece, which cannot be split there."""
_OPENING = "（([【《「『"
_BRACKET = re.compile(r"[（(\[【《「『）)\]】》」』]")
KNOWN_TEXTS, KNOWN_LENGTH = 512, 64
"""Cells whose value a rule remembers: the words of a column come again in every row."""
PIECE_LIMIT = 1_000
"""Characters of one piece of a list that is a record; what is longer is none."""


def _compiles(pattern: str) -> str:
    compile_regex(pattern)
    return pattern


def _keeps(pattern: str) -> str:
    compile_regex(pattern, keeps=True)
    return pattern


def _simple(pattern: str) -> str:
    compile_simple(pattern)
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
Keeping = Annotated[str, AfterValidator(_keeps)]
Simple = Annotated[str, AfterValidator(_simple)]


def refused(heading: str, value: str, reason: str) -> MalformedTable:
    """Make the error of a cell that holds what its rule does not know."""
    return MalformedTable(reason, heading=heading, value=value)


def _spaced(text: str) -> str:
    """Return a text without tabs, which no document holds; a rule may have split at them before."""
    return text.replace("\t", " ").strip()


def _key(text: str) -> str:
    """Return what two spellings of one word have in common."""
    return "".join(folded(text).casefold().split())


def split_outside_brackets(pattern: str, text: str) -> list[str]:
    """Split a text where a pattern matches, but not between a bracket and the one that closes it.

    Where brackets do not pair up, what stands inside cannot be told: there it is split everywhere.
    """
    depths = [0] * (len(text) + 2)
    opened: list[int] = []
    for bracket in _BRACKET.finditer(text):
        if bracket.group() in _OPENING:
            opened.append(bracket.start())
        elif opened:
            depths[opened.pop()] += 1
            depths[bracket.end()] -= 1
    inside = list(accumulate(depths))
    pieces, start = [], 0
    for cut in re.finditer(pattern, text):
        if not inside[cut.start()] and cut.end() > cut.start():
            pieces.append(text[start : cut.start()])
            start = cut.end()
    return [*pieces, text[start:]]


class Part(BaseModel):
    """One cell, what a pattern keeps of it, or a fixed text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = ""
    text: str = ""
    pattern: Keeping | None = None
    take: Simple | None = None
    hint: str = UNREADABLE

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if bool(self.column) == bool(self.text):
            raise ValueError("要写 column（表头）或 text（固定的文字），二者取一")
        if self.pattern is not None and self.take is not None:
            raise ValueError("take 和 pattern 只能写一个")
        return self

    def read(self, cells: Mapping[str, str], join: str = "/") -> str:
        """Take the cell; refuse it when the pattern does not match."""
        if self.text:
            return self.text
        text = cells.get(self.column, "").strip()
        if not text or self._compiled is None:
            return text
        found = self._compiled(text)
        if found is None:
            raise refused(self.column, text, self.hint)
        return kept(found, join)

    @cached_property
    def _compiled(self) -> Callable[[str], re.Match[str] | None] | None:
        if self.take is not None:
            return compile_simple(self.take).fullmatch
        return None if self.pattern is None else compile_regex(self.pattern).search


class Rule(BaseModel):
    """How one field of the body is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = ""
    parts: tuple[Part, ...] = ()
    join: str = "/"
    pattern: Keeping | None = None
    take: Simple | None = None
    split: Pattern | None = None
    record: Pattern | None = None
    whole: bool = False
    date: bool = False
    flag: bool = False
    fold: bool = False
    check: Literal["unified-code", "resident-number"] | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    matches: tuple[tuple[Pattern, str | list[str]], ...] = ()
    absent: tuple[str, ...] = NOTHING
    default: Value | None = None
    hint: str = UNREADABLE

    @model_validator(mode="after")
    def _names_a_source(self) -> Self:
        if not self.column and not self.parts and self.default is None:
            raise ValueError("要写从哪里取值：column（表头）、parts（几段）或 default（默认值）")
        if self.column and self.parts:
            raise ValueError("column 和 parts 只能写一个")
        if self.pattern is not None and self.take is not None:
            raise ValueError("take 和 pattern 只能写一个")
        return self

    @cached_property
    def sources(self) -> tuple[Part, ...]:
        """The parts a text is made of, in order."""
        if not self.column:
            return self.parts
        return (Part(column=self.column, pattern=self.pattern, take=self.take, hint=self.hint),)

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The headings this rule reads."""
        return tuple(part.column for part in self.sources if part.column)

    def read(self, cells: Mapping[str, str]) -> Value | None:
        """Read the field's value from one row; None when it is absent.

        Raises:
            MalformedTable: the cell holds what the rule does not know.
        """
        if not self.column:
            return self._value(self._text(cells))
        text = cells.get(self.column, "")
        try:
            value = self._seen[text]
        except KeyError:
            value = self._value(self._text(cells))
            if len(text) <= KNOWN_LENGTH:
                if len(self._seen) >= KNOWN_TEXTS:
                    self._seen.clear()
                self._seen[text] = value
        if isinstance(value, list):  # whoever is given it may change it
            return deepcopy(value)
        return value

    @cached_property
    def _seen(self) -> dict[str, Value | None]:
        return {}

    def _value(self, text: str) -> Value | None:
        if not text or (text in self.absent and not (self.flag and text == "无")):
            return self.default
        if self.split is not None:
            return self._pieces(text)
        if self.values or self.matches:
            known = self._known(text)
            return None if known == "" else known
        return self._plain(text)

    def _plain(self, text: str) -> Value:
        if self.fold or self.check:
            text = folded(text)
        try:
            return self._reader(text)
        except ValueError as error:
            raise refused(self.headings[0], text, str(error)) from error

    @property
    def _reader(self) -> Callable[[str], Value]:
        if self.check is not None:
            return _CHECKS[self.check]
        if self.flag:
            return read_flag
        if self.date:
            return read_day
        return read_whole if self.whole else _spaced

    def _pieces(self, text: str) -> Value:
        raw = split_outside_brackets(self.split or "", text)
        pieces = [piece for each in raw if (piece := _spaced(_BREAK.sub("", each.strip())))]
        if self.record is not None:
            return [self._named(piece) for piece in pieces]
        if not self.values:
            return pieces
        known: dict[str, None] = {}
        for piece in pieces:
            value = self._known(piece)
            known.update(dict.fromkeys(value if isinstance(value, list) else [str(value)]))  # type: ignore[arg-type] # a list of texts, as the mapping has it
        return list(known)

    @cached_property
    def _words(self) -> dict[str, Value]:
        return {_key(word): value for word, value in self.values.items()}

    def _known(self, text: str) -> Value:
        """Translate the text; an empty translation means that it says nothing."""
        if (key := _key(text)) in self._words:
            return self._words[key]
        for pattern, value in self.matches:
            if re.search(pattern, text):
                return value
        if self.values and self.hint == UNREADABLE:
            raise refused(self.headings[0], text, f"只能填：{'、'.join(self.values)}")
        raise refused(self.headings[0], text, self.hint)

    def _named(self, piece: str) -> dict[str, str]:
        found = re.fullmatch(self.record or "", piece) if len(piece) <= PIECE_LIMIT else None
        if found is None:
            raise refused(self.headings[0], piece, self.hint)
        named = {name: text.strip() for name, text in found.groupdict(default="").items()}
        if self.fold and "code" in named:
            named["code"] = folded(named["code"])  # a name stays as it is seen
        return named

    def _text(self, cells: Mapping[str, str]) -> str:
        pieces = [part.read(cells, self.join) for part in self.sources]
        return self.join.join(pieces) if pieces and all(pieces) else ""
