"""The sheets of a filled file, whatever its kind: `read_sheets` is the one door to the readers.

The kind is told by the file's first bytes, for names lie: an `.xls` that is a web page is common.
Bad files raise MalformedTable, whatever the library underneath raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import MalformedTable

from .cells import Note, Row, Sheet, cell_name
from .delimited import read_delimited
from .oldworkbooks import read_old_workbook
from .worksheets import read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Note", "Row", "Sheet", "cell_name", "read_rows", "read_sheets"]

SIZE_LIMIT_BYTES = 64 * 1024 * 1024
KINDS = (".xlsx", ".xlsm", ".xls", ".et", ".csv")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_sheets(
    path: Path, *, encoding: str | None = None, sheet: str | None = None
) -> Iterator[Sheet]:
    """Read the sheets of a workbook in their order, or the one named; a CSV file is one sheet.

    `encoding` is that of a CSV file; unset, it is found.

    Raises:
        MalformedTable: the file is missing, too large, of another kind, or broken; there is no
            such sheet. Also while the rows are read: one is too wide, the file ends early.
    """
    if not path.is_file():
        raise MalformedTable(f"找不到文件 {path} / no such file", path=str(path))
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise MalformedTable(f"{path} 读不出 / cannot be read: {error}", path=str(path)) from error
    if path.stat().st_size > SIZE_LIMIT_BYTES:
        raise MalformedTable(f"文件 {path.name} 超过 64 MiB / larger than 64 MiB", path=str(path))
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise MalformedTable(
            f"只接受 .xlsx、.xls、.et 和 .csv，不接受 {kind or path.name}："
            "请用 Excel 或 WPS 打开后另存为 .xlsx / save it as .xlsx",
            path=str(path),
        )
    if start.startswith(_ZIP):
        return read_workbook(path, sheet)
    if start.startswith(_OLE):
        return read_old_workbook(path, sheet)
    if kind == ".csv":
        return iter([read_delimited(path, encoding)])
    what = "其实是网页或文本，" if start.lstrip()[:1] == b"<" or b"\t" in start else ""
    what = what if start.strip() else "是空的，"
    raise MalformedTable(
        f"{path.name} {what}不是 Excel 工作簿：请用 Excel 或 WPS 打开后另存为 .xlsx"
        " / not a workbook",
        path=str(path),
    )


def read_rows(
    path: Path, *, encoding: str | None = None, sheet: str | None = None
) -> Iterator[Row]:
    """Read the rows of the first sheet that holds any, refusing the first cell with a fault."""
    for each in read_sheets(path, encoding=encoding, sheet=sheet):
        empty = True
        for row in each.rows:
            empty = False
            for column, fault in row.faults.items():
                raise MalformedTable(
                    f"{path.name} {each.name} {cell_name(row.number, column)}：{fault}",
                    path=str(path),
                )
            yield row
        if not empty:
            return
