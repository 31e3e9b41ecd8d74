"""What is wrong with a filled table, or worth a look, said to the one who filled it."""

from __future__ import annotations

from dataclasses import dataclass

AUTHOR = "ShareLedger"
"""Of the comments in a marked copy of a table."""
MARKS = "填报问题"
"""Heading of the column in which a marked copy of a table says what is wrong with each row."""
HELP, HELP_TITLE = "填写说明", "填写说明（这一页不报送，可以删去）"
"""The template's own explanation sheet: its name and its first cell."""
VALUE_SHOWN = 60
VALUE_KEPT = 1_000
"""Characters of a cell that are repeated to whoever filled it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One cell, row, heading or sheet that cannot be filed, or a warning about it."""

    sheet: str
    """Empty for CSV."""
    row: int
    """As the spreadsheet counts, from 1; 0 when the whole sheet is meant."""
    column: str
    """The heading as the mapping has it; empty when no one column is meant."""
    cell: str
    """`B7`, `7:7` for a row, empty for the sheet."""
    value: str
    message: str
    """In Chinese, for the one who filled the table: what it is and what to write instead."""

    def said(self) -> dict[str, str]:
        """Return what a program is told; the heading stands before the message."""
        return {
            "sheet": self.sheet,
            "cell": self.cell,
            "value": self.value[:VALUE_KEPT],
            "message": f"「{self.column}」{self.message}" if self.column else self.message,
        }

    def render(self) -> str:
        """Say it on one line."""
        named = self.sheet and not self.message.startswith("工作表")
        sheet = f"工作表「{self.sheet}」" if named else ""
        cell = f"第 {self.row} 行" if ":" in self.cell or not self.cell else self.cell
        place = sheet + (cell if self.row else "") + (f"「{self.column}」" if self.column else "")
        value = self.value.replace("\n", "⏎")
        shown = value if len(value) <= VALUE_SHOWN else value[:VALUE_SHOWN] + "…"
        said = f"{self.message}" + (f"（填的是「{shown}」）" if shown else "")
        return f"{place}：{said}" if place else said
