"""A table kept as a grid says what its file does, until a cell of it is typed in anew."""

from __future__ import annotations

import orjson
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from node.documents.importing import grid as grids
from node.documents.importing.cells import column_of
from node.documents.importing.filing import file_table
from node.documents.importing.grid import load_grid, read_grid
from node.documents.importing.mapping import load_mapping
from node.documents.importing.template import write_template
from node.errors import InvalidInput, MalformedTable
from tests.common.t2 import DEPARTMENT, ROW, SECOND_ITEM

T2 = load_mapping("t2")


@pytest.fixture
def table(tmp_path):
    """A filled template with a bad word, a merged range and a row that is struck out."""
    path = tmp_path / "filled.xlsx"
    write_template(path, [ROW, {**SECOND_ITEM, "数据类型": "文字"}, {**ROW, "信息资源代码": "9/9"}])
    book = load_workbook(path)
    sheet = book.worksheets[0]
    sheet.merge_cells("B20:C20")
    for cell in sheet[5]:
        cell.font = Font(strike=True)
    book.save(path)
    return path


def check(path, sheets=None):
    filing = file_table(path, T2, department=DEPARTMENT, sheets=sheets)
    return [each.said() for each in filing.problems], [each.said() for each in filing.warnings]


def place_of(path, heading) -> tuple[str, int, int]:
    """Return sheet, row and column of the first problem under a heading."""
    filing = file_table(path, T2, department=DEPARTMENT)
    problem = next(each for each in filing.problems if each.column == heading)
    letters = problem.cell.rstrip("0123456789")
    return problem.sheet, problem.row, column_of(letters)


def test_a_grid_that_was_kept_says_what_the_file_says(table):
    kept = load_grid(orjson.loads(read_grid(table, "报送.xlsx").dump()))
    problems, warnings = check(table)
    assert (problems, warnings) == check(table, kept.as_sheets())
    assert len(problems) > 1  # else nothing was compared


def test_a_mended_cell_has_no_problem_any_more(table):
    grid = read_grid(table, "报送.xlsx")
    before, _ = check(table)
    grid.change(*place_of(table, "数据类型"), "字符型C")
    after, _ = check(table, load_grid(orjson.loads(grid.dump())).as_sheets())
    assert [each for each in before if "数据类型" in each["message"]]
    assert not [each for each in after if "数据类型" in each["message"]]


def test_what_was_wrong_with_a_cell_as_it_was_read_stays_until_it_is_typed_anew(table):
    sheet = read_grid(table, "x").sheets[0]
    struck = [place for place in sheet.faults if place[0] == 5]
    grid = load_grid(orjson.loads(read_grid(table, "x").dump()))
    row, column = struck[0]
    grid.change(sheet.name, row, column, "新的内容")
    kept = load_grid(orjson.loads(grid.dump())).sheets[0].faults
    assert set(kept) == set(sheet.faults) - {struck[0]}


def test_hidden_characters_are_as_wrong_when_typed_as_when_read(table):
    grid = read_grid(table, "x")
    name = grid.sheets[0].name
    grid.change(name, 3, 0, "甲\u200b乙")
    assert "看不见的字符" in grid.sheets[0].faults[3, 0]


@pytest.mark.parametrize("place", [("没有", 3, 0), (None, 0, 0), (None, 999, 0), (None, 3, 5000)])
def test_only_a_place_of_the_table_is_typed_into(table, place):
    grid = read_grid(table, "x")
    sheet, row, column = place
    with pytest.raises(InvalidInput, match="没有这一格"):
        grid.change(sheet or grid.sheets[0].name, row, column, "x")


def test_a_table_too_long_for_a_page_is_refused(table, monkeypatch):
    monkeypatch.setattr(grids, "ROWS_KEPT", 3)
    with pytest.raises(MalformedTable, match="catalogue import"):
        read_grid(table, "大.xlsx")


def test_a_grid_too_large_to_be_kept_is_refused(table, monkeypatch):
    grid = read_grid(table, "x")
    monkeypatch.setattr(grids, "BYTES_KEPT", 100)
    with pytest.raises(InvalidInput, match="太大"):
        grid.dump()


def test_a_small_file_of_much_text_is_refused_before_it_is_read_whole(tmp_path):
    # A workbook is packed, and may have a text once that stands in many cells.
    book, path = Workbook(write_only=True), tmp_path / "x.xlsx"
    sheet = book.create_sheet("一")
    for _ in range(30):
        sheet.append(["文" * 30_000] * 20)
    book.save(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(MalformedTable, match="太多"):
        read_grid(path, "x.xlsx")
