"""Rules that turn the cells of one row into one value: the grammar of a mapping file.

A rule is a table of a TOML file: `column` (heading) or `parts` joined by `join`, then `pattern`
(a regular expression whose group 1 is kept), `split` (a regular expression; a list results),
`record` (a regular expression with named groups; every piece becomes a table of them), `whole`
(the text is a number), `check` (the text is a number some standard has a check digit for),
`values` (what stands for what), `matches` (the first regular expression found decides),
`absent` (texts that mean nothing), `default`. A value that is absent and has no default is left
out of the body; whether that is allowed is for the document's own schema to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from node.errors import MalformedTable
from node.protocol.forms.codes import resident_number, unified_code

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHECKS = {"unified-code": unified_code, "resident-number": resident_number}
Value = str | bool | int | list[str] | list[dict[str, str]]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"不是正则表达式 / not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


def refused(heading: str, value: str, reason: str) -> MalformedTable:
    """Make the error of a cell that holds what its rule does not know."""
    return MalformedTable(reason, heading=heading, value=value)


class Part(BaseModel):
    """One cell, or what a pattern keeps of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    pattern: Pattern | None = None

    def read(self, cells: Mapping[str, str]) -> str:
        """Take the cell; refuse it when the pattern does not match."""
        text = cells.get(self.column, "").strip()
        if self.pattern is None or not text:
            return text
        found = re.search(self.pattern, text)
        if found is None:
            raise refused(self.column, text, f"不符合 {self.pattern}")
        return found.group(1).strip()


class Rule(BaseModel):
    """How one field of the body is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = ""
    parts: tuple[Part, ...] = ()
    join: str = "/"
    pattern: Pattern | None = None
    split: Pattern | None = None
    record: Pattern | None = None
    whole: bool = False
    check: Literal["unified-code", "resident-number"] | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    matches: tuple[tuple[Pattern, str | list[str]], ...] = ()
    absent: tuple[str, ...] = ("无",)
    default: Value | None = None

    @model_validator(mode="after")
    def _names_a_source(self) -> Rule:
        if not self.column and not self.parts and self.default is None:
            raise ValueError("规则要有 column、parts 或 default / a rule needs a source")
        return self

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings this rule reads."""
        return (self.column,) if self.column else tuple(part.column for part in self.parts)

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
        return self._number(text) if self.whole else text

    def _pieces(self, text: str) -> Value:
        pieces = [piece for raw in re.split(self.split or "", text) if (piece := raw.strip())]
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
        if self.column:
            return Part(column=self.column, pattern=self.pattern).read(cells)
        pieces = [part.read(cells) for part in self.parts]
        return self.join.join(pieces) if pieces and all(pieces) else ""
