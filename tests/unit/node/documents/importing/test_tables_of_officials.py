"""Tables as officials fill them: nothing seen is lost, one sentence a mistake."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
import xlwt
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font

from node.documents.importing.filing import Filing, file_table, unread
from node.documents.importing.mapping import load_mapping, parse_mapping
from node.documents.importing.marking import mark_workbook
from node.documents.importing.proposing import propose
from node.documents.importing.template import OUR_HEADINGS, T2_HEADINGS
from node.errors import MalformedTable
from tests.common.spreadsheets import by_hand, only_sheet
from tests.common.t2 import ROW, SECOND_ITEM

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = [*T2_HEADINGS, *OUR_HEADINGS]
CODE_FIRST = ["信息资源代码", *(each for each in HEADINGS if each != "信息资源代码")]
OTHER = {**ROW, "信息资源代码": "30300101/06002", "信息资源名称": "户口迁移"}
BOTH = {"30300101/06001": 2, "30300101/06002": 1}
"""Entries with the number of their items."""


def rows_of(*rows, headings=HEADINGS):
    return [
        [row.get(heading) for heading in headings] if isinstance(row, dict) else row for row in rows
    ]


def filled(path: Path, *rows, headings=HEADINGS, change=lambda _: None) -> Path:
    """Write a workbook, headings in its first row."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (headings, *rows_of(*rows, headings=headings)):
        sheet.append(row)
    change(sheet)
    book.save(path)
    return path


def check(path: Path, mapping="t2") -> Filing:
    try:
        return file_table(path, load_mapping(mapping))
    except MalformedTable as error:
        return unread(error)


def filed(found: Filing) -> dict[str, int]:
    return {entry.code: entry.count for entry in found.entries}


def said(found: Filing) -> list[tuple[str, str]]:
    return [(each.cell, each.message) for each in found.problems]


class TestRowsBetweenEntries:
    @pytest.mark.parametrize("merged", [True, False])
    def test_titles_and_remarks_in_the_column_of_codes_cost_nothing(self, tmp_path, merged):
        rows = [
            ["一、公安类目录（共 1 个）"],
            ROW,
            SECOND_ITEM,
            ["二、民政类目录"],
            OTHER,
            ["1、本表一式两份，报市数据局备案。"],
        ]

        def change(sheet):
            for row in (2, 5, 7) if merged else ():
                sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=9)

        found = check(filled(tmp_path / "a.xlsx", *rows, headings=CODE_FIRST, change=change))
        assert (filed(found), found.problems) == (BOTH, [])
        assert [each.cell for each in found.warnings] == ["2:2", "5:5", "7:7"]

    @pytest.mark.parametrize(
        "cells",
        [
            {"类分类": "合计", "信息资源名称": "共1个目录", "信息项名称": "共2项"},
            {"序号": "合计", "信息资源名称": "1个目录", "信息项名称": "2个字段"},
        ],
    )
    def test_a_sum_with_units_is_a_sum(self, tmp_path, cells):
        headings = ["序号", *HEADINGS]
        path = filled(tmp_path / "a.xlsx", ROW, SECOND_ITEM, cells, headings=headings)
        found = check(path)
        assert (filed(found), found.problems) == ({"30300101/06001": 2}, [])
        assert "合计" in {each.value for each in found.warnings}

    def test_ditto_is_no_value_and_no_other_entry(self, tmp_path):
        second = {**SECOND_ITEM, "信息资源代码": "同上", "信息资源名称": "〃"}
        found = check(filled(tmp_path / "a.xlsx", ROW, second, {**OTHER, "来源系统": "同上"}))
        assert found.entries == []
        assert [cell for cell, _ in said(found)] == ["E3", "F3", "AI4"]
        assert all("同上" in message for _, message in said(found))

    def test_one_cell_where_a_row_is_an_entry_is_one_problem(self, tmp_path):
        path = tmp_path / "a.csv"
        rows = [["编号", "名称", "字段"], ["A-1", "甲", "子、丑"], ["A-2"], ["", "以上已审"]]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        mapping = parse_mapping(ENTRY_ROWS, "m")
        found = file_table(path, mapping)
        assert filed(found) == {"A/1": 2}
        assert [cell for cell, _ in said(found)] == ["3:3", "4:4"]
        assert all("请把其余各列填全" in message for _, message in said(found))


ENTRY_ROWS = """
layout = "entry-rows"
[constants]
classification = ["部门"]
abstract = "摘要"
shareType = "无条件共享"
format = "电子表格"
modes = ["文件下载"]
opening = { open = true }
updateCycle = "每年"
provider = "市公安局"
providerCode = "11130900MB0000004Y"
sourceSystem = "系统"
duty = "职责"
personalInformation = false
assessments = [{ kind = "保密审查", conclusion = "不涉密", date = "2026-03-01" }]
[entry]
code = { column = "编号", take = "{1}-{*}" }
name = { column = "名称" }
[items]
names = { column = "字段", split = "、" }
[items.fields]
type = { default = "字符型C" }
grade = { default = "一般1级" }
nullable = { default = true }
filterable = { default = false }
"""


def test_of_a_code_that_comes_again_on_another_sheet_only_that_is_said(tmp_path):
    def change(sheet):
        sheet.title = "目录"
        more = sheet.parent.create_sheet("续")
        for row in (HEADINGS, *rows_of(SECOND_ITEM)):
            more.append(row)

    found = check(filled(tmp_path / "a.xlsx", ROW, change=change))
    assert (found.entries, [cell for cell, _ in said(found)]) == ([], ["F2"])


class TestHeadings:
    def test_struck_out_or_wrong_are_problems_of_the_sheet(self, tmp_path):
        def change(sheet):
            sheet.cell(1, HEADINGS.index("共享条件") + 1).font = Font(strike=True)
            wrong = sheet.cell(1, HEADINGS.index("脱敏规则") + 1)
            wrong.value, wrong.data_type = "#REF!", "e"
            sheet.cell(1, HEADINGS.index("数据长度") + 1).value = '="数据"&"长度"'

        found = check(filled(tmp_path / "a.xlsx", ROW, change=change))
        assert found.entries == []
        assert [cell for cell, _ in said(found)] == ["O1", "V1", "Y1"]

    def test_of_two_tables_side_by_side_are_one_problem(self, tmp_path):
        row = {**ROW, "": None}
        headings = [*HEADINGS, "", *HEADINGS]
        [(cell, message)] = said(check(filled(tmp_path / "a.xlsx", row, headings=headings)))
        assert (cell, "并排" in message) == ("AQ1", True)

    @pytest.mark.parametrize("mark", ["【必填】", "[选填]", "〔必填〕"])
    def test_may_have_any_bracket(self, tmp_path, mark):
        path = filled(tmp_path / "a.xlsx", [ROW.get(each) for each in HEADINGS],
                      headings=[each + mark for each in HEADINGS])  # fmt: skip
        assert filed(check(path)) == {"30300101/06001": 1}

    def test_that_nobody_reads_are_listed_up_to_a_number(self, tmp_path):
        headings = [*HEADINGS, *(f"附加{at}" for at in range(300))]
        [warning] = check(filled(tmp_path / "a.xlsx", ROW, headings=headings)).warnings
        assert "等 300 列" in warning.message
        assert len(warning.message) < 200

    def test_of_which_several_look_like_one_that_is_missing_stop_the_sheet(self, tmp_path):
        headings = [each.replace("信息资源", "资源").replace("信息项", "字段") for each in HEADINGS]

        def change(sheet):
            more = sheet.parent.create_sheet("补报")
            for row in (headings, [OTHER.get(each) for each in HEADINGS]):
                more.append(row)

        found = check(filled(tmp_path / "a.xlsx", ROW, change=change))
        assert filed(found) == {"30300101/06001": 1}
        assert {each.sheet for each in found.problems} == {"补报"}


class TestWhatIsNotACell:
    def test_comments_are_named_but_those_of_a_marked_copy(self, tmp_path):
        def change(sheet):
            sheet["A1"].comment = Comment("必填", "李四")
            sheet["E2"].comment = Comment("名称待定", "李四")

        path = filled(tmp_path / "a.xlsx", {**ROW, "数据类型": "文字"}, change=change)
        found = check(path)
        assert [(each.cell, "批注" in each.message) for each in found.warnings] == [("E2", True)]
        mark_workbook(path, found.problems, tmp_path / "b.xlsx", warnings=found.warnings)
        assert check(tmp_path / "b.xlsx").warnings == []

    def test_a_cell_far_to_the_right_is_named(self, tmp_path):
        def change(sheet):
            sheet["XFD2"] = "x"

        [(_, message)] = said(check(filled(tmp_path / "a.xlsx", ROW, change=change)))
        assert "XFD2" in message

    def test_of_a_sheet_that_is_not_read_only_that_is_said(self, tmp_path):
        def change(sheet):
            words = sheet.parent.create_sheet("代码")
            words.sheet_state = "hidden"
            words.append(["字典"])

        [warning] = check(filled(tmp_path / "a.xlsx", ROW, change=change)).warnings
        assert (warning.sheet, "没有读入" in warning.message) == ("代码", True)

    def test_sheets_a_mapping_does_not_ask_for_are_named(self, tmp_path):
        def change(sheet):
            sheet.title = "目录"
            more = sheet.parent.create_sheet("补报")
            for row in (HEADINGS, *rows_of(OTHER)):
                more.append(row)

        text = load_mapping("t2").model_copy(update={"sheet": "目录"})
        found = file_table(filled(tmp_path / "a.xlsx", ROW, change=change), text)
        assert filed(found) == {"30300101/06001": 1}
        assert [each.sheet for each in found.warnings] == ["补报"]


class TestTexts:
    def test_a_space_of_a_page_of_the_web_is_a_space(self, tmp_path):
        row = {**ROW, "信息资源名称": "\u2003户籍\xa0信息", "信息资源代码": "30300101/06001\xa0"}
        [entry] = check(filled(tmp_path / "a.xlsx", row)).entries
        assert (entry.code, entry.name) == ("30300101/06001", "户籍 信息")

    @pytest.mark.parametrize("mark", "，、｜|/＋")
    def test_several_purposes_are_never_filed_as_one(self, tmp_path, mark):
        row = {**ROW, "使用用途": f"ZHSX 智慧升学{mark}RKTJ 人口统计"}
        found = check(filled(tmp_path / "a.xlsx", row))
        purposes = [len(entry.body["conditions"]["purposes"]) for entry in found.entries]
        assert purposes == [2] or [cell for cell, _ in said(found)] == ["AC2"]

    def test_a_character_of_ones_own_font_is_named(self, tmp_path):
        path = filled(tmp_path / "a.xlsx", {**ROW, "信息资源摘要": "户\ue000籍"})
        [(cell, message)] = said(check(path))
        assert (cell, "U+E000" in message) == ("I2", True)

    def test_null_of_a_database_is_warned_of_once(self, tmp_path):
        rows = ({**ROW, "来源系统": "NULL"}, {**OTHER, "来源系统": "NULL"})
        [warning] = check(filled(tmp_path / "a.xlsx", *rows)).warnings
        assert (warning.cell, "共 2 格" in warning.message) == ("AI2", True)

    def test_names_spread_out_by_spaces_are_still_personal(self, tmp_path):
        names = ["姓  名", "身 份 证 号", "证件号码", "银行账号"]
        rows = [
            {**OTHER, "信息资源代码": f"30300101/{at}", "信息项名称": name, "信息项代码": "A",
             "是否含个人信息": "否", "个人信息保护影响评估结论": "",
             "个人信息保护影响评估日期": ""}
            for at, name in enumerate(names)
        ]  # fmt: skip
        found = check(filled(tmp_path / "a.xlsx", *rows))
        assert [each.cell for each in found.warnings] == [f"AK{at}" for at in range(2, 6)]


def test_a_formula_shared_by_cells_changes_in_all_of_them(tmp_path):
    path = by_hand(
        tmp_path / "a.xlsx",
        '<row r="1"><c r="A1"><f t="shared" ref="A1:B1" si="3">TODAY()</f><v>46082</v></c>'
        '<c r="B1"><f t="shared" si="3"/><v>46082</v></c>'
        '<c r="C1"><f t="shared" si="4"/><v>7</v></c></row>',
    )
    [row] = only_sheet(path).rows
    assert sorted(row.faults) == [0, 1]


@pytest.mark.parametrize(
    ("conclusion", "warned"),
    [("涉密", True), ("机密级", True), ("不涉密", False), ("涉密审查：不涉密", False)],
)
def test_a_review_that_says_secret_is_warned_of(tmp_path, conclusion, warned):
    found = check(filled(tmp_path / "a.xlsx", {**ROW, "保密审查结论": conclusion}))
    assert [each.cell for each in found.warnings] == ["AL2"] * warned


def test_two_names_under_one_code_of_a_provider_are_warned_of_once(tmp_path):
    others = ({**OTHER, "信息资源代码": f"1/{at}", "信息资源提供方": "民政局"} for at in (1, 2))
    [warning] = check(filled(tmp_path / "a.xlsx", ROW, *others)).warnings
    assert (warning.cell, "共 2 个" in warning.message) == ("G3", True)


class TestOldWorkbooks:
    def write(self, path, fill):
        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("目录")
        for at, heading in enumerate(HEADINGS):
            sheet.write(0, at, heading)
            if ROW.get(heading) and heading != "数据长度":
                sheet.write(1, at, ROW[heading])
        fill(sheet)
        book.save(str(path))
        return path

    def test_a_formula_nobody_calculated_is_a_fault(self, tmp_path):
        at = HEADINGS.index("数据长度")
        path = self.write(tmp_path / "a.xls", lambda s: s.write(1, at, xlwt.Formula("20*2")))
        [(cell, message)] = said(check(path))
        assert (cell, "没有算过" in message) == ("V2", True)

    def test_a_white_text_is_named(self, tmp_path):
        at, white = HEADINGS.index("开放条件"), xlwt.easyxf("font: colour white")
        path = self.write(tmp_path / "a.xls", lambda s: s.write(1, at, "依申请", white))
        found = check(path)
        assert [(each.cell, "白色" in each.message) for each in found.warnings] == [("R2", True)]


def test_a_csv_file_may_end_as_dos_ends_it(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows_of(ROW)])
        file.write("\x1a")
    assert (filed(check(path)), check(path).problems) == ({"30300101/06001": 1}, [])


PLATFORM = [
    ["目录编号", "资源名称", "摘要", "数据项", "共享类型", "更新频率", "是否涉及个人信息"],
    ["GA-0003", "户籍登记", "户籍", "姓名、性别", "无条件共享", "每日", "√"],
    ["GA-0007", "机动车登记", "车辆", "号牌、车型", "无条件共享", "每月", "×"],
    ["GA-0009", "驾驶人登记", "驾驶", "准驾、车型", "无条件共享", "每季度", "×"],
]


class TestAProposal:
    def found(self, path, *sheets):
        book = Workbook()
        for name, rows in sheets:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.remove(book.worksheets[0])
        book.save(path)
        return propose(path)

    @pytest.mark.parametrize(
        "change",
        [
            lambda head, *rows: [head, *rows, ["合计", "3个"], ["填表人：张三", "", "审核：李四"]],
            lambda head, *rows: [head, ["一、户政"], rows[0], ["二、车管"], *rows[1:]],
            lambda head, *rows: [head, ["必填"] * len(head), *rows],
            lambda head, *rows: [head, rows[0], [], head, *rows[1:]],
            lambda head, *rows: [["某市目录"], head, *rows, ["说明：数据由科技处维护"]],
        ],
    )
    def test_finds_the_key_whatever_stands_between(self, tmp_path, change):
        found = self.found(tmp_path / "a.xlsx", ("目录", change(*PLATFORM)))
        assert (found.key.heading, len(found.preview)) == ("目录编号", 3)
        assert found.words["personalInformation"] == {"√": True, "×": False}

    def test_reads_a_second_row_of_headings(self, tmp_path):
        top = ["目录编号", "资源名称", "属性", "", "共享属性", "更新频率", "是否涉及个人信息"]
        second = ["", "", "摘要", "数据项", "共享类型", "", ""]
        found = self.found(tmp_path / "a.xlsx", ("目录", [top, second, *PLATFORM[1:]]))
        assert "header_rows = 2 " in found.text
        assert (found.unused, found.preview[0]["items"]) == ([], ["姓名", "性别"])

    def test_passes_over_lists_of_words_and_reads_every_sheet(self, tmp_path):
        words = [["共享类型", "更新频率"], ["有条件", "每日"]]
        more = [PLATFORM[0], ["GA-0100", *PLATFORM[1][1:]]]
        sheets = ("字典", words), ("目录", PLATFORM), ("补报", more)
        found = self.found(tmp_path / "a.xlsx", *sheets)
        assert "sheet =" not in found.text
        text = found.text.replace('providerCode = "待填"', 'providerCode = "1"')
        read = file_table(tmp_path / "a.xlsx", parse_mapping(text.replace("待填", "某"), "m"))
        assert read.total == 4

    def test_says_which_field_no_column_holds_once(self, tmp_path):
        rows = [[*row[:4], "有条件共享", *row[5:]] for row in PLATFORM[1:]]
        found = self.found(tmp_path / "a.xlsx", ("目录", [PLATFORM[0], *rows]))
        assert found.problems == 1
        text = found.text.replace("待填", "某")
        messages = [m for _, m in said(file_table(tmp_path / "a.xlsx", parse_mapping(text, "m")))]
        assert len([each for each in messages if each.startswith("共享条件：")]) == 1
