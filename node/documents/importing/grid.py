"""A filled table kept as a grid of text cells, to be mended cell by cell and read again.

What the readers found wrong with a cell stays with it until it is typed in anew: a grid read again
says what the file itself does. As bytes it is canonical in order and bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from node.errors import InvalidInput, MalformedTable

from .cells import CELL_LIMIT, COLUMNS_LIMIT, Note, Row, Sheet, cell_name, clean
from .tables import read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS_KEPT = 20_000
"""Rows of all sheets of a grid; larger tables are filed by the command line."""
BYTES_KEPT = 8 * 1024 * 1024
CELL_BYTES = 3
"""Of a cell beside its text, as JSON has it."""
_ROW = re.compile(r"[0-9]+")


@dataclass
class GridSheet:
    """One sheet: rows that hold something by their number, what is wrong, what is noted."""

    name: str
    rows: dict[int, list[str]]
    faults: dict[tuple[int, int], str]
    """By row from 1 and column from 0."""
    notes: list[Note]


@dataclass
class Grid:
    """A table's file, as it was read and mended since."""

    file: str
    """The name it came under."""
    sheets: list[GridSheet]

    def find(self, sheet: str) -> GridSheet | None:
        """Return the sheet of a name."""
        return next((each for each in self.sheets if each.name == sheet), None)

    def as_sheets(self) -> Iterator[Sheet]:
        """Give on the sheets as their file would have given them, notes with the rows they name."""
        for each in self.sheets:
            yield _as_sheet(each)

    def change(self, sheet: str, row: int, column: int, text: str) -> None:
        """Type a text into a cell; what was wrong with what stood there is forgotten.

        Raises:
            InvalidInput: there is no such sheet or place, or the text is too long.
        """
        found = self.find(sheet)
        last = max(found.rows, default=0) if found else 0
        if found is None or not 1 <= row <= last + 1 or not 0 <= column < COLUMNS_LIMIT:
            raise InvalidInput(f"表中没有这一格（{sheet} {row} 行 {column + 1} 列）/ no such cell")
        if len(text) > CELL_LIMIT:
            raise InvalidInput(f"一格最多 {CELL_LIMIT} 字 / the text is too long for a cell")
        text, fault = clean(text)
        cells = found.rows.setdefault(row, [])
        cells.extend("" for _ in range(len(cells), column + 1))
        cells[column] = text
        found.faults.pop((row, column), None)
        if fault:
            found.faults[row, column] = fault
        named = cell_name(row, column)
        found.notes = [note for note in found.notes if note.cell != named]
        found.rows = dict(sorted(found.rows.items()))

    def dump(self) -> bytes:
        """Return the grid as JSON.

        Raises:
            InvalidInput: it has grown too large to be kept.
        """
        data = orjson.dumps(
            {
                "file": self.file,
                "sheets": [
                    {
                        "name": each.name,
                        "rows": list(each.rows.items()),
                        "faults": [[*place, said] for place, said in each.faults.items()],
                        "notes": [[note.cell, note.value, note.message] for note in each.notes],
                    }
                    for each in self.sheets
                ],
            }
        )
        if len(data) > BYTES_KEPT:
            raise InvalidInput("这份表太大，不能在网页上办理 / the table is too large for a page")
        return data


def load_grid(members: dict[str, Any]) -> Grid:
    """Return the grid that `Grid.dump` wrote, its JSON read."""
    sheets = []
    for each in members["sheets"]:
        faults = {(row, column): said for row, column, said in each["faults"]}
        notes = [Note(each["name"], *note) for note in each["notes"]]
        sheets.append(GridSheet(each["name"], dict(each["rows"]), faults, notes))
    return Grid(members["file"], sheets)


def read_grid(path: Path, name: str, *, encoding: str | None = None) -> Grid:
    """Read the table at `path`, which came under `name`.

    Raises:
        MalformedTable: it is unreadable, or too large to be mended cell by cell.
    """
    sheets, count, size = [], 0, 0
    for sheet in read_sheets(path, encoding=encoding):
        rows: dict[int, list[str]] = {}
        faults: dict[tuple[int, int], str] = {}
        for row in sheet.rows:
            count += 1
            # As it is read: a text that a workbook of some kilobytes holds once may stand in a
            # million of its cells.
            size += sum(len(cell) + CELL_BYTES for cell in row.cells)
            if size > BYTES_KEPT:
                raise MalformedTable(
                    f"{name} 的内容太多，请用命令行 catalogue import 报送"
                    " / too much for a page: use the command line",
                    path=name,
                )
            if count > ROWS_KEPT:
                raise MalformedTable(
                    f"{name} 超过 {ROWS_KEPT} 行，请用命令行 catalogue import 报送"
                    " / too many rows for a page: use the command line",
                    path=name,
                )
            rows[row.number] = list(row.cells)
            faults |= {(row.number, column): said for column, said in row.faults.items()}
        sheets.append(GridSheet(sheet.name, rows, faults, list(sheet.notes)))
    return Grid(name, sheets)


def _as_sheet(each: GridSheet) -> Sheet:
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), said in each.faults.items():
        by_row.setdefault(row, {})[column] = said
    waiting = sorted(each.notes, key=_row_of)
    sheet = Sheet(each.name, iter(()))

    def rows() -> Iterator[Row]:
        numbers = sorted({*each.rows, *by_row})
        for number in numbers:
            while waiting and _row_of(waiting[0]) <= number:
                sheet.notes.append(waiting.pop(0))
            yield Row(number, list(each.rows.get(number, [])), by_row.get(number, {}))
        sheet.notes += waiting

    sheet.rows = rows()
    return sheet


def _row_of(note: Note) -> int:
    found = _ROW.search(note.cell)
    return int(found[0]) if found else 0
