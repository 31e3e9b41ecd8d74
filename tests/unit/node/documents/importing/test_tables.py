"""Tables are read row by row: what is empty is not kept, and no row is wider than it may be."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from node.documents.importing import tables
from node.documents.importing.tables import read_rows
from node.errors import MalformedTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PEAK = """
import resource, sys
from pathlib import Path
from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
mapping = load_mapping("t2")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from node.errors import MalformedTable
try:
    file_table(Path(sys.argv[1]), mapping, department="x", next_version=lambda _: 1)
except MalformedTable:
    pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def peak_mebibytes(path: Path) -> int:
    """Return by how much a process grows that files this table."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def workbook(path: Path, *rows: Sequence[object]) -> Path:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def claiming(path: Path, place: str, *rows: Sequence[object]) -> Path:
    """Write a workbook that says its table reaches to `place`."""
    plain = workbook(path.with_name("plain.xlsx"), *rows)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.startswith("xl/worksheets/"):
                claim = f'<dimension ref="A1:{place}"/><sheetData>'.encode()
                data = data.replace(b"<sheetData>", claim)
            new.writestr(part, data)
    return path


def test_sixteen_thousand_columns_cost_no_memory(tmp_path):
    rows = [["信息资源名称", "共享类型"], *[["户籍信息", "无条件共享"]] * 2_000]
    assert peak_mebibytes(claiming(tmp_path / "wide.xlsx", "XFD2001", *rows)) < 100


def test_a_csv_file_of_commas_costs_no_memory(tmp_path):
    path = tmp_path / "commas.csv"
    path.write_text("信息资源名称,共享类型\n户籍信息,无条件共享\n" + "," * 30_000_000, "utf-8")
    assert peak_mebibytes(path) < 100


def test_what_is_empty_at_the_end_of_a_row_is_not_there(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["a", "", " b ", " ", ""], ["", ""], ["c"])
    rows = [(row.number, row.cells) for row in read_rows(path)]
    assert rows == [(1, ("a", "", "b")), (2, ()), (3, ("c",))]


def test_a_sheet_that_claims_to_be_wide_is_as_wide_as_its_cells(tmp_path):
    wide = claiming(tmp_path / "wide.xlsx", "XFD9", ["a", "b"])
    assert [row.cells for row in read_rows(wide)] == [("a", "b")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["x"] * (tables.COLUMNS_LIMIT + 1), "列"),
        (["x" * (tables.CELL_LIMIT + 1)], "一格"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_too_wide_is_refused_by_its_number(tmp_path, row, reason, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("a\n" + ",".join(row) + "\n", "utf-8")
    elif reason == "列":
        workbook(path, ["a"], row)
    else:
        pytest.skip("openpyxl cuts such a cell when it writes it")
    with pytest.raises(MalformedTable, match=f"第 2 行.*{reason}"):
        list(read_rows(path))


def test_a_row_of_many_lines_is_bounded_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROW_LIMIT", 100)
    path = tmp_path / "a.csv"
    path.write_text('a,"b\n' + 'c",d,"e\n' * 50, "utf-8")
    with pytest.raises(MalformedTable, match="100"):
        list(read_rows(path))
    path.write_text("x,y\n" * 100, "utf-8")
    assert len(list(read_rows(path))) == 100


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "UNPACKED_LIMIT_BYTES", 1000)
    path = workbook(tmp_path / "a.xlsx", ["a"])
    with pytest.raises(MalformedTable, match="解压"):
        list(read_rows(path))


def test_only_filled_rows_count_against_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_LIMIT", 3)
    path = tmp_path / "a.csv"
    path.write_text("a\nb\nc\n\n\n\n", "utf-8")
    assert sum(bool(row.cells) for row in read_rows(path)) == 3
    path.write_text("a\nb\n\nc\n", "utf-8")
    with pytest.raises(MalformedTable, match="第 4 行"):
        list(read_rows(path))


def test_lines_of_a_cell_end_alike(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'"a\r\nb\rc\td\t"\r\n')
    assert [row.cells for row in read_rows(path)] == [("a\nb\nc\td",)]
