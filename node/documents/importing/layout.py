"""What a sheet's layout does to its cells: merged ranges fill down, hidden places are named.

A merged range shows the cell at its top left only. Every row of the range gets it, in the range's
first column; whatever else the file keeps under the range is seen by nobody and is not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from node.errors import MalformedTable

from .cells import COLUMNS_LIMIT, Gathered, Row, cell_name, column_name, column_of, runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .cells import Sheet

PLACES_NAMED = 20
"""Runs of hidden rows that are said each."""
ACROSS = "{}横跨几列合并：内容只算在第一列，其余各列按空白读取"
COMMENTED = "{}有批注，批注里写的没有读取：要报送的请填进表里"
COVERED = "{}被合并单元格盖住，表里看不见，没有读取"
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")


class Range(NamedTuple):
    """A merged range: rows from 1, columns from 0, all inclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read `A4:B6`.

        Raises:
            ValueError: it is not a range.
        """
        found = _RANGE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} 不是区域 / not a range")
        left, top, right, bottom = found.groups()
        right, bottom = right or left, bottom or top
        first, last = sorted((column_of(left), column_of(right)))
        low, high = sorted((int(top), int(bottom)))
        return cls(low, first, high, last)

    @property
    def name(self) -> str:
        """As the spreadsheet writes it."""
        return f"{cell_name(self.top, self.left)}:{cell_name(self.bottom, self.right)}"


class Merged:
    """Fills merged ranges down while a sheet's rows pass in their order."""

    def __init__(self, sheet: Sheet, ranges: Iterable[Range]) -> None:
        self._across, self._covered = Gathered(sheet, ACROSS), Gathered(sheet, COVERED)
        self._waiting = sorted(set(ranges), reverse=True)
        self._open: list[tuple[Range, str, str]] = []
        """With the text and the fault of its top left cell."""

    def tell(self) -> None:
        """Say what was seen of ranges that are no mistake."""
        self._across.tell()
        self._covered.tell()

    def fill(self, row: Row) -> Row:
        """Return the row as it is seen; without cells when it has nothing of its own."""
        self._open = [each for each in self._open if each[0].bottom >= row.number]
        while self._waiting and self._waiting[-1].top <= row.number:
            self._begin(self._waiting.pop(), row)
        if not self._open:
            return row
        cells, faults = row.cells, dict(row.faults)
        for merged, text, _ in self._open:
            self._uncover(merged, text, row, faults)
        starting = any(merged.top == row.number for merged, _, _ in self._open)
        if not starting and not any(cells) and not faults:
            return Row(row.number, [], {})
        for merged, text, fault in self._open:
            if text or fault:
                cells.extend([""] * (merged.left + 1 - len(cells)))
                cells[merged.left] = text
            if fault:
                faults[merged.left] = fault
        return Row(row.number, cells, faults)

    def _begin(self, merged: Range, row: Row) -> None:
        """Take what a range shows: nothing when its first row is not there."""
        if merged.bottom < row.number:
            return
        text = fault = ""
        if merged.top == row.number and merged.left < len(row.cells):
            text, fault = row.cells[merged.left], row.faults.get(merged.left, "")
        self._open.append((merged, text, fault))
        if len(self._open) > COLUMNS_LIMIT:
            # More ranges in one row than it may have columns lie over each other.
            raise MalformedTable(f"第 {row.number} 行的合并单元格太多 / too many merged ranges")
        if text and merged.right > merged.left:
            self._across.add(merged.top, merged.name, text)

    def _uncover(self, merged: Range, text: str, row: Row, faults: dict[int, str]) -> None:
        """Take out of a row what lies unseen under a range."""
        for column in range(merged.left, min(merged.right + 1, len(row.cells))):
            covered = row.cells[column]
            if covered and (column, row.number) != (merged.left, merged.top) and covered != text:
                self._covered.add(row.number, cell_name(row.number, column), covered)
            row.cells[column] = ""
            faults.pop(column, None)


def told_across(sheet: Sheet) -> list[Range]:
    """Return the ranges over several columns that were met so far and said each."""
    said = ACROSS.format("这一格")
    return [Range.parse(note.cell) for note in sheet.notes if note.message == said]


def tell_hidden(sheet: Sheet, *, whole: bool, rows: Sequence[int], columns: Sequence[int]) -> None:
    """Note what is read though it is not seen."""
    if whole:
        sheet.note(
            "",
            "",
            f"工作表「{sheet.name}」是隐藏的，其中的内容也读取了：请取消隐藏后核对，不要的请删除",
        )
    named = [
        (f"{low}:{high}", f"第 {low} 行" if low == high else f"第 {low} 至 {high} 行")
        for low, high in runs(rows)
    ]
    if len(named) > PLACES_NAMED:
        place, said = named[PLACES_NAMED - 1]
        named[PLACES_NAMED - 1 :] = [(place, f"{said}等共 {len(rows)} 行")]
    for place, said in named:
        message = f"{said}被隐藏或被筛选掉，其中的内容也读取了：请取消隐藏后核对，不要的请删除"
        sheet.note(place, "", message)
    for first, last in runs(columns):
        names = column_name(first), column_name(last)
        said = f"{names[0]} 列" if first == last else f"{names[0]} 至 {names[1]} 列"
        sheet.note(
            f"{names[0]}:{names[1]}",
            "",
            f"{said}被隐藏，其中的内容也读取了：请取消隐藏后核对，不要的请清空",
        )
