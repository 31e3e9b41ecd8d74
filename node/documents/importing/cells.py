"""A sheet's rows as text cells, each knowing its place, with what is wrong with a cell beside it.

Every reader of a kind of file ends here: `clean` is what becomes of any text, and `bounded` is the
width, length and number of what is given on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from node.errors import MalformedTable
from node.protocol.wire.characters import called, find_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROWS_LIMIT = 200_000
"""Filled rows of one sheet."""
COLUMNS_LIMIT = 1_024
CELL_LIMIT = 32_767
"""Characters of one cell; Excel takes no more either."""
SHEETS_LIMIT = 256
TOP_ROWS = 20
CELLS_NAMED = 5
OWN_CHARACTER = (
    "这一格有自造字或符号字体里的字（U+{:04X}），别的电脑上看不见：请换成通用字库里的字或符号"
)
ERROR = "这一格是出错的公式或引用：请改成正确的内容"
_ERRORS = frozenset(
    [
        "#NULL!",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#N/A",
        "#GETTING_DATA",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#BLOCKED!",
        "#CONNECT!",
        "#UNKNOWN!",
        "#BUSY!",
    ]
)
"""As they are seen; other files hold them as text."""
_ERROR_SEEN = re.compile(r"#{3,}|#(?:名称|值|空|数字|引用|除数为零)[?！!]?|Err:[0-9]{3}|#N/A!?")
"""As other programs show them; signs alone are what a column shows that is too narrow."""
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f]")
"""Look like a space, as pages of the web have them, and make two texts of one."""


@dataclass(frozen=True, slots=True)
class Note:
    """What the one who files should know of a sheet, though it is read."""

    sheet: str
    cell: str
    """`B7`; `7:9` for rows, `C:C` for a column, `B7:D7` for a range, empty for the sheet."""
    value: str
    message: str
    """In Chinese: what it is and what to do."""


class Row(NamedTuple):
    """One row that holds something."""

    number: int
    """As a spreadsheet counts, from 1."""
    cells: list[str]
    """As they are seen, merged ranges filled down, without the empty ones at the end."""
    faults: Mapping[int, str]
    """By column from 0: why this cell cannot be read right, in Chinese."""


@dataclass(slots=True)
class Sheet:
    """One worksheet, or a CSV file whole."""

    name: str
    """Empty for CSV."""
    rows: Iterator[Row]
    """Read from the file as they are asked for."""
    notes: list[Note] = field(default_factory=list)
    """Complete when the rows are exhausted."""

    def note(self, cell: str, value: str, message: str) -> None:
        """Add a note of this sheet."""
        self.notes.append(Note(self.name, cell, value, message))


class Gathered:
    """Cells of which one thing is said: those at the top each, where headings are, others once."""

    def __init__(self, sheet: Sheet, message: str) -> None:
        self._sheet, self._message = sheet, message
        self._named: list[tuple[str, str]] = []
        self._count = 0

    def add(self, row: int, name: str, value: str) -> None:
        """Say it of a cell or range of this row; `{}` in the message is what is meant."""
        if row <= TOP_ROWS:
            self._sheet.note(name, value, self._message.format("这一格"))
            return
        self._count += 1
        if len(self._named) < CELLS_NAMED:
            self._named.append((name, value))

    def tell(self) -> None:
        """Say it of all that were gathered."""
        if self._count:
            names = "、".join(name for name, _ in self._named)
            where = f"{names} 等 {self._count} 格" if self._count > 1 else "这一格"
            self._sheet.note(*self._named[0], self._message.format(where))


def column_name(column: int) -> str:
    """Return the letters of a column counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_of(letters: str) -> int:
    """Return the column, from 0, that these letters name."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def cell_name(row: int, column: int) -> str:
    """Name a cell as the spreadsheet does: (7, 1) is B7; rows from 1, columns from 0."""
    return f"{column_name(column)}{row}"


def clean(text: str) -> tuple[str, str]:
    """Return a text as documents hold it and, when it holds what nobody sees, the fault."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = (text if text.isascii() else _SPACES.sub(" ", text)).strip()
    hidden = find_hidden(text.replace("\t", " ") if "\t" in text else text, lines=True)
    if hidden is None and not text.isascii() and (own := _PRIVATE.search(text)):
        return text, OWN_CHARACTER.format(ord(own[0]))
    if hidden is None:
        return text, ERROR if _is_error(text) else ""
    return text, (
        f"这一格含有看不见的字符：{called(hidden)}，可能是粘贴带来的；请清空这一格，重新键入"
    )


def _is_error(text: str) -> bool:
    return text.startswith(("#", "Err:")) and (
        text in _ERRORS or _ERROR_SEEN.fullmatch(text) is not None
    )


def bounded(file: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Give on the rows that hold something, within the limits.

    Raises:
        MalformedTable: a row is too wide, a cell too long, or there are too many rows.
    """
    filled = 0
    for row in rows:
        cells = row.cells
        while cells and not cells[-1] and len(cells) - 1 not in row.faults:
            cells.pop()
        if not cells:
            continue
        filled += 1
        wrong = ""
        if len(cells) > COLUMNS_LIMIT:
            last = cell_name(row.number, len(cells) - 1)
            wrong = (
                f"有 {len(cells)} 列，最多 {COLUMNS_LIMIT} 列：最右边有内容的是 {last}，"
                "请清空不用的列 / too many columns"
            )
        elif max(map(len, cells)) > CELL_LIMIT:
            wrong = f"有一格超过 {CELL_LIMIT} 字 / a cell is too long"
        elif filled > ROWS_LIMIT:
            wrong = f"已超过 {ROWS_LIMIT} 行 / too many rows"
        if wrong:
            raise MalformedTable(f"{file} 第 {row.number} 行{wrong}", file=file, row=row.number)
        yield row


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Gather ascending numbers into runs, first and last."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
