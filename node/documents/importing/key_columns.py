"""Whether what an entry is known by will still be there in the next table.

An entry's code must come from something that stays: an identifier of its own. A row's number moves
with every row added above it, a count with every entry of its kind; either gives an entry the code
of another one, which the ledger then takes for its next version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .rules import Rule

ROW_NUMBERS = frozenset(
    {"序号", "序號", "行号", "行號", "项次", "項次", "顺序", "順序", "no", "no.", "#", "index"}
)
"""Headings of columns that number the rows, whatever is in them."""
ENOUGH = 3
"""Entries from which a pattern of numbers is believed."""
GROUPS_LIMIT = 10_000
INSTEAD = (
    "请改用不随增删变化的一列（目录编号、系统主键、网址里的编号等），"
    "没有这样的列就先在表里加一列固定的目录代码"
)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_COUNTED = re.compile(
    r"(.*\S)\s*[(（\[【]\s*([0-9]{1,9})\s*[个個项項条條件笔筆]?\s*[)）\]】]", re.ASCII
)
"""What is counted, and in brackets how many: 公共資訊 (921)."""


def is_row_number(heading: str) -> bool:
    """Tell whether a heading names the number of the row."""
    return heading.strip().lower() in ROW_NUMBERS


@dataclass
class Column:
    """The values of one column, entry by entry, as far as they tell whether it is a key."""

    heading: str
    entries: int = 0
    _start: int = 0
    _running: bool = True
    """Each value is the one before and one more."""
    _groups: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What is counted -> how many it says, and how many entries say so."""
    _counted: bool = True

    def see(self, row: int, text: str) -> None:
        """Take the value of the next entry, which begins at this row of the sheet."""
        value = int(text) if _NUMBER.fullmatch(text) else -1
        if not self.entries:
            self._start = value
            self._running = value in {0, 1, row}
        self._running = self._running and value == self._start + self.entries
        self.entries += 1
        found = _COUNTED.fullmatch(text) if self._counted else None
        if found is None:
            self._counted = False
            return
        counted, number = found.groups()
        known, seen = self._groups.get(counted, (number, 0))
        self._counted = known == number and len(self._groups) < GROUPS_LIMIT
        self._groups[counted] = (known, seen + 1)

    def fault(self) -> str:
        """Return why no code may be built from the column; "" if nothing speaks against it."""
        if self.entries < ENOUGH:
            return ""
        if self._running:
            last = self._start + self.entries - 1
            return f"「{self.heading}」只是行号（{self._start}、{self._start + 1} … {last}）"
        # A count stands behind the name of what it counts, and is never less than its entries.
        groups = self._groups.values()
        fewer = 2 * len(self._groups) <= self.entries
        if self._counted and fewer and all(int(number) >= seen for number, seen in groups):
            name, (number, seen) = next(iter(self._groups.items()))
            return (
                f"「{self.heading}」里的数字是个数（{name} {number} 个，本表 {seen} 行），不是编号"
            )
        return ""


class KeyWatch:
    """Watches the columns a mapping builds its codes from, while a table is read."""

    def __init__(self, code: Rule) -> None:
        """Watch the columns of this rule."""
        self._columns = [Column(heading) for heading in dict.fromkeys(code.headings)]

    def see(self, row: int, cells: Mapping[str, str]) -> None:
        """Take the first row of the next entry."""
        for column in self._columns:
            column.see(row, cells.get(column.heading, "").strip())

    def faults(self) -> list[str]:
        """Return why the codes will not last, a line a column, with what to do instead."""
        return said(column.fault() for column in self._columns)


def said(faults: Iterable[str]) -> list[str]:
    """Say faults of columns as faults of the code, with what to do instead."""
    return [
        f"目录代码不能取自{fault}：增删一行就会变成另一个目录的代码。{INSTEAD}"
        for fault in faults
        if fault
    ]
