"""What is wrong is said beside each bad cell, in a copy that reads as the table did."""

from __future__ import annotations

import pytest
import xlwt
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font

from node.documents.importing import marking
from node.documents.importing.complaints import MARKS, Problem
from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.documents.importing.marking import mark_workbook
from node.documents.importing.tables import read_sheets
from node.errors import AlreadyExists, InvalidInput
from tests.common.spreadsheets import by_hand, seen
from tests.common.t2 import ROW

WRONG = Problem("目录", 3, "数据类型", "B3", "字符", "只能填：字符型C")
WHOLE_ROW = Problem("目录", 4, "", "4:4", "", "这一行重复")
WHOLE_SHEET = Problem("目录", 0, "", "", "", "表里没有「摘要」")
DOUBT = Problem("目录", 3, "信息项名称", "A3", "坐落", "像是个人信息")


@pytest.fixture
def table(tmp_path):
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "目录"
    for row in (
        ["填报表"],
        ["信息项名称", "数据类型（字符型C）"],
        ["坐落", "字符"],
        ["007", "=1+1"],
    ):
        sheet.append(row)
    sheet["A3"].font = Font(bold=True)
    sheet["B3"].comment = Comment("请核实", "张三")
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def marked(table, *problems, warnings=(), name="b.xlsx"):
    output = table.with_name(name)
    mark_workbook(table, problems, output, warnings=warnings)
    return output


def test_the_cell_its_row_and_the_sheet_say_what_is_wrong(table):
    output = marked(table, WRONG, WHOLE_ROW, WHOLE_SHEET, warnings=[DOUBT])
    sheet = load_workbook(output).worksheets[0]
    assert [cell.value for cell in sheet["C"]] == [
        None,
        f"{MARKS}\n表里没有「摘要」",
        "「数据类型」只能填：字符型C\n请核对：「信息项名称」像是个人信息",
        "这一行重复",
    ]
    assert sheet["B3"].fill.fgColor.rgb == "FFFFC7CE"
    assert sheet["B3"].comment.text == "请核实\n「数据类型」只能填：字符型C"
    assert sheet["A3"].fill.fgColor.rgb == "FFFFEB9C"
    assert sheet["A3"].font.bold
    assert sheet["B4"].value == "=1+1"
    assert sheet["A4"].comment is None


def test_marks_of_an_earlier_copy_are_taken_away(table):
    first = marked(table, WRONG, WHOLE_ROW)
    sheet = load_workbook(marked(first, WHOLE_ROW, name="c.xlsx")).worksheets[0]
    assert [cell.value for cell in sheet["C"]] == [None, MARKS, None, "这一行重复"]
    assert sheet["B3"].comment is None
    assert sheet["B3"].fill.fill_type is None
    assert sheet.max_column == 3


def test_a_merged_cell_is_marked_where_it_is_seen(table):
    book = load_workbook(table)
    book.worksheets[0].merge_cells("B3:B4")
    book.save(table)
    below = Problem("目录", 4, "数据类型", "B4", "字符", "只能填：字符型C")
    sheet = load_workbook(marked(table, below)).worksheets[0]
    assert sheet["B3"].comment.text.endswith("只能填：字符型C")
    assert sheet["C4"].value == "「数据类型」只能填：字符型C"


def test_no_file_is_overwritten_and_none_of_another_kind_written(table):
    with pytest.raises(AlreadyExists):
        mark_workbook(table, [WRONG], table)
    with pytest.raises(InvalidInput, match=r"\.xlsx"):
        mark_workbook(table, [WRONG], table.with_name("b.xls"))
    with pytest.raises(InvalidInput, match="写不出"):
        mark_workbook(table, [WRONG], table.parent / "none" / "b.xlsx")
    assert [each.name for each in table.parent.iterdir()] == ["a.xlsx"]


class TestOtherKinds:
    CSV = "标题,\n信息项名称,数据类型\n\n房\0屋_x000D_,=A1\n007,字符\n"
    WRONG = Problem("", 5, "数据类型", "B5", "字符", "只能填：字符型C")

    def rows(self, path):
        (sheet,) = read_sheets(path)
        return [(row.number, row.cells, sorted(row.faults)) for row in sheet.rows]

    def test_a_csv_file_becomes_a_workbook_that_reads_the_same(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text(self.CSV, "utf-8")
        before = self.rows(path)
        after = self.rows(marked(path, self.WRONG))
        assert after == [
            before[0],
            (2, ["信息项名称", "数据类型", MARKS], []),
            (4, ["房\0屋_x000D_", "=A1"], [0]),
            (5, ["007", "字符", "「数据类型」只能填：字符型C"], []),
        ]
        sheet = load_workbook(tmp_path / "b.xlsx").worksheets[0]
        assert sheet["B5"].comment.text == "「数据类型」只能填：字符型C"
        assert sheet["B5"].fill.fgColor.rgb == "FFFFC7CE"

    def test_an_old_workbook_becomes_a_new_one(self, tmp_path):
        book = xlwt.Workbook()
        for name in ("目录", "二"):
            sheet = book.add_sheet(name)
            sheet.write(0, 0, "数据类型")
            sheet.write(1, 0, 7, xlwt.easyxf(num_format_str="000"))
        book.save(str(tmp_path / "a.xls"))
        output = marked(tmp_path / "a.xls", Problem("二", 2, "数据类型", "A2", "007", "错"))
        assert [[row.cells for row in each.rows] for each in read_sheets(output)] == [
            [["数据类型"], ["007"]],
            [["数据类型", MARKS], ["007", "「数据类型」错"]],
        ]

    def test_a_large_workbook_is_marked_plainly(self, table, monkeypatch):
        monkeypatch.setattr(marking, "KEPT_LIMIT_BYTES", 100)
        sheet = load_workbook(marked(table, WRONG)).worksheets[0]
        assert sheet["C3"].value == "「数据类型」只能填：字符型C"
        assert not sheet["A3"].font.bold

    def test_one_that_openpyxl_cannot_load_is_marked_plainly(self, tmp_path):
        data = '<row><c t="inlineStr"><is><t>数据类型</t></is></c></row><row><c><v>1</v></c></row>'
        path = by_hand(tmp_path / "a.xlsx", data, styles="<fills><fill/></fills>")
        sheet = load_workbook(
            marked(path, Problem("目录", 2, "数据类型", "A2", "1", "错"))
        ).worksheets[0]
        assert [cell.value for cell in sheet["B"]] == [MARKS, "「数据类型」错"]


def test_an_escaped_underscore_stays_the_text_it_was(tmp_path):
    strings = "<si><t>信息项名称</t></si><si><t>甲_x005F_x000D_乙</t></si>"
    data = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
    styles = (
        "<fonts><font/></fonts><fills><fill><patternFill/></fill></fills>"
        "<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/></cellXfs>"
    )
    path = by_hand(tmp_path / "a.xlsx", data, strings=strings, styles=styles)
    said = Problem("目录", 2, "信息项名称", "A2", "甲", "错")
    assert seen(marked(path, said))["A2"] == seen(path)["A2"] == "甲_x000D_乙"


def test_a_marked_copy_is_filed_as_the_table_was(tmp_path):
    book = Workbook()
    book.worksheets[0].append(list(ROW))
    book.worksheets[0].append([*ROW.values()])
    book.worksheets[0].append(
        [{**ROW, "信息项代码": "A", "数据类型": "字符"}[name] for name in ROW]
    )
    book.save(tmp_path / "a.xlsx")
    mapping = load_mapping("t2")
    before = file_table(tmp_path / "a.xlsx", mapping, department=None)
    assert before.problems
    output = tmp_path / "b.xlsx"
    mark_workbook(tmp_path / "a.xlsx", before.problems, output, warnings=before.warnings)
    after = file_table(output, mapping, department=None)
    assert (after.problems, after.warnings) == (before.problems, before.warnings)
