"""A copy of a filled table with what is wrong in it said beside each bad cell.

A bad cell is coloured and has a comment; its row says all of it once more in a column 填报问题. An
`.xlsx` workbook keeps its looks as far as openpyxl does, marks of an earlier copy are taken away;
of any other kind, and of a large one, a plain workbook is made of what was read.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple
from warnings import catch_warnings
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - zlib's own name says nothing

from openpyxl import Workbook, load_workbook
from openpyxl.cell import MergedCell, WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from node.errors import AlreadyExists, InvalidInput
from node.protocol.wire.characters import visible

from .cells import column_of
from .complaints import AUTHOR, MARKS
from .spreadsheetxml import escaped
from .tables import read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from .cells import Sheet
    from .complaints import Problem

WARNING = "请核对："
COLUMN_WIDTH = 60
KEPT_LIMIT_BYTES = 32 * 1024 * 1024
"""Unpacked; openpyxl holds fifty times as much to keep a workbook's looks."""
COMMENTS_LIMIT = 10_000
"""Cells with a comment; the column beside the rows has no limit."""
TELLING = 200
"""Problems looked at to find the row of headings."""
_WRONG = PatternFill("solid", fgColor="FFFFC7CE")
_DOUBTFUL = PatternFill("solid", fgColor="FFFFEB9C")
_NAME = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_TEXTS = re.compile(r"sharedStrings\.xml$", re.IGNORECASE)
_ROW = re.compile(r"[0-9]{1,7}")


class _Said(NamedTuple):
    """One thing that is said of a place: rows from 1, columns from 0, row 0 for the sheet."""

    row: int
    column: int | None
    heading: str
    text: str
    doubt: bool


def mark_workbook(
    path: Path,
    problems: Iterable[Problem],
    output: Path,
    *,
    warnings: Iterable[Problem] = (),
    encoding: str | None = None,
) -> None:
    """Write a copy of the table at `path` to `output`, an `.xlsx` file, with everything said in it.

    Raises:
        AlreadyExists: there is such a file.
        InvalidInput: it is to be of another kind, or cannot be written.
        MalformedTable: the table cannot be read.
    """
    if output.suffix.lower() != ".xlsx":
        raise InvalidInput(f"{output} 应以 .xlsx 结尾 / must end in .xlsx", path=str(output))
    if output.exists():
        raise AlreadyExists(f"{output} 已存在 / exists", path=str(output))
    said = _by_sheet(problems, warnings)
    book = _kept(path, said) or _plain(path, said, encoding)
    unseen = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        book.save(unseen)
        unseen.rename(output)  # whole or not at all
    except OSError as error:
        raise InvalidInput(f"{output} 写不出：{error} / cannot be written") from error
    finally:
        unseen.unlink(missing_ok=True)


def _by_sheet(problems: Iterable[Problem], warnings: Iterable[Problem]) -> dict[str, list[_Said]]:
    said: dict[str, list[_Said]] = {}
    for doubt, listed in enumerate((problems, warnings)):
        for each in listed:
            row, column = each.row, None
            if found := _NAME.match(each.cell):
                row, column = int(found[2]), column_of(found[1])
            elif found := _ROW.match(each.cell):
                row = int(found[0])
            text = visible((WARNING if doubt else "") + each.said()["message"], lines=True)
            said.setdefault(each.sheet, []).append(
                _Said(row, column, each.column, text, bool(doubt))
            )
    return said


def _kept(path: Path, said: dict[str, list[_Said]]) -> Workbook | None:
    """Mark the workbook itself; None where it is not of the kind, or too large."""
    try:
        with ZipFile(path) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > KEPT_LIMIT_BYTES:
                return None
            # openpyxl decodes this escape and no other, so that what it writes is another text.
            if any(
                b"_x005F_" in packed.read(part) for part in parts if _TEXTS.search(part.filename)
            ):
                return None
        with catch_warnings(action="ignore"):  # of what it cannot keep: lists of other sheets
            book = load_workbook(path, rich_text=True)
    except (
        *(BadZipFile, ZlibError, EOFError, OSError, SyntaxError, RuntimeError),
        *(LookupError, ValueError, TypeError, AttributeError),
    ):
        # Not a workbook of this kind, or one openpyxl does not know its way about: what our own
        # reader makes of it is marked instead.
        return None
    for sheet in book.worksheets:
        _mark(sheet, said.get(sheet.title, []))
    return book


def _mark(sheet: Worksheet, said: Sequence[_Said]) -> None:
    top, column = _clear(sheet)
    if not said:
        return
    rows = range(1, sheet.max_row + 1)
    top = top or next((row for row in rows if _is_above(sheet, row, said)), 1)
    column = column or sheet.max_column + 1
    for row, text in _by_row(said, top).items():
        beside = _anchor(sheet, row, column)
        beside.value, beside.data_type = text, "s"
        beside.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.cell(top, column).font = Font(bold=True)
    sheet.column_dimensions[get_column_letter(column)].width = COLUMN_WIDTH
    for (row, at), each in _by_cell(said).items():
        cell = _anchor(sheet, row, at + 1)
        cell.fill = _fill(each)
        cell.comment = _comment(each, cell.comment)


def _is_above(sheet: Worksheet, row: int, said: Sequence[_Said]) -> bool:
    """Say whether a row has a heading that something is said of."""
    return any(
        str(sheet.cell(row, each.column + 1).value or "").strip().startswith(each.heading)
        for each in said[:TELLING]
        if each.column is not None and each.heading and row <= each.row
    )


def _clear(sheet: Worksheet) -> tuple[int, int]:
    """Take an earlier copy's marks away; return the place of the heading they had, or zeros."""
    top = column = 0
    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment is not None and cell.comment.author == AUTHOR:
                cell.comment = None
                cell.fill = PatternFill()
            if not column and str(cell.value).partition("\n")[0] == MARKS:
                top, column = cell.row or 0, cell.column or 0
    for row in sheet.iter_rows(min_row=top, min_col=column, max_col=column) if column else ():
        if not isinstance(row[0], MergedCell):
            row[0].value = None
    return top, column


def _by_row(said: Sequence[_Said], top: int) -> dict[int, str]:
    """Say all of a row on lines of its own; what is of no row, or above, beside the headings."""
    rows: dict[int, list[str]] = {top: [MARKS]}
    for each in said:
        rows.setdefault(max(each.row, top), []).append(each.text)
    return {row: "\n".join(texts) for row, texts in rows.items()}


def _by_cell(said: Sequence[_Said]) -> dict[tuple[int, int], list[_Said]]:
    cells: dict[tuple[int, int], list[_Said]] = {}
    for each in said:
        place = each.row, each.column or 0
        if each.column is not None and (place in cells or len(cells) < COMMENTS_LIMIT):
            cells.setdefault(place, []).append(each)
    return cells


def _anchor(sheet: Worksheet, row: int, column: int) -> Cell:
    """Return the cell that is seen at a place: of a merged range, its first."""
    cell = sheet.cell(row, column)
    if not isinstance(cell, MergedCell):
        return cell
    merged = next(each for each in sheet.merged_cells.ranges if cell.coordinate in each)
    first = sheet.cell(merged.min_row, merged.min_col)
    assert not isinstance(first, MergedCell)  # noqa: S101 - so the library keeps it
    return first


def _fill(said: Sequence[_Said]) -> PatternFill:
    return _DOUBTFUL if all(each.doubt for each in said) else _WRONG


def _comment(said: Sequence[_Said], standing: Comment | None = None) -> Comment:
    before = [standing.text] if standing is not None else []
    comment = Comment("\n".join([*before, *(each.text for each in said)]), AUTHOR)
    comment.width, comment.height = 320, 120
    return comment


def _plain(path: Path, said: dict[str, list[_Said]], encoding: str | None) -> Workbook:
    """Make a workbook of what is read, row by row; the first reading finds how wide it is."""
    shapes = [_shape(sheet, said) for sheet in read_sheets(path, encoding=encoding)]
    book = Workbook(write_only=True)
    for (width, top), read in zip(shapes, read_sheets(path, encoding=encoding), strict=True):
        sheet = book.create_sheet(read.name or "目录")
        sheet.column_dimensions[get_column_letter(width + 1)].width = COLUMN_WIDTH
        listed = said.get(read.name, [])
        beside, marks = (_by_row(listed, top) if listed else {}), _by_cell(listed)
        number = 0
        for row in read.rows:
            while number < row.number:
                number += 1
                texts = row.cells if number == row.number else []
                cells = [
                    _cell(sheet, text, marks.get((number, at))) for at, text in enumerate(texts)
                ]
                if number in beside:
                    cells += [None] * (width - len(cells))
                    cells.append(_cell(sheet, beside[number], None))
                sheet.append(cells)
    return book


def _shape(sheet: Sheet, said: dict[str, list[_Said]]) -> tuple[int, int]:
    """Return how many columns a sheet has and which row is that of its headings."""
    headings = [
        (each.column, each.heading)
        for each in said.get(sheet.name, [])[:TELLING]
        if each.column is not None and each.heading
    ]
    width, top = 0, 0
    for row in sheet.rows:
        width = max(width, len(row.cells))
        if not top and any(
            row.cells[column].startswith(heading)
            for column, heading in headings
            if column < len(row.cells)
        ):
            top = row.number
    return width, top or 1


def _cell(sheet: Worksheet, text: str, said: Sequence[_Said] | None) -> Cell | None:
    if not text and not said:
        return None
    # A text stays a text: 007 keeps its zeros, and what begins with = is no formula here.
    cell = WriteOnlyCell(sheet, escaped(text))
    cell.data_type, cell.number_format = "s", "@"
    if said:
        cell.fill, cell.comment = _fill(said), _comment(said)
    return cell
