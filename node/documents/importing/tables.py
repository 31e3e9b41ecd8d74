"""Rows of a spreadsheet or a CSV file as text cells, each knowing its place, one after another.

Nothing here knows what a heading means. A cell is stripped text whose lines end with LF; numbers
and dates read as the spreadsheet shows them; what is empty at the end of a row is not there. A row
is bounded in width before the next is read. Bad files raise MalformedTable, whatever the library
underneath raises.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from node.errors import MalformedTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

SIZE_LIMIT_BYTES = 64 * 1024 * 1024
UNPACKED_LIMIT_BYTES = 256 * 1024 * 1024
"""Of a workbook, which is a zip file."""
ROWS_LIMIT = 200_000
COLUMNS_LIMIT = 1_024
CELL_LIMIT = 32_767
"""Characters of one cell; Excel takes no more either."""
ROW_LIMIT = 1024 * 1024
"""Characters of one row of a CSV file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    number: int
    """As a spreadsheet counts: the first row of the file is 1."""
    cells: tuple[str, ...]
    """Without the empty ones at the end."""


def read_rows(
    path: Path, *, encoding: str = "utf-8-sig", sheet: str | None = None
) -> Iterator[Row]:
    """Read the rows of an `.xlsx` or `.csv` file one by one; the file is closed at the end.

    Raises:
        MalformedTable: the file is missing, too large, of another kind, or not in `encoding`; a
            row is too wide. Also while the rows are read.
    """
    if not path.is_file():
        raise MalformedTable(f"找不到文件 {path} / no such file", path=str(path))
    if path.stat().st_size > SIZE_LIMIT_BYTES:
        raise MalformedTable(f"文件 {path.name} 超过 64 MiB / larger than 64 MiB", path=str(path))
    match path.suffix.lower():
        case ".xlsx":
            return _bounded(path, _read_xlsx(path, sheet))
        case ".csv":
            return _bounded(path, _read_csv(path, encoding))
    raise MalformedTable(
        f"只接受 .xlsx 和 .csv，不接受 {path.suffix or path.name} / only .xlsx and .csv",
        path=str(path),
    )


def _bounded(path: Path, rows: Iterable[Iterable[str]]) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        cells = [_as_shown(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        wrong = None
        if len(cells) > COLUMNS_LIMIT:
            wrong = f"有 {len(cells)} 列，最多 {COLUMNS_LIMIT} 列 / too many columns"
        elif any(len(cell) > CELL_LIMIT for cell in cells):
            wrong = f"有一格超过 {CELL_LIMIT} 字 / a cell is too long"
        elif cells and number > ROWS_LIMIT:
            wrong = f"已超过 {ROWS_LIMIT} 行 / too many rows"
        if wrong:
            raise MalformedTable(f"{path.name} 第 {number} 行{wrong}", path=str(path))
        yield Row(number, tuple(cells))


def _read_csv(path: Path, encoding: str) -> Iterator[list[str]]:
    try:
        with path.open(encoding=encoding, newline="") as file:
            lines = _Lines(path, file)
            for row in csv.reader(lines, strict=True):
                lines.taken = 0
                yield row
    except (UnicodeDecodeError, LookupError) as error:
        raise MalformedTable(
            f"{path.name} 不是 {encoding} 编码 / not in this encoding: {error}", path=str(path)
        ) from error
    except (csv.Error, OSError) as error:
        raise MalformedTable(f"{path.name}: {error}", path=str(path)) from error


class _Lines:
    """Lines for the CSV reader, which would read a row of any length whole."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self.taken = 0
        """Characters since the last row ended."""

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(ROW_LIMIT + 1):
            self.taken += len(line)
            if self.taken > ROW_LIMIT:
                raise MalformedTable(
                    f"{self._path.name} 有一行超过 {ROW_LIMIT} 字 / a row is too long",
                    path=str(self._path),
                )
            yield line


def _read_xlsx(path: Path, sheet: str | None) -> Iterator[Iterable[str]]:
    try:
        with ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > UNPACKED_LIMIT_BYTES:
            raise MalformedTable(
                f"{path.name} 解压后超过 256 MiB / unpacks to more than 256 MiB", path=str(path)
            )
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise MalformedTable(
            f"{path.name} 不是 Excel 文件 / not a workbook", path=str(path)
        ) from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise MalformedTable(
                f"{path.name} 没有工作表 {sheet}，只有 {book.sheetnames} / no such sheet",
                path=str(path),
            )
        worksheet = book[sheet] if sheet is not None else book[book.sheetnames[0]]
        # What the file says of its own size would widen every row to it.
        worksheet.reset_dimensions()
        for row in worksheet.iter_rows(values_only=True):
            yield map(_text, row)
    except (KeyError, ValueError, IndexError, TypeError, SyntaxError, OSError) as error:
        # openpyxl lets the XML parser's and its own look-up errors through on broken workbooks.
        raise MalformedTable(f"{path.name} 已损坏 / broken: {error}", path=str(path)) from error
    finally:
        book.close()


def _as_shown(text: str) -> str:
    """Return a cell whose lines end with LF, as those of documents do."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case bool():
            return "是" if value else "否"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
