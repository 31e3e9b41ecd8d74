"""The XML of an `.xlsx` workbook, read by expat as a stream, and its texts (ECMA-376, 18.4).

A document type, and with it any entity, is refused. Names are compared without their prefix: the
strict and the transitional form, and writers that prefix everything, say the same.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING
from xml.parsers.expat import ParserCreate

from .cells import CELL_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO
    from xml.parsers.expat import XMLParserType

CHUNK_BYTES = 256 * 1024
RAW_LIMIT = 8 * CELL_LIMIT
"""Characters of a cell as they are stored: each may be escaped, as in `_x000D_`."""
LATEST_TEXTS = 4_096
RUN_STRUCK, RUN_OF_THE_CELL = 1, 2
"""Marks of a text: some run is struck out; some run takes the cell's own font."""
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Broken(Exception):
    """A part says what no workbook says; leaves the readers as MalformedTable."""


def _refuse_doctype(*_: object) -> None:
    raise Broken("含有文档类型声明 / has a document type")


def new_parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
) -> XMLParserType:
    """Make a parser that calls these with names as they are written."""
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    return parser


def feed(parser: XMLParserType, file: IO[bytes]) -> None:
    """Parse a part to its end."""
    while chunk := file.read(CHUNK_BYTES):
        parser.Parse(chunk, False)  # noqa: FBT003 - expat's own
    parser.Parse(b"", True)  # noqa: FBT003


def local(name: str) -> str:
    """Return a name without its prefix."""
    return name.rpartition(":")[2]


def is_true(text: str | None, *, default: bool = False) -> bool:
    """Read an `xsd:boolean`, or an `on` as some writers put it."""
    return default if text is None else text in ("1", "true", "on")


def unescaped(text: str) -> str:
    """Decode `_x000D_`; `_x005F_` stands for a literal underscore before such a thing."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """Write what XML has no character for as `unescaped` reads it."""
    text = _ESCAPE.sub(lambda found: f"_x005F{found[0]}", text) if "_x" in text else text
    return _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


class RichText:
    """The text of an `<si>` or `<is>`: its runs without phonetic hints, and which are struck."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin the next text."""
        self.mark = 0
        self._pieces: list[str] = []
        self._length = 0
        self._phonetic = self._taken = self._own = self._struck = False

    @property
    def text(self) -> str:
        """What was read, still escaped."""
        return "".join(self._pieces)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "t":
                self._taken = not self._phonetic
            case "rPh":
                self._phonetic = True
            case "rPr":
                self._own = True
            case "strike":
                self._struck = is_true(attributes.get("val"), default=True)

    def data(self, text: str) -> None:
        if not self._taken:
            return
        self._length += len(text)
        if self._length > RAW_LIMIT:
            raise Broken(f"有一格超过 {CELL_LIMIT} 字 / a cell is too long")
        self._pieces.append(text)
        if text.strip():
            # A struck space is seen by nobody.
            self.mark |= RUN_STRUCK * self._struck | RUN_OF_THE_CELL * (not self._own)

    def end(self, name: str) -> None:
        match name:
            case "t":
                self._taken = False
            case "rPh":
                self._phonetic = False
            case "r":
                self._own = self._struck = False


class SharedStrings:
    """A workbook's shared texts, packed: a list of them would take four times the memory."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("Q", [0])
        self._marks = bytearray()
        self._latest: dict[int, tuple[str, str, int]] = {}

    def load(self, file: IO[bytes]) -> None:
        """Read the part that holds them."""
        rich = RichText()

        def end(name: str) -> None:
            name = local(name)
            if name != "si":
                rich.end(name)
                return
            self._text += rich.text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._text))
            self._marks.append(rich.mark)
            rich.clear()

        def start(name: str, attributes: dict[str, str]) -> None:
            rich.start(local(name), attributes)

        feed(new_parser(start, end, rich.data), file)

    def get(self, index: int) -> tuple[str, str, int]:
        """Return a text as `clean` leaves it, with its fault and its marks.

        Raises:
            Broken: there is none of this number.
        """
        # Codes and words of lists come again and again; the rest of a book does not stay unpacked.
        found = self._latest.get(index)
        if found is None:
            if not 0 <= index < len(self._marks):
                raise Broken(f"没有第 {index} 条共享文本 / no such shared string")
            if len(self._latest) >= LATEST_TEXTS:
                self._latest.clear()
            piece = self._text[self._ends[index] : self._ends[index + 1]]
            text, fault = clean(unescaped(piece.decode("utf-8", "surrogatepass")))
            found = self._latest[index] = text, fault, self._marks[index]
        return found
