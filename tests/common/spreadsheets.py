"""Workbooks as tests need them: rows by openpyxl, or parts written by hand."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from openpyxl import Workbook

from node.documents.importing.tables import read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from node.documents.importing.tables import Sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/></Types>'
)


def workbook(path: Path, *rows: Sequence[object]) -> Path:
    """Write one sheet of these rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def rewritten(source: Path, path: Path, part: str, old: bytes, new: bytes) -> Path:
    """Copy a workbook, replacing bytes that must be in this part."""
    with (
        zipfile.ZipFile(source) as before,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for each in before.infolist():
            data = before.read(each)
            if each.filename == part:
                assert old in data, f"{old!r} is not in {part}"
                data = data.replace(old, new)
            after.writestr(each, data)
    return path


def relations(*targets: tuple[str, str]) -> str:
    """Write a part's references: kind and target, numbered rId1 and on."""
    listed = "".join(
        f'<Relationship Id="rId{at}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{listed}</Relationships>'


def by_hand(
    path: Path,
    data: str | Iterable[str],
    *,
    around: tuple[str, str] = ("", ""),
    styles: str = "",
    strings: str = "",
    book: str = "",
    state: str = "",
) -> Path:
    """Write a workbook of one sheet from the XML of its `sheetData`, and what stands around it."""
    pieces = [data] if isinstance(data, str) else data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr("[Content_Types].xml", _CONTENT_TYPES)
        packed.writestr("_rels/.rels", relations(("officeDocument", "xl/workbook.xml")))
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            relations(
                ("worksheet", "worksheets/sheet1.xml"),
                ("styles", "styles.xml"),
                ("sharedStrings", "sharedStrings.xml"),
            ),
        )
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{book}<sheets>'
            f'<sheet name="目录" sheetId="1" {state} r:id="rId1"/></sheets></workbook>',
        )
        packed.writestr("xl/styles.xml", f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>')
        packed.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{strings}</sst>')
        with packed.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{MAIN}">{around[0]}<sheetData>'.encode())
            for piece in pieces:
                sheet.write(piece.encode())
            sheet.write(f"</sheetData>{around[1]}</worksheet>".encode())
    return path


def only_sheet(path: Path) -> Sheet:
    """Open a file that has one sheet."""
    (sheet,) = read_sheets(path)
    return sheet


def seen(path: Path) -> dict[str, str]:
    """Return every cell of the only sheet by its name, a fault behind a `!`."""
    from node.documents.importing.tables import cell_name

    found = {}
    for row in only_sheet(path).rows:
        for at, text in enumerate(row.cells):
            fault = row.faults.get(at, "")
            if text or fault:
                found[cell_name(row.number, at)] = f"{text}!{fault}" if fault else text
    return found
