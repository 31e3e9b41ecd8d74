"""Rows of a spreadsheet or a CSV file as text cells, each knowing its place.

Nothing here knows what a heading means. A cell is stripped text; numbers and dates read as the
spreadsheet shows them. Bad files raise MalformedTable, whatever the library underneath raises.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from node.errors import MalformedTable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SIZE_LIMIT_BYTES = 64 * 1024 * 1024
ROWS_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    number: int
    """As a spreadsheet counts: the first row of the file is 1."""
    cells: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether no cell holds anything."""
        return not any(self.cells)


def read_rows(path: Path, *, encoding: str = "utf-8-sig", sheet: str | None = None) -> list[Row]:
    """Read every row of an `.xlsx` or `.csv` file.

    Raises:
        MalformedTable: the file is missing, too large, of another kind, or not in `encoding`.
    """
    if not path.is_file():
        raise MalformedTable(f"找不到文件 {path} / no such file", path=str(path))
    if path.stat().st_size > SIZE_LIMIT_BYTES:
        raise MalformedTable(f"文件 {path.name} 超过 64 MiB / larger than 64 MiB", path=str(path))
    readers = {".xlsx": lambda: _read_xlsx(path, sheet), ".csv": lambda: _read_csv(path, encoding)}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise MalformedTable(
            f"只接受 .xlsx 和 .csv，不接受 {path.suffix or path.name} / only .xlsx and .csv",
            path=str(path),
        )
    rows = [Row(number, tuple(cells)) for number, cells in enumerate(reader(), start=1)]
    if len(rows) > ROWS_LIMIT:
        raise MalformedTable(f"{path.name} 超过 {ROWS_LIMIT} 行 / too many rows", path=str(path))
    return rows


def _read_csv(path: Path, encoding: str) -> Iterable[list[str]]:
    try:
        text = path.read_bytes().decode(encoding)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        return [[cell.strip() for cell in row] for row in reader]
    except (UnicodeDecodeError, LookupError) as error:
        raise MalformedTable(
            f"{path.name} 不是 {encoding} 编码 / not in this encoding: {error}", path=str(path)
        ) from error
    except csv.Error as error:
        raise MalformedTable(f"{path.name}: {error}", path=str(path)) from error


def _read_xlsx(path: Path, sheet: str | None) -> Iterable[list[str]]:
    try:
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
        return [[_text(value) for value in row] for row in worksheet.iter_rows(values_only=True)]
    except (KeyError, ValueError, IndexError, TypeError, SyntaxError) as error:
        # openpyxl lets the XML parser's and its own look-up errors through on broken workbooks.
        raise MalformedTable(f"{path.name} 已损坏 / broken: {error}", path=str(path)) from error
    finally:
        book.close()


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
            return str(value).strip()
