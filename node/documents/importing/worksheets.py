"""The cells of an `.xlsx` workbook's sheets (ECMA-376 part 1, 18.3), row by row from its XML.

One pass gives value, number format, strike and hidden rows together, so that no second reader has
to agree with the first. Before it, a look at the sheet's edges finds what is written behind the
cells but holds for them: merged ranges, hidden columns. Memory is the rows of one chunk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from node.errors import MalformedTable

from .cells import ERROR, Gathered, Row, Sheet, bounded, cell_name, clean, column_of
from .complaints import AUTHOR
from .layout import COMMENTED, Merged, Range, tell_hidden
from .numberformats import GENERAL, SHORTENED, show_number, show_text
from .spreadsheetxml import (
    CHUNK_BYTES,
    LATEST_TEXTS,
    RAW_LIMIT,
    RUN_OF_THE_CELL,
    RUN_STRUCK,
    Broken,
    RichText,
    feed,
    is_true,
    local,
    new_parser,
    unescaped,
)
from .workbooks import Style, find_related, load_book, open_part, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

    from .workbooks import Book, Part

COLUMNS_OF_A_SHEET = 16_384
ROWS_OF_A_SHEET = 1_048_576
RANGES_LIMIT = 65_536
SHORT = 64
"""Characters of a text that is kept to be read once."""
UNSEEN = 0.5
"""Points of height, characters of width: what is lower or narrower is seen by nobody."""

UNCALCULATED = "这一格的公式没有算过：请用 Excel 或 WPS 打开、保存一次，或直接填写结果"
STALE = "{}是公式，打开文件时还要再算一次；现在按存着的结果读取：请用 Excel 或 WPS 打开核对并保存"
CHANGING = "这一格的公式每次打开结果都不同：请改成固定的内容"
STRUCK = "这一格（或其中一部分）划了删除线：不要的内容请删掉，要的请去掉删除线"
WHITE = "{}的字是白色的，表里看不见，其中的内容也读取了：请改成黑色后核对，不要的请清空"
PICTURE = "这一格是嵌入的图片，读不出文字：请改填文字"

_ATTRIBUTES = rb'(?: [A-Za-z0-9:]+="[^"<>&]*")*\s?'
_EMPTY = rb'\s*+(?:<v\s?/>|<v></v>|<is><t(?: xml:space="preserve")?(?:\s?/>|></t>)</is>)?\s*+'
_BLANK = rb'<c r="[A-Z]{1,3}[0-9]{1,7}"' + _ATTRIBUTES + rb"(?:/>|>" + _EMPTY + rb"</c>)\s*+"
_BLANK_CELL = re.compile(_BLANK + rb'(?=<c r="|</row>)')
"""A cell without content. What follows it names its own place, so that this one counts nothing."""
_BLANK_ROW = re.compile(
    rb'<row r="[0-9]{1,7}"'
    + _ATTRIBUTES
    + rb"(?:/>|>\s*+(?:"
    + _BLANK
    + rb')*+</row>)\s*+(?=<row r="|</sheetData>)'
)
_VOLATILE = re.compile(r"(?i)\b(?:TODAY|NOW|RAND|RANDBETWEEN|RANDARRAY)\s*\(")
_NO_STYLE = Style(GENERAL, struck=False, white=False)


def read_workbook(path: Path, sheet: str | None) -> Iterator[Sheet]:
    """Open an `.xlsx` workbook; a sheet is read as its rows are asked for.

    Raises:
        MalformedTable: not a workbook, too large, broken; no such sheet.
    """
    book = load_book(path)
    names = [part.name for part in book.sheets]
    if sheet is not None and sheet not in names:
        raise MalformedTable(
            f"{path.name} 没有工作表「{sheet}」，只有：{'、'.join(names)} / no such sheet",
            path=str(path),
        )
    return (_sheet(book, part) for part in book.sheets if sheet in (None, part.name))


def _sheet(book: Book, part: Part) -> Sheet:
    sheet = Sheet(part.name, iter(()))
    if part.kind == "worksheet":
        sheet.rows = bounded(f"{book.path.name}「{part.name}」", _rows(book, part, sheet))
    else:
        what = "图表" if part.kind == "chartsheet" else "宏表或对话框"
        sheet.note("", "", f"工作表「{part.name}」是{what}，不是表格，没有读取")
    return sheet


def _rows(book: Book, part: Part, sheet: Sheet) -> Iterator[Row]:
    hidden_columns: set[int] = set()
    hidden_rows: list[int] = []
    held = False
    with opened(book.path) as packed:
        with open_part(packed, part.target) as file:
            edges = _Edges.of(file)
        merged = Merged(sheet, edges.merged)
        reader = _Cells(book, sheet, rows_hidden=edges.rows_hidden)
        with open_part(packed, part.target) as file:
            for found, hidden in reader.read(file):
                row = merged.fill(found)
                if not row.cells:
                    continue
                held = True
                if hidden:
                    hidden_rows.append(row.number)
                for first, last in edges.hidden_columns:
                    seen = range(first, min(last + 1, len(row.cells)))
                    hidden_columns.update(column for column in seen if row.cells[column])
                yield row
        if comments := find_related(packed, part.target, "comments"):
            with open_part(packed, comments) as file:
                _Comments(sheet).read(file)
    tell_hidden(sheet, whole=held and part.hidden, rows=hidden_rows, columns=sorted(hidden_columns))
    merged.tell()
    reader.tell()
    if edges.drawing:
        sheet.note("", "", f"工作表「{part.name}」里有图片、图形或文本框，其中的文字没有读取")


class _Comments:
    """Expat's handlers over what stands beside cells; what a marked copy says is left out."""

    def __init__(self, sheet: Sheet) -> None:
        self._said = Gathered(sheet, COMMENTED)
        self._authors: list[str] = []
        self._inside = False

    def read(self, file: IO[bytes]) -> None:
        feed(new_parser(self._start, self._end, self._data), file)
        self._said.tell()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "author":
            self._inside = True
            self._authors.append("")
            if len(self._authors) > RANGES_LIMIT:
                raise Broken("批注太多 / too many authors of comments")
        elif name == "comment" and self._by(attributes) != AUTHOR:
            at = Range.parse(attributes["ref"])
            self._said.add(at.top, cell_name(at.top, at.left), "")

    def _by(self, attributes: dict[str, str]) -> str:
        number = int(attributes.get("authorId", -1))
        return self._authors[number] if 0 <= number < len(self._authors) else ""

    def _end(self, _: str) -> None:
        self._inside = False

    def _data(self, text: str) -> None:
        if self._inside and len(self._authors[-1]) <= len(AUTHOR):
            self._authors[-1] += text[: len(AUTHOR) + 1]


@dataclass(slots=True)
class _Edges:
    """What a sheet says outside its cells."""

    merged: list[Range] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    rows_hidden: bool = False
    """Rows are hidden unless they say otherwise."""
    drawing: bool = False

    @classmethod
    def of(cls, file: IO[bytes]) -> _Edges:
        """Read all of a sheet but its cells, which are passed over as bytes where they show."""
        edges = cls()
        parser = new_parser(edges._start)
        inside, rest = False, b""
        while chunk := file.read(CHUNK_BYTES):
            chunk, rest = rest + chunk, b""
            if not inside and (at := chunk.find(b"<sheetData>")) >= 0:
                inside = True
                parser.Parse(chunk[:at] + b"<sheetData>", False)  # noqa: FBT003 - expat's own
                chunk = chunk[at + len(b"<sheetData>") :]
            if inside:
                at = chunk.find(b"</sheetData>")
                if at < 0:
                    rest = chunk[-len(b"</sheetData") :]
                    continue
                chunk, inside = chunk[at:], False
            parser.Parse(chunk, False)  # noqa: FBT003
        parser.Parse(rest, True)  # noqa: FBT003
        return edges

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local(name):
            case "col":
                narrow = float(attributes.get("width", 1)) < UNSEEN
                if narrow or is_true(attributes.get("hidden")):
                    first, last = int(attributes["min"]) - 1, int(attributes["max"]) - 1
                    self.hidden_columns.append((first, last))
            case "mergeCell":
                self.merged.append(Range.parse(attributes["ref"]))
            case "sheetFormatPr":
                self.rows_hidden = is_true(attributes.get("zeroHeight"))
            case "drawing":
                self.drawing = True
        if max(len(self.merged), len(self.hidden_columns)) > RANGES_LIMIT:
            raise Broken("合并单元格太多 / too many merged ranges")


class _Cells:
    """Expat's handlers over one sheet's cells; finished rows wait until they are given."""

    def __init__(self, book: Book, sheet: Sheet, *, rows_hidden: bool) -> None:
        self._book, self._rows_hidden = book, rows_hidden
        self._white, self._shortened = Gathered(sheet, WHITE), Gathered(sheet, SHORTENED)
        self._stale = Gathered(sheet, STALE)
        self._ready: list[tuple[Row, bool]] = []
        self._number, self._column = 0, -1
        self._row: list[str] = []
        self._faults: dict[int, str] = {}
        self._hidden = False
        self._kind, self._style = "n", _NO_STYLE
        self._value: list[str] | None = None
        self._formula: list[str] | None = None
        self._shared = ""
        """The number of the formula that several cells share: the first of them has its text."""
        self._changing: set[str] = set()
        """Those whose result changes each time."""
        self._rich: RichText | None = None
        self._own = RichText()
        """Of the cell that is read, where it holds a text itself."""
        self._sink: list[str] | None = None
        """Where text goes: into the value or into the formula."""
        self._taken = 0
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "c": self._start_cell,
            "row": self._start_row,
            "v": self._start_value,
            "f": self._start_formula,
            "is": self._start_rich,
        }
        self._ends: dict[str, Callable[[], None]] = {
            "c": self._end_cell,
            "row": self._end_row,
            "v": self._end_sink,
            "f": self._end_sink,
            "sheetData": self._end_data,
        }
        self._started: dict[str, Callable[[dict[str, str]], None]] = {}
        self._ended: dict[str, Callable[[], None]] = {}
        """The handlers in force: none outside of the cells."""

    def tell(self) -> None:
        """Say what was seen of cells that are read all the same."""
        self._white.tell()
        self._shortened.tell()
        self._stale.tell()

    def read(self, file: IO[bytes]) -> Iterator[tuple[Row, bool]]:
        """Give the rows that hold cells with content, each with whether it is hidden."""
        parser = new_parser(self._start, self._end, self._data)
        shorten, last = True, b""
        while chunk := file.read(CHUNK_BYTES):
            # Inside CDATA what looks like a cell is text: from the first on nothing is left out.
            shorten = shorten and b"<!" not in last + chunk
            last = chunk[-1:]
            if shorten:
                chunk = _BLANK_CELL.sub(b"", _BLANK_ROW.sub(b"", chunk))
            parser.Parse(chunk, False)  # noqa: FBT003 - expat's own
            yield from self._ready
            self._ready.clear()
        parser.Parse(b"", True)  # noqa: FBT003

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        known = self._started.get(name)
        if known is not None:
            known(attributes)
        elif ":" in name:
            self._start(local(name), attributes)
        elif self._rich is not None:
            self._rich.start(name, attributes)
        elif name == "sheetData":
            self._started, self._ended = self._starts, self._ends

    def _end(self, name: str) -> None:
        known = self._ended.get(name)
        if known is not None:
            known()
        elif ":" in name:
            self._end(local(name))
        elif self._rich is not None:
            self._rich.end(name)

    def _data(self, text: str) -> None:
        if self._sink is not None:
            self._taken += len(text)
            if self._taken > RAW_LIMIT:
                raise Broken(f"第 {self._number} 行有一格太长 / a cell is too long")
            self._sink.append(text)
        elif self._rich is not None:
            self._rich.data(text)

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes["r"]) if "r" in attributes else self._number + 1
        if not self._number < number <= ROWS_OF_A_SHEET:
            raise Broken(f"第 {self._number} 行之后是第 {number} 行 / rows out of order")
        self._number, self._column = number, -1
        self._row, self._faults = [], {}
        hidden = is_true(attributes.get("hidden"), default=self._rows_hidden)
        self._hidden = hidden or float(attributes.get("ht", 1)) < UNSEEN

    def _end_row(self) -> None:
        if self._row:
            self._ready.append((Row(self._number, self._row, self._faults), self._hidden))

    def _end_data(self) -> None:
        self._started, self._ended, self._rich = {}, {}, None

    def _start_cell(self, attributes: dict[str, str]) -> None:
        column = self._column + 1
        place = attributes.get("r")
        if place is not None:
            letters = place.rstrip("0123456789")
            if place != f"{letters}{self._number}":
                raise Broken(f"第 {self._number} 行里有格 {place} / a cell out of its row")
            column = _column(letters)
        if not self._column < column < COLUMNS_OF_A_SHEET:
            raise Broken(f"第 {self._number} 行的格次序不对 / cells out of order")
        self._column = column
        self._kind = attributes.get("t", "n")
        style = int(attributes.get("s", 0))
        self._style = self._book.styles[style] if style < len(self._book.styles) else _NO_STYLE
        self._value = self._formula = self._sink = self._rich = None
        self._taken = 0

    def _start_value(self, _: dict[str, str]) -> None:
        self._sink = self._value = []

    def _start_formula(self, attributes: dict[str, str]) -> None:
        self._sink = self._formula = []
        self._shared = attributes.get("si", "") if attributes.get("t") == "shared" else ""

    def _start_rich(self, _: dict[str, str]) -> None:
        self._own.clear()
        self._rich = self._own

    def _end_sink(self) -> None:
        self._sink = None

    def _end_cell(self) -> None:
        if self._value is None and self._rich is None and self._formula is None:
            return
        raw = "".join(self._value or ())
        text, fault = ("", "") if self._formula is None else self._calculated(self._formula, raw)
        if not fault:
            text, fault = self._content(raw)
        if text or fault:
            self._row.extend([""] * (self._column - len(self._row)))
            self._row.append(text)
            if self._formula is not None and self._book.uncalculated and not fault:
                self._stale.add(self._number, cell_name(self._number, self._column), text)
            if self._style.white:
                self._white.add(self._number, cell_name(self._number, self._column), text)
            if fault:
                self._faults[self._column] = fault

    def _calculated(self, pieces: list[str], raw: str) -> tuple[str, str]:
        """Say what keeps a formula's stored result from being what is seen."""
        formula = "".join(pieces)
        changing = self._shared in self._changing or bool(_VOLATILE.search(formula))
        if changing and self._shared:
            self._changing.add(self._shared)
            if len(self._changing) > RANGES_LIMIT:
                raise Broken("公式太多 / too many shared formulas")
        # A text that is empty is a result; nothing at all is none.
        missing = not raw and (self._kind != "str" or self._value is None)
        # A maker that calculates nothing stores noughts.
        if missing or (self._book.uncalculated and raw in ("", "0")):
            return f"={formula}", UNCALCULATED
        if changing:
            return raw, CHANGING
        return (raw, PICTURE) if "DISPIMG" in formula else ("", "")

    def _content(self, raw: str) -> tuple[str, str]:
        match self._kind:
            case "s" | "inlineStr" | "str":
                return self._text(raw)
            case "b":
                return ("是" if is_true(raw) else "否") if raw else "", self._strike(raw)
            case "e":
                return raw, ERROR
            case "d":
                return _iso(raw), self._strike(raw)
        if not raw:
            return "", ""
        shown = show_number(raw, self._style.code, from_1904=self._book.from_1904)
        if shown.remark:
            place = cell_name(self._number, self._column)
            self._shortened.add(self._number, place, shown.text)
        return shown.text, shown.fault or self._strike(raw)

    def _text(self, raw: str) -> tuple[str, str]:
        if self._kind == "s" and raw:
            text, fault, marks = self._book.strings.get(int(raw))
        else:
            rich = self._rich
            marks = RUN_OF_THE_CELL if rich is None else rich.mark
            raw = raw if rich is None else rich.text
            text, fault = _read(raw) if len(raw) <= SHORT else clean(unescaped(raw))
        if text and not fault and self._style.code != GENERAL:
            text, fault, _ = show_text(text, self._style.code)
        return text, fault or self._strike(text, marks)

    def _strike(self, text: str, marks: int = RUN_OF_THE_CELL) -> str:
        struck = marks & RUN_STRUCK or (self._style.struck and marks & RUN_OF_THE_CELL)
        return STRUCK if text and struck else ""


_column = lru_cache(maxsize=COLUMNS_OF_A_SHEET)(column_of)


@lru_cache(maxsize=LATEST_TEXTS)
def _read(raw: str) -> tuple[str, str]:
    """Read a short text: codes and words of lists come again and again."""
    return clean(unescaped(raw))


def _iso(raw: str) -> str:
    """Read a date written as ISO 8601 (`t="d"`)."""
    day, _, clock = raw.strip().partition("T")
    clock = clock.partition(".")[0].rstrip("Z")
    return day if clock in ("", "00:00:00") else f"{day} {clock}".strip()
