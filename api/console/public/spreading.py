"""Open rows as a file: CSV, Excel workbook or JSON; what is downloaded is what was digested."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain
from typing import TYPE_CHECKING

import orjson

from node.errors import InvalidInput
from node.protocol.wire import ids
from node.protocol.wire.encoding import rfc3339

from .. import workbook as workbooks

if TYPE_CHECKING:
    from node.service.opendata import OpenEntry, OpenRows

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": workbooks.MEDIA_TYPE,
    "json": "application/json",
}
"""By the end of a file's name."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "'")
"""OWASP (CSV Injection) names the full-width ones, too."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
EXACT_DIGITS = 15
"""Of a number, as a spreadsheet keeps it."""


def csv_file(one: OpenEntry, found: OpenRows) -> bytes:
    """Return UTF-8 with a BOM, every cell in quotes, no cell a formula (see `harmless`)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([harmless(heading) for heading in _headings(one)])
    writer.writerows([harmless(_text(value)) for value in row.values()] for row in found.rows)
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """Put `'` before what a spreadsheet would calculate, and before what begins with `'` itself.

    So the value is the cell without one leading `'`. Numbers, negative ones too, stay as they are.
    """
    risky = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if risky else text


def xlsx_file(one: OpenEntry, found: OpenRows) -> bytes:
    """Return a workbook of one sheet; nothing in it is a formula.

    Raises:
        InvalidInput: a cell is longer than a workbook's may be.
    """
    rows = [[_cell(value) for value in row.values()] for row in found.rows]
    if any(len(str(value)) > workbooks.CELL_CHARACTERS for row in rows for value in row):
        raise InvalidInput(
            f"有单元格超过 {workbooks.CELL_CHARACTERS} 字，Excel 放不下，请下载 CSV 或 JSON / "
            "a cell is too long for a workbook; take CSV or JSON"
        )
    columns = [(heading, 20) for heading in _headings(one)]
    # A row too many makes the last one say that rows were left out.
    behind: list[list[str | int]] = [[]] if found.more else []
    return workbooks.workbook("数据", columns, chain(rows, behind), most=len(rows))


def json_file(one: OpenEntry, found: OpenRows) -> bytes:
    """Return one object: what the entry is, its items, and the rows by item code."""
    paper = one.paper
    return orjson.dumps(
        {
            "entry": one.fact.entry.hex(),
            "department": ids.department_code(one.fact.provider),
            "code": paper.code,
            "version": one.fact.version,
            "name": paper.name,
            "asOf": rfc3339(one.judged),
            "items": [{"code": i.code, "name": i.name, "type": i.type} for i in paper.items],
            "masked": found.masked,
            "more": found.more,
            "rows": found.rows,
        }
    )


FORMATS = {"csv": csv_file, "xlsx": xlsx_file, "json": json_file}


def _headings(one: OpenEntry) -> list[str]:
    return [f"{item.name}（{item.code}）" for item in one.paper.items]


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(value: object) -> str | int:
    if isinstance(value, int) and len(str(abs(value))) <= EXACT_DIGITS:
        return value
    return _text(value)
