"""What is wrong with a filled table, said so that the one who filled it can mend it."""

from __future__ import annotations

from dataclasses import dataclass

VALUE_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One cell (or row) that cannot be filed, and why."""

    row: int
    """As the spreadsheet counts, from 1."""
    column: str
    """The heading as it stands in the file; empty when the whole row is meant."""
    value: str
    reason: str
    """In Chinese, for the one who filled the table."""

    def render(self) -> str:
        """Say it on one line."""
        place = f"第 {self.row} 行" + (f"「{self.column}」" if self.column else "")
        shown = self.value if len(self.value) <= VALUE_SHOWN else self.value[:VALUE_SHOWN] + "…"
        return f"{place}：{self.reason}" + (f"（填的是「{shown}」）" if shown else "")
