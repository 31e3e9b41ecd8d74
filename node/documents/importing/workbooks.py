"""An `.xlsx` workbook without its cells: a zip file whose parts refer to each other (ECMA-376).

What is held in memory is the list of sheets, the formats of cells and the shared texts.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - zlib's own name says nothing

from node.errors import MalformedTable

from .cells import SHEETS_LIMIT
from .numberformats import BUILT_IN, GENERAL
from .spreadsheetxml import Broken, SharedStrings, feed, is_true, local, new_parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

UNPACKED_LIMIT_BYTES = 256 * 1024 * 1024
"""Of the parts together."""
DIRECTORY_LIMIT_BYTES = 4 * 1024 * 1024
"""Of the zip file's list of parts, which is read whole."""
STYLES_LIMIT = 65_536
DEPTH_LIMIT = 64
_END_RECORD_BYTES = 65_557


class Style(NamedTuple):
    """What a cell's format says of its content."""

    code: str
    """The number format."""
    struck: bool
    white: bool
    """White on nothing, as those write who hide a text."""


@dataclass(slots=True)
class Part:
    """One sheet as the workbook lists it."""

    name: str
    hidden: bool
    kind: str
    """`worksheet`, `chartsheet` and others."""
    target: str


@dataclass(slots=True)
class Book:
    """A workbook without its cells."""

    path: Path
    sheets: list[Part] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)
    strings: SharedStrings = field(default_factory=SharedStrings)
    from_1904: bool = False
    uncalculated: bool = False
    """Its maker left every formula to be calculated when it is opened."""


def load_book(path: Path) -> Book:
    """Read a workbook but for its cells.

    Raises:
        MalformedTable: it is no workbook, is broken, or would be too large.
    """
    with opened(path) as packed:
        book = Book(path)
        kinds = {kind: target for target, kind in _relations(packed, "").values()}
        if "officeDocument" not in kinds:
            raise Broken("不是工作簿 / not a workbook")
        main = kinds["officeDocument"]
        related = _relations(packed, main)
        _read_part(packed, main, lambda *element: _of_workbook(book, related, *element))
        for target, kind in related.values():
            if kind == "styles":
                sheet = _StyleSheet()
                with open_part(packed, target) as file:
                    feed(new_parser(sheet.start, sheet.end), file)
                book.styles = sheet.styles
            elif kind == "sharedStrings":
                with open_part(packed, target) as file:
                    book.strings.load(file)
    return book


@contextmanager
def opened(path: Path) -> Iterator[ZipFile]:
    """Open the zip file; whatever turns out to be wrong inside it is said as our own error.

    Raises:
        MalformedTable: so it is.
    """
    try:
        with _zip(path) as packed:
            yield packed
    except MalformedTable:
        raise
    except (
        *(Broken, ExpatError, BadZipFile, ZlibError, EOFError, OSError),
        # An encrypted or oddly packed part; a number where none stands; a part that is not there.
        *(RuntimeError, ValueError, LookupError),
    ) as error:
        raise MalformedTable(
            f"{path.name} 不是 Excel 工作簿，或已损坏：请用 Excel 或 WPS 打开后另存为 .xlsx"
            f" / not a workbook, or broken: {error}",
            path=str(path),
        ) from error


def _zip(path: Path) -> ZipFile:
    with path.open("rb") as file:
        # ZipFile reads the list of parts whole: its size is in the last record.
        file.seek(max(0, file.seek(0, 2) - _END_RECORD_BYTES))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or int.from_bytes(tail[end + 12 : end + 16], "little") > DIRECTORY_LIMIT_BYTES:
        raise BadZipFile("no end record, or too many parts")
    packed = ZipFile(path)
    if sum(part.file_size for part in packed.infolist()) > UNPACKED_LIMIT_BYTES:
        packed.close()
        raise MalformedTable(
            f"{path.name} 解压后超过 256 MiB / unpacks to more than 256 MiB", path=str(path)
        )
    if len(packed.NameToInfo) < len(packed.filelist):
        packed.close()
        raise BadZipFile("two parts of one name")  # readers differ in which of them they take
    return packed


def open_part(packed: ZipFile, name: str) -> IO[bytes]:
    """Open a part. Names may differ in case from how they are referred to (part 2, 9.1.1)."""
    if name not in packed.NameToInfo:
        wanted = name.lower()
        name = next((each for each in packed.NameToInfo if each.lower() == wanted), name)
    return packed.open(name)


def find_related(packed: ZipFile, part: str, kind: str) -> str | None:
    """Return the part of a kind that a sheet refers to, if there is one."""
    folder, _, name = part.rpartition("/")
    wanted = f"{folder}/_rels/{name}.rels".lower()
    if not any(each.lower() == wanted for each in packed.NameToInfo):
        return None
    return next((at for at, what in _relations(packed, part).values() if what == kind), None)


def _read_part(packed: ZipFile, name: str, start: Callable[[str, dict[str, str]], None]) -> None:
    """Give each element of a small part to `start`, with names without their prefixes."""

    def plainly(element: str, attributes: dict[str, str]) -> None:
        start(local(element), {local(key): text for key, text in attributes.items()})

    with open_part(packed, name) as file:
        feed(new_parser(plainly), file)


def _relations(packed: ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Read what a part refers to, by identifier: the target and the last word of the kind."""
    folder, _, name = part.rpartition("/")
    found: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes["Type"].rpartition("/")[2]
            found[attributes["Id"]] = _resolved(folder, attributes["Target"]), kind

    _read_part(packed, f"{folder}/_rels/{name}.rels".lstrip("/"), start)
    return found


def _resolved(folder: str, target: str) -> str:
    pieces: list[str] = []
    for piece in (target if target.startswith("/") else f"{folder}/{target}").split("/"):
        if piece == "..":
            del pieces[-1:]
        elif piece not in ("", "."):
            pieces.append(piece)
    return "/".join(pieces)


def _of_workbook(
    book: Book, related: dict[str, tuple[str, str]], name: str, attributes: dict[str, str]
) -> None:
    if name == "workbookPr":
        book.from_1904 = is_true(attributes.get("date1904"))
    elif name == "calcPr":
        book.uncalculated = is_true(attributes.get("fullCalcOnLoad"))
    elif name == "sheet":
        target, kind = related.get(attributes["id"], ("", ""))
        hidden = attributes.get("state", "visible") != "visible"
        book.sheets.append(Part(attributes["name"], hidden, kind, target))
        if len(book.sheets) > SHEETS_LIMIT:
            raise Broken(f"超过 {SHEETS_LIMIT} 张工作表 / too many sheets")


class _StyleSheet:
    """Expat's handlers over the formats that cells refer to by number."""

    def __init__(self) -> None:
        self.styles: list[Style] = []
        self._codes = dict(BUILT_IN)
        self._fonts: list[dict[str, bool]] = []
        self._fills: list[bool] = []
        self._inside: list[str] = []
        self._known: dict[tuple[str, ...], Callable[[dict[str, str]], None]] = {
            ("numFmts", "numFmt"): self._code,
            ("fonts", "font"): lambda _: self._fonts.append({}),
            ("fonts", "font", "strike"): self._strike,
            ("fonts", "font", "color"): self._colour,
            ("fills", "fill"): lambda _: self._fills.append(False),
            ("fills", "fill", "patternFill"): self._pattern,
            ("fills", "fill", "gradientFill"): lambda _: self._pattern({"patternType": "any"}),
            ("cellXfs", "xf"): self._format,
        }

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._inside.append(local(name))
        for depth in (2, 3):
            if known := self._known.get(tuple(self._inside[-depth:])):
                known(attributes)
        many = max(len(self._fonts), len(self._fills), len(self.styles), len(self._codes))
        if many > STYLES_LIMIT or len(self._inside) > DEPTH_LIMIT:
            raise Broken("单元格格式太多 / too many styles")

    def end(self, _: str) -> None:
        self._inside.pop()

    def _code(self, attributes: dict[str, str]) -> None:
        self._codes[int(attributes["numFmtId"])] = attributes["formatCode"]

    def _strike(self, attributes: dict[str, str]) -> None:
        self._fonts[-1]["struck"] = is_true(attributes.get("val"), default=True)

    def _colour(self, attributes: dict[str, str]) -> None:
        rgb, tint = attributes.get("rgb", ""), float(attributes.get("tint", 0))
        paper = attributes.get("theme") == "0" and tint >= 0
        palette = attributes.get("indexed") in ("1", "9")
        self._fonts[-1]["white"] = rgb.upper().endswith("FFFFFF") or paper or palette

    def _pattern(self, attributes: dict[str, str]) -> None:
        self._fills[-1] = attributes.get("patternType", "none") != "none"

    def _format(self, attributes: dict[str, str]) -> None:
        font, fill = int(attributes.get("fontId", 0)), int(attributes.get("fillId", 0))
        looks = self._fonts[font] if font < len(self._fonts) else {}
        white = looks.get("white", False) and not (fill < len(self._fills) and self._fills[fill])
        code = self._codes.get(int(attributes.get("numFmtId", 0)), GENERAL)
        self.styles.append(Style(code, struck=looks.get("struck", False), white=white))
