"""A file is what its first bytes say; what is given is bounded, whatever the file holds."""

from __future__ import annotations

import pytest

from node.documents.importing import cells, delimited, tables, workbooks
from node.documents.importing.tables import cell_name, read_sheets
from node.errors import MalformedTable
from tests.common.spreadsheets import by_hand, only_sheet, rewritten, workbook


def test_what_is_empty_is_not_there(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["a", "", " b ", " ", ""], ["", ""], ["c"])
    rows = [(row.number, row.cells) for row in only_sheet(path).rows]
    assert rows == [(1, ["a", "", "b"]), (3, ["c"])]


@pytest.mark.parametrize(("place", "name"), [((7, 1), "B7"), ((1, 25), "Z1"), ((3, 16383), "XFD3")])
def test_a_cell_is_named_as_the_spreadsheet_names_it(place, name):
    assert cell_name(*place) == name


@pytest.mark.parametrize(
    ("row", "reason"),
    [(["x"] * (cells.COLUMNS_LIMIT + 1), "列"), (["x" * (cells.CELL_LIMIT + 1)], "一格")],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_too_wide_is_refused_by_its_number(tmp_path, row, reason, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("a,b\n" + ",".join(row) + "\n", "utf-8")
    else:
        inline = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row)
        by_hand(path, f"<row/><row>{inline}</row>")
    with pytest.raises(MalformedTable, match=f"第 2 行.*{reason}"):
        list(only_sheet(path).rows)


def test_only_filled_rows_count_against_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "ROWS_LIMIT", 3)
    path = tmp_path / "a.csv"
    path.write_text("a\nb\nc\n\n\n\n", "utf-8")
    assert len(list(only_sheet(path).rows)) == 3
    path.write_text("a\nb\n\nc\nd\n", "utf-8")
    with pytest.raises(MalformedTable, match="第 5 行"):
        list(only_sheet(path).rows)


def test_a_sheet_is_asked_for_by_its_name(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["a"])
    assert [sheet.name for sheet in read_sheets(path, sheet="Sheet")] == ["Sheet"]
    with pytest.raises(MalformedTable, match="没有工作表「目录」，只有：Sheet"):
        read_sheets(path, sheet="目录")


def test_rows_can_be_read_after_the_last_sheet_was_given(tmp_path):
    sheets = list(read_sheets(workbook(tmp_path / "a.xlsx", ["a"])))
    assert [[row.cells for row in sheet.rows] for sheet in sheets] == [[["a"]]]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.doc", b"x", "只接受"),
        ("a.ods", b"PK\x03\x04", "另存为"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        ("a.xls", b"a\tb\n", "文本"),
        ("a.xlsx", b"", "不是 Excel"),
        ("a.xlsx", b"PK\x03\x04" + bytes(100), "不是 Excel"),
        ("a.xlsx", b"PK\x05\x06" + bytes(18), "不是 Excel"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(1000), "另存为"),
    ],
)
def test_another_kind_of_file_is_refused_with_what_to_do(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MalformedTable, match=reason):
        read_sheets(path)


def test_a_missing_or_large_file_is_refused(tmp_path, monkeypatch):
    with pytest.raises(MalformedTable, match="找不到"):
        read_sheets(tmp_path / "none.xlsx")
    monkeypatch.setattr(tables, "SIZE_LIMIT_BYTES", 10)
    with pytest.raises(MalformedTable, match="64 MiB"):
        read_sheets(workbook(tmp_path / "a.xlsx", ["a"]))


def test_a_workbook_under_another_workbooks_name_is_read(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["a"]).rename(tmp_path / "a.et")
    assert [row.cells for row in only_sheet(path).rows] == [["a"]]


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "UNPACKED_LIMIT_BYTES", 1000)
    with pytest.raises(MalformedTable, match="解压"):
        read_sheets(workbook(tmp_path / "a.xlsx", ["a"]))


def test_a_workbook_of_too_many_parts_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "DIRECTORY_LIMIT_BYTES", 100)
    with pytest.raises(MalformedTable, match="too many parts"):
        read_sheets(workbook(tmp_path / "a.xlsx", ["a"]))


def test_a_broken_part_is_said_as_the_file(tmp_path):
    plain = workbook(tmp_path / "plain.xlsx", ["a"])
    path = rewritten(plain, tmp_path / "b.xlsx", "xl/workbook.xml", b"</sheets>", b"")
    with pytest.raises(MalformedTable, match=r"b\.xlsx 不是 Excel 工作簿，或已损坏"):
        read_sheets(path)


def test_a_csv_row_of_many_lines_is_bounded_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROW_LIMIT", 100)
    path = tmp_path / "a.csv"
    path.write_text('a,"b\n' + 'c",d,"e\n' * 50, "utf-8")
    with pytest.raises(MalformedTable, match="100"):
        list(only_sheet(path).rows)
    path.write_text("x,y\n" * 100, "utf-8")
    assert len(list(only_sheet(path).rows)) == 100
