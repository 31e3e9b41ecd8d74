"""A list as an Excel workbook: written row by row, nothing in it is ever a formula."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from node.documents.importing.spreadsheetxml import escaped
from node.protocol.wire.characters import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

MOST_ROWS = 50_000
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CELL_CHARACTERS = 32_000
IN_MEMORY_BYTES = 1 << 20


def workbook(
    title: str,
    columns: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[str | int]],
    *,
    most: int = MOST_ROWS,
) -> bytes:
    """Return an `.xlsx` file of one sheet: `columns` are headings and widths in characters.

    Rows after `most` are left out, and the last row says so.
    """
    from openpyxl import Workbook  # 7 MiB that a process without such a list does not need
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet: Worksheet = book.create_sheet(title[:31])
    for at, (_, width) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, heading, bold=True) for heading, _ in columns])
    for number, row in enumerate(rows):
        if number == most:
            said = f"只导出前 {most} 行，请缩小范围 / only the first {most} rows"
            sheet.append([_cell(sheet, said, bold=True)])
            break
        sheet.append([_cell(sheet, value) for value in row])
    # openpyxl writes rows to a file of its own as they come; only the packed workbook is held.
    return packed(book)


def packed(book: Workbook) -> bytes:
    """Return a workbook as the bytes of its file."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        book.save(file)
        file.seek(0)
        return file.read()


def _cell(sheet: Worksheet, value: str | int, *, bold: bool = False) -> Cell:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell: Cell = WriteOnlyCell(sheet)
    if isinstance(value, int):
        cell.value = value
    else:
        cell.value = escaped(visible(value, lines=True)[:CELL_CHARACTERS])
        cell.data_type = "s"  # openpyxl makes a formula of what begins with "="
    if bold:
        cell.font = Font(bold=True)
    return cell
