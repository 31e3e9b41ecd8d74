"""However large a file makes itself, reading it holds a few rows of it."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from tests.common.spreadsheets import by_hand, rewritten, workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEAK = """
import resource, sys
from pathlib import Path
from node.documents.importing.tables import read_sheets
from node.errors import MalformedTable
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = 0
try:
    for sheet in read_sheets(Path(sys.argv[1])):
        rows += sum(1 for _ in sheet.rows)
except MalformedTable:
    rows = -1
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
STYLES = '<cellXfs><xf numFmtId="0"/><xf numFmtId="49"/></cellXfs>'
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>信息资源名称</t></is></c></row>'


def rows_and_mebibytes(path: Path) -> tuple[int, int]:
    """Return how many rows a process reads of this file, and by how much it grows."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
    )
    rows, grown = done.stdout.split()
    return int(rows), int(grown)


def blank_rows(count: int, columns: str) -> Iterator[str]:
    yield HEAD
    for row in range(2, count + 2):
        cells = "".join(f'<c r="{letter}{row}" s="1"/>' for letter in columns)
        yield f'<row r="{row}" spans="1:{len(columns)}" s="1" customFormat="1">{cells}</row>'


def filled_rows(count: int, columns: str) -> Iterator[str]:
    for row in range(1, count + 1):
        cells = (
            f'<c r="{letter}{row}" t="s"><v>{(row * 7 + at) % 50_000}</v></c>'
            for at, letter in enumerate(columns)
        )
        yield f'<row r="{row}">{"".join(cells)}</row>'


def test_formatted_blank_rows_cost_no_memory(tmp_path):
    path = by_hand(tmp_path / "a.xlsx", blank_rows(50_000, "ABCD"), styles=STYLES)
    rows, grown = rows_and_mebibytes(path)
    assert (rows, grown < 50) == (1, True)


def test_a_sheet_that_claims_to_be_wide_is_as_wide_as_its_cells(tmp_path):
    plain = workbook(tmp_path / "plain.xlsx", *[["户籍信息", "无条件共享"]] * 2_000)
    path = rewritten(
        plain,
        tmp_path / "wide.xlsx",
        "xl/worksheets/sheet1.xml",
        b"<sheetData>",
        b'<dimension ref="A1:XFD2001"/><sheetData>',
    )
    rows, grown = rows_and_mebibytes(path)
    assert (rows, grown < 50) == (2_000, True)


def test_sixteen_thousand_blank_columns_cost_no_memory(tmp_path):
    row = f"<row><c><v>1</v></c>{'<c/>' * 16_383}</row>"
    rows, grown = rows_and_mebibytes(by_hand(tmp_path / "a.xlsx", (row for _ in range(50))))
    assert (rows, grown < 50) == (50, True)


def test_a_csv_file_of_commas_costs_no_memory(tmp_path):
    path = tmp_path / "commas.csv"
    path.write_text("信息资源名称,共享类型\n户籍信息,无条件共享\n" + "," * 30_000_000, "utf-8")
    rows, grown = rows_and_mebibytes(path)
    assert (rows, grown < 100) == (-1, True)


@pytest.mark.long
def test_a_million_formatted_blank_rows_stay_within_their_memory(tmp_path):
    path = by_hand(tmp_path / "a.xlsx", blank_rows(1_000_000, "ABCDEFGH"), styles=STYLES)
    rows, grown = rows_and_mebibytes(path)
    assert (rows, grown < 100) == (1, True)


@pytest.mark.long
@pytest.mark.parametrize("count", [20_000, 200_000])
def test_a_long_table_takes_no_more_memory_than_a_short_one(tmp_path, count):
    strings = chain(*(f"<si><t>信息项名称第{at}号文本</t></si>" for at in range(50_000)))
    path = by_hand(
        tmp_path / "a.xlsx",
        filled_rows(count, "ABCDEFGHIJKLMNOPQRST"),
        strings="".join(strings),
    )
    rows, grown = rows_and_mebibytes(path)
    assert (rows, grown < 50) == (count, True)
