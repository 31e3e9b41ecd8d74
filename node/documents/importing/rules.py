"""Rules that turn the cells of one row into one value: the grammar of a mapping file.

A rule is a table of a TOML file: `column` (heading) or `parts` joined by `join` (a part may also be
a fixed `text`), then `take` (a simple pattern, see `patterns`) or `pattern` (a regular expression
whose named groups, joined, or else group 1 is kept), `split` (one; a list results),
`record` (a regular expression with named groups; every piece becomes a table of them), `whole`
(the text is a number), `check` (the text is a number some standard has a check digit for),
`values` (what stands for what), `matches` (the first regular expression found decides),
`absent` (texts that mean nothing), `default`. A value that is absent and has no default is left
out of the body; whether that is allowed is for the document's own schema to say.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from node.errors import MalformedTable
from node.protocol.forms.codes import resident_number, unified_code

from .patterns import compile_regex, compile_simple, kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CHECKS = {"unified-code": unified_code, "resident-number": resident_number}
Value = str | bool | int | list[str] | list[dict[str, str]]


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


class Part(BaseModel):
    """One cell, what a pattern keeps of it, or a fixed text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = ""
    text: str = ""
    pattern: Keeping | None = None
    take: Simple | None = None

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
            said = f"与样式 {self.take} 不符" if self.take else f"不符合 {self.pattern}"
            raise refused(self.column, text, said)
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
    check: Literal["unified-code", "resident-number"] | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    matches: tuple[tuple[Pattern, str | list[str]], ...] = ()
    absent: tuple[str, ...] = ("无",)
    default: Value | None = None

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
        return (Part(column=self.column, pattern=self.pattern, take=self.take),)

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The headings this rule reads."""
        return tuple(part.column for part in self.sources if part.column)

    def read(self, cells: Mapping[str, str]) -> Value | None:
        """Read the field's value from one row; None when it is absent.

        Raises:
            MalformedTable: the cell holds what the rule does not know.
        """
        text = self._text(cells)
        if not text or text in self.absent:
            return self.default
        if self.split is not None:
            return self._pieces(text)
        if self.values or self.matches:
            known = self._known(text)
            return None if known == "" else known
        if self.check is not None:
            return self._checked(text)
        return self._number(text) if self.whole else _spaced(text)

    def _pieces(self, text: str) -> Value:
        pieces = [piece for raw in re.split(self.split or "", text) if (piece := _spaced(raw))]
        return pieces if self.record is None else [self._named(piece) for piece in pieces]

    def _known(self, text: str) -> Value:
        """Translate the text; an empty translation means that it says nothing."""
        if text in self.values:
            return self.values[text]
        for pattern, value in self.matches:
            if re.search(pattern, text):
                return value
        known = "、".join([*self.values, *(pattern for pattern, _ in self.matches)])
        raise refused(self.headings[0], text, f"只能填：{known}")

    def _named(self, piece: str) -> dict[str, str]:
        found = re.fullmatch(self.record or "", piece)
        if found is None:
            raise refused(self.headings[0], piece, f"不符合 {self.record}")
        return {name: text.strip() for name, text in found.groupdict(default="").items()}

    def _number(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
            raise refused(self.headings[0], text, "应为非负整数")
        return int(text)

    def _checked(self, text: str) -> str:
        try:
            return _CHECKS[self.check or ""](text)
        except ValueError as error:
            raise refused(self.headings[0], text, str(error)) from error

    def _text(self, cells: Mapping[str, str]) -> str:
        pieces = [part.read(cells, self.join) for part in self.sources]
        return self.join.join(pieces) if pieces and all(pieces) else ""
