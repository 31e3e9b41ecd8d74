"""Sheets of a `.csv` file (RFC 4180), read row by row; the encoding and the separator are found.

UTF-8 and UTF-16 by their byte order mark, else UTF-8 if all of it is, else GB18030. A separator is
a comma, a semicolon or a tab, by a `sep=` line or by the first line that has any.
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from node.errors import MalformedTable

from .cells import Row, Sheet, bounded, clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO, TextIO

ROW_LIMIT = 1024 * 1024
"""Characters of one row."""
CHUNK_BYTES = 1024 * 1024
LINES_LOOKED_AT = 20
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATORS = ",;\t"
_OTHERS = {"，": "全角逗号", "|": "竖线", "｜": "竖线"}
LETTERS_THAT_TELL = 8
"""So many characters of several bytes read as UTF-8 by chance in no other text."""
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_WIDE = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]{2,3}")
_QUOTED = re.compile(r'"(?:[^"]|"")*(?:"|\Z)')
_END = ["\x1a"]
"""Ends a text file of DOS, whose programs still export."""
_SHIELDED = re.compile(r'="([^"]*)"')

SHORTENED = "这一格是科学计数法，末尾的数字已经丢失：请照原件重新填写，并以“文本”格式保存"
FORMULA = "这一格以等号开头，是没有算过的公式：请直接填写结果"


def read_delimited(path: Path, encoding: str | None) -> Sheet:
    """Open a `.csv` file; its rows are read as they are asked for.

    Raises:
        MalformedTable: not in `encoding`, or in none that is known; binary; another separator.
    """
    found = encoding or _encoding(path)
    sheet = Sheet("", iter(()))
    sheet.rows = bounded(path.name, _rows(path, found))
    return sheet


def _encoding(path: Path) -> str:
    """Find out by reading all of the file once; a guess from its start would be wrong for some."""
    with path.open("rb") as file:
        start = file.read(ROW_LIMIT)
        for mark, name in MARKS.items():
            if start.startswith(mark):
                return name
        lines = start.count(b"\n")
        if lines and lines in (start.count(b"\n\0"), start.count(b"\0\n")):
            raise _refused(
                path,
                "像是没有标记的 UTF-16 编码，请另存为 UTF-8 编码的 CSV / UTF-16 without a mark",
            )
        utf8 = _first_bad(file, "utf-8")
        if utf8 is None:
            return "utf-8"
        if utf8.before >= LETTERS_THAT_TELL:
            raise _refused(
                path,
                f"是 UTF-8 编码，但第 {utf8.line} 行有损坏的字符，请重新导出 / broken UTF-8",
                utf8.line,
            )
        chinese = _first_bad(file, "gb18030")
        if chinese is None:
            return "gb18030"
    raise _refused(
        path,
        f"既不是 UTF-8 也不是 GB18030（GBK）编码（第 {chinese.line} 行起认不出），"
        "请用 Excel 或 WPS 打开后另存为 .xlsx / neither UTF-8 nor GB18030",
    )


class _Bad(NamedTuple):
    line: int
    before: int
    """Characters beyond ASCII that were read well before it."""


def _first_bad(file: BinaryIO, name: str) -> _Bad | None:
    """Find the first line that is not in this encoding."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(name)()
    line, before = 1, 0
    while True:
        chunk = file.read(CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(name, "replace")
            return _Bad(line + good.count("\n"), before + _beyond_ascii(good))
        private = _PRIVATE.search(text) if name == "gb18030" else None
        if private:
            # Big5 and others decode as GB18030 by chance, but not without its private characters.
            return _Bad(line + text.count("\n", 0, private.start()), before)
        line += text.count("\n")
        before += _beyond_ascii(text)
        if not chunk:
            return None


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _refused(path: Path, what: str, line: int = 0) -> MalformedTable:
    where = {"row": line} if line else {}
    return MalformedTable(f"{path.name} {what}", path=str(path), **where)


def _rows(path: Path, encoding: str) -> Iterator[Row]:
    try:
        with path.open(encoding=encoding, newline="") as file:
            separator, skipped = _separator(path, file)
            file.seek(0)
            lines = _Lines(path, file)
            for _ in range(skipped):
                file.readline(ROW_LIMIT)
            reader = csv.reader(lines, strict=True, delimiter=separator)
            for number, raw in enumerate(filter(_END.__ne__, reader), start=1):
                lines.taken = 0
                cells, faults = [], {}
                for column, text in enumerate(raw):
                    cell, fault = _cell(text)
                    cells.append(cell)
                    if fault:
                        faults[column] = fault
                yield Row(number, cells, faults)
    except (UnicodeDecodeError, LookupError) as error:
        raise _refused(path, f"不是 {encoding} 编码 / not in this encoding: {error}") from error
    except csv.Error as error:
        raise _refused(
            path,
            f"第 {lines.number} 行附近的引号不成对，请用 Excel 或 WPS 打开后另存为 .xlsx / {error}",
            lines.number,
        ) from error
    except OSError as error:
        raise _refused(path, f"读不出 / cannot be read: {error}") from error


def _separator(path: Path, file: TextIO) -> tuple[str, int]:
    """Return what parts the cells, and how many lines say only that."""
    lines = [file.readline(ROW_LIMIT) for _ in range(LINES_LOOKED_AT)]
    if told := re.fullmatch(r"sep=(.)\s*", lines[0]):
        if told[1] not in _SEPARATORS:
            raise _refused(path, f"以「{told[1]}」分隔，请另存为以逗号分隔的 CSV / separator")
        return told[1], 1
    # What stands in quotes parts nothing, however many lines it has.
    # A title may hold one of them by itself: a line with several tells more.
    bare = _QUOTED.sub("", "".join(lines)).splitlines()
    tell = [line for line in bare if max(map(line.count, _SEPARATORS)) > 1]
    for line in tell or bare:
        counts = [line.count(mark) for mark in _SEPARATORS]
        if any(counts):
            return _SEPARATORS[counts.index(max(counts))], 0
        for mark, called in _OTHERS.items():
            if line.count(mark) > 1:
                message = f"以{called}「{mark}」分隔，请改用半角逗号 / another separator"
                raise _refused(path, message)
    return ",", 0


def _cell(text: str) -> tuple[str, str]:
    cell, fault = clean(text)
    if shielded := _SHIELDED.fullmatch(cell):
        return shielded[1], fault  # how a CSV file keeps Excel from taking 007 for a number
    if not fault and _WIDE.fullmatch(cell):
        fault = SHORTENED
    if not fault and cell.startswith("="):
        fault = FORMULA
    return cell, fault


class _Lines:
    """Lines for the CSV reader, which would read a row of any length whole."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self.number = 0
        self.taken = 0
        """Characters since the last row ended."""

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(ROW_LIMIT + 1):
            self.number += 1
            self.taken += len(line)
            if self.taken > ROW_LIMIT:
                raise _refused(self._path, f"有一行超过 {ROW_LIMIT} 字 / a row is too long")
            yield line
