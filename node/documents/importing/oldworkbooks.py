"""Sheets of an `.xls` workbook (BIFF, and WPS's `.et`, which is the same), through xlrd.

xlrd holds one sheet in memory at a time, so such a file may be smaller than others; a sheet of that
kind has no more than 65,536 rows of 256 cells. It gives number formats, merged ranges, hidden
places and strike, which no faster library does.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple

import xlrd

from node.errors import MalformedTable

from .cells import ERROR, SHEETS_LIMIT, Gathered, Row, Sheet, bounded, cell_name, clean
from .layout import COMMENTED, Merged, Range, tell_hidden
from .numberformats import BUILT_IN, GENERAL, SHORTENED, Shown, show_number, show_text
from .worksheets import STRUCK, UNCALCULATED, WHITE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xlrd.book import Book
    from xlrd.sheet import Cell
    from xlrd.sheet import Sheet as XlsSheet

SIZE_LIMIT_BYTES = 16 * 1024 * 1024
_NATIONAL = (*range(5, 9), 14, 22, *range(27, 37), *range(50, 59))
"""Formats whose number means something else in a Chinese Excel than xlrd says."""
_BOF, _EOF, _FORMULA, _RECALCULATED = 0x0809, 0x000A, (0x0006, 0x0206, 0x0406), 0x01C1
"""Records of the file ([MS-XLS] 2.4); spreadsheets name their calculator in RecalcId."""
_NO_RESULT = (bytes(8), b"\x03\0\0\0\0\0\xff\xff")
"""Nought and the empty text: what a maker that calculates nothing stores."""
_WHITE = (255, 255, 255)


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
        unknown = _uncalculated(book, name)
    seen = _Seen(book, table, unknown, Gathered(sheet, SHORTENED), Gathered(sheet, WHITE))
    hidden_rows: list[int] = []
    hidden_columns: set[int] = set()
    held = False
    for at in range(table.nrows):
        with _ours(path):
            row = merged.fill(seen.row(at))
        if not any(row.cells) and not row.faults:
            continue
        held = True
        info = table.rowinfo_map.get(at)
        if info is not None and (info.hidden or info.height == 0):
            hidden_rows.append(row.number)
        hidden_columns.update(each for each in columns if row.cells[each : each + 1] > [""])
        yield row
    merged.tell()
    commented = Gathered(sheet, COMMENTED)
    for at, column in sorted(table.cell_note_map):
        commented.add(at + 1, cell_name(at + 1, column), "")
    commented.tell()
    seen.shortened.tell()
    seen.white.tell()
    whole = held and bool(table.visibility)
    tell_hidden(sheet, whole=whole, rows=hidden_rows, columns=sorted(hidden_columns))
    book.unload_sheet(name)


class _Seen(NamedTuple):
    """A sheet's cells as they are seen, and what is said of some of them."""

    book: Book
    table: XlsSheet
    uncalculated: set[tuple[int, int]]
    shortened: Gathered
    white: Gathered

    def row(self, at: int) -> Row:
        cells: list[str] = []
        faults: dict[int, str] = {}
        for column, cell in enumerate(self.table.row(at)):
            shown = _shown(self.book, cell)
            if (at, column) in self.uncalculated:
                shown = Shown(shown.text, UNCALCULATED)
            cells.append(shown.text)
            name = cell_name(at + 1, column)
            if shown.remark:
                self.shortened.add(at + 1, name, shown.text)
            if shown.text and _white(self.book, self.table, at, column):
                self.white.add(at + 1, name, shown.text)
            struck = shown.text and _struck(self.book, self.table, at, column)
            if fault := shown.fault or (STRUCK if struck else ""):
                faults[column] = fault
        return Row(at + 1, cells, faults)


def _records(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield the records of one stream of the file: kind and where its content begins."""
    depth = 0
    while at + 4 <= len(data):
        kind, size = unpack_from("<HH", data, at)
        depth += (kind == _BOF) - (kind == _EOF)
        yield kind, at + 4
        if depth <= 0:
            return
        at += 4 + size


def _uncalculated(book: Book, name: str) -> set[tuple[int, int]]:
    """Find the formulas without a result: only where no spreadsheet has saved the file.

    xlrd gives results and does not say which of them are.
    """
    data = book.mem or b""
    if any(kind == _RECALCULATED for kind, _ in _records(data, book.base)):
        return set()
    starts: list[int] = book._sh_abs_posn  # type: ignore[attr-defined] # noqa: SLF001 - xlrd has no other
    return {
        unpack_from("<HH", data, at)
        for kind, at in _records(data, starts[book.sheet_names().index(name)])
        if kind in _FORMULA and bytes(data[at + 6 : at + 14]) in _NO_RESULT
    }


def _white(book: Book, table: XlsSheet, row: int, column: int) -> bool:
    """Say whether a text is white on nothing, as those write who hide it."""
    form = book.xf_list[table.cell_xf_index(row, column)]
    if book.colour_map.get(book.font_list[form.font_index].colour_index) != _WHITE:
        return False
    return form.background is None or not form.background.fill_pattern


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
