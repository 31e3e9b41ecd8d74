"""Sheets of an `.xls` workbook (BIFF, and WPS's `.et`, which is the same), through xlrd.

xlrd holds one sheet in memory at a time, so such a file may be smaller than others; a sheet of that
kind has no more than 65,536 rows of 256 cells. It gives number formats, merged ranges, hidden
places and strike, which no faster library does.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

import xlrd

from node.errors import MalformedTable

from .cells import SHEETS_LIMIT, Row, Sheet, bounded, cell_name, clean
from .layout import Merged, Range, tell_hidden
from .numberformats import BUILT_IN, GENERAL, Shown, show_number, show_text
from .worksheets import ERROR, STRUCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xlrd.book import Book
    from xlrd.sheet import Cell
    from xlrd.sheet import Sheet as XlsSheet

SIZE_LIMIT_BYTES = 16 * 1024 * 1024
_NATIONAL = (*range(5, 9), 14, 22, *range(27, 37), *range(50, 59))
"""Formats whose number means something else in a Chinese Excel than xlrd says."""


def read_old_workbook(path: Path, sheet: str | None) -> Iterator[Sheet]:
    """Open an `.xls` or `.et` workbook; a sheet is loaded when its first row is asked for.

    Raises:
        MalformedTable: it is too large, encrypted or broken; there is no such sheet.
    """
    if path.stat().st_size > SIZE_LIMIT_BYTES:
        raise MalformedTable(
            f"{path.name} 是旧格式（.xls/.et），超过 16 MiB：请另存为 .xlsx / larger than 16 MiB",
            path=str(path),
        )
    with _ours(path):
        book = xlrd.open_workbook(
            file_contents=path.read_bytes(),
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
            logfile=io.StringIO(),
        )
        names = book.sheet_names()
    if sheet is not None and sheet not in names:
        raise MalformedTable(
            f"{path.name} 没有工作表「{sheet}」，只有：{'、'.join(names)} / no such sheet",
            path=str(path),
        )
    if len(names) > SHEETS_LIMIT:
        raise MalformedTable(f"{path.name} 超过 {SHEETS_LIMIT} 张工作表 / too many sheets")
    return (_sheet(path, book, name) for name in names if sheet in (None, name))


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """Say whatever xlrd raises on a bad file, which is nearly any error, as our own."""
    try:
        yield
    except MalformedTable:
        raise
    except Exception as error:
        why = str(error)
        locked = "encrypted" in why or "Can't find workbook" in why
        what = "有密码保护" if locked else "已损坏或不是 Excel 工作簿"
        raise MalformedTable(
            f"{path.name} {what}，读不出：请用 Excel 或 WPS 打开后另存为没有密码的 .xlsx / {why}",
            path=str(path),
        ) from error


def _sheet(path: Path, book: Book, name: str) -> Sheet:
    sheet = Sheet(name, iter(()))
    sheet.rows = bounded(f"{path.name}「{name}」", _rows(path, book, name, sheet))
    return sheet


def _rows(path: Path, book: Book, name: str, sheet: Sheet) -> Iterator[Row]:
    with _ours(path):
        table = book.sheet_by_name(name)
        merged = Merged(
            sheet,
            (Range(top + 1, left, low, right - 1) for top, low, left, right in table.merged_cells),
        )
        columns = {at for at, info in table.colinfo_map.items() if info.hidden}
    hidden_rows: list[int] = []
    hidden_columns: set[int] = set()
    held = False
    for at in range(table.nrows):
        with _ours(path):
            row = merged.fill(_row(book, table, at, sheet))
        if not any(row.cells) and not row.faults:
            continue
        held = True
        info = table.rowinfo_map.get(at)
        if info is not None and (info.hidden or info.height == 0):
            hidden_rows.append(row.number)
        hidden_columns.update(each for each in columns if row.cells[each : each + 1] > [""])
        yield row
    whole = held and bool(table.visibility)
    tell_hidden(sheet, whole=whole, rows=hidden_rows, columns=sorted(hidden_columns))
    book.unload_sheet(name)


def _row(book: Book, table: XlsSheet, at: int, sheet: Sheet) -> Row:
    cells: list[str] = []
    faults: dict[int, str] = {}
    for column, cell in enumerate(table.row(at)):
        shown = _shown(book, cell)
        cells.append(shown.text)
        if shown.remark:
            sheet.note(cell_name(at + 1, column), shown.text, shown.remark)
        fault = shown.fault or (STRUCK if shown.text and _struck(book, table, at, column) else "")
        if fault:
            faults[column] = fault
    return Row(at + 1, cells, faults)


def _shown(book: Book, cell: Cell) -> Shown:
    code = _code(book, book.xf_list[cell.xf_index or 0].format_key)
    if cell.ctype == xlrd.XL_CELL_TEXT:
        text, fault = clean(str(cell.value))
        return Shown(text, fault) if fault else show_text(text, code)
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return show_number(repr(cell.value), code, from_1904=bool(book.datemode))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return Shown("是" if cell.value else "否")
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Shown(xlrd.error_text_from_code.get(int(cell.value), "#ERROR!"), ERROR)
    return Shown("")


def _code(book: Book, key: int) -> str:
    if key in _NATIONAL:
        return BUILT_IN[key]
    known = book.format_map.get(key)
    return known.format_str if known is not None else GENERAL


def _struck(book: Book, table: XlsSheet, row: int, column: int) -> bool:
    """Say whether any of a text's runs is struck out; its start has the cell's own font."""
    own = book.xf_list[table.cell_xf_index(row, column)].font_index
    text = str(table.cell_value(row, column))
    runs = [(0, own), *table.rich_text_runlist_map.get((row, column), ())]
    ends = [*(start for start, _ in runs[1:]), len(text)]
    return any(
        book.font_list[font].struck_out and text[start:end].strip()
        for (start, font), end in zip(runs, ends, strict=True)
    )
