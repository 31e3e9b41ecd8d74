"""`shareledger catalogue check`: what an official filled in is an entry, or a plain sentence."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from api.cli.catalogue_filing_commands import render_json
from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.documents.importing.template import OUR_HEADINGS, T2_HEADINGS, write_template
from tests.common.codes import department_code
from tests.common.shell import invoke
from tests.common.t2 import DEPARTMENT, ROW, SECOND_ITEM

CASES = Path(__file__).parents[3] / "vectors" / "filing"
PAGE = Path(__file__).parents[4] / "docs" / "filing.zh-CN.md"
HEADINGS = (*T2_HEADINGS, *OUR_HEADINGS)
SIGNS = frozenset("[]{}^$*\\")
"""Of regular expressions; no official is shown one."""


@dataclass
class Checked:
    """What a check printed as JSON, and its exit code."""

    code: int
    entries: list[dict[str, Any]]
    problems: list[dict[str, str]]
    warnings: list[dict[str, str]]

    def items(self) -> dict[str, list[str]]:
        return {entry["code"]: [item["name"] for item in entry["items"]] for entry in self.entries}

    def at(self, cell: str, *, sheet: str = "") -> str:
        """What the one problem at a cell says."""
        said: list[str] = [
            each["message"]
            for each in self.problems
            if (each["cell"], each["sheet"]) == (cell, sheet)
        ]
        assert len(said) == 1
        return said[0]


def check(path: Path, *options: str) -> Checked:
    """Check as a command; what this module writes by itself, without the command around it."""
    if options or path.parent == CASES:
        done = invoke("catalogue", "check", path, "--json", *options)
        said, code = json.loads(done.output), done.code
    else:
        said = json.loads(render_json(file_table(path, load_mapping("t2"))))
        code = 1 if said["problems"] else 0
    assert set(said) == {"entries", "problems", "warnings"}
    for each in (*said["problems"], *said["warnings"]):
        assert set(each) == {"sheet", "cell", "value", "message"}
        assert not SIGNS & set(each["message"])
    assert code == (1 if said["problems"] else 0)
    return Checked(code, said["entries"], said["problems"], said["warnings"])


def cell(heading: str, row: int = 2) -> str:
    """Where a heading's cell stands in tables this module writes."""
    letters, column = "", HEADINGS.index(heading) + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def filled(path: Path, *rows: dict[str, str], headings=HEADINGS) -> Path:
    """Write a CSV file, headings in its first row."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows([row.get(heading, "") for heading in headings] for row in rows)
    return path


@pytest.fixture
def table(tmp_path):
    return lambda *rows, **how: filled(tmp_path / "表.csv", *rows, **how)


@pytest.fixture
def workbook(tmp_path):
    def make(*sheets):
        book = Workbook()
        book.remove(book.worksheets[0])
        for name, rows in sheets:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "表.xlsx")
        return tmp_path / "表.xlsx"

    return make


def cells_of(*rows):
    return [list(HEADINGS), *([row.get(heading) for heading in HEADINGS] for row in rows)]


CODE, OTHER = ROW["信息资源代码"], "30300101/06002"
FILED = {CODE: ["姓名"]}


class TestTheCasesThatFailed:
    @pytest.mark.parametrize(
        ("name", "items"),
        [
            ("dimension_rows3.xlsx", {"20100/00017": ["坐落", "面积"]}),
            ("merged_code.xlsx", {"20100/00017": ["坐落", "面积"]}),
            ("two_filled_sheets.xlsx", {"20100/00017": ["坐落"], "20100/00099": ["坐落"]}),
            ("chartsheet_first.xlsx", {"20100/00017": ["坐落", "面积"]}),
            ("leadzero.xlsx", {"20100/00017": ["坐落"]}),
            ("code_purpose_comma_list.xlsx", {"20100/00017": ["坐落"]}),
        ],
    )
    def test_are_filed_with_all_their_items(self, name, items):
        found = check(CASES / name)
        assert (found.code, found.items()) == (0, items)

    def test_a_code_is_what_its_number_format_shows(self):
        [entry] = check(CASES / "leadzero.xlsx").entries
        assert entry["items"][0]["code"] == "007"

    def test_a_chart_is_named(self):
        [warning] = check(CASES / "chartsheet_first.xlsx").warnings
        assert (warning["sheet"], "图表" in warning["message"]) == ("图", True)

    @pytest.mark.parametrize(
        ("name", "sheet", "where", "value", "said"),
        [
            ("code_cell_error.xlsx", "目录", "E3", "#REF!", "出错"),
            ("code_uscc_numeric_cell.xlsx", "目录", "H3", "111309000000000000", "15 位"),
            ("date_trail2.xlsx", "目录", "AM3", "2026-02-270", "2026-02-27"),
            ("name_x000D.xlsx", "目录", "L3", "坐落\n地址", "不得换行"),
            ("nul.csv", "", "E2", "房\0屋登记", "空字符 NUL（U+0000）"),
        ],
    )
    def test_are_refused_at_the_cell(self, name, sheet, where, value, said):
        found = check(CASES / name)
        [problem] = found.problems
        assert (problem["sheet"], problem["cell"], problem["value"]) == (sheet, where, value)
        assert said in problem["message"]
        assert found.entries == []

    def test_personal_information_in_a_later_row_asks_for_its_assessment(self):
        found = check(CASES / "pi_second_row.csv")
        assert found.entries == []
        assert "第 2 行" in found.at("AK3")
        assert "个人信息保护影响评估" in found.at("AN2")


class TestADay:
    @pytest.mark.parametrize(
        "text",
        ["2026-3-1", "2026年3月1日", "20260301", "2026/3/1", "2026.3.1", "２０２６－０３－０１",
         "２０２６年３月１日", "2026。3。1", "2026-03-01 00:00:00"],
    )  # fmt: skip
    def test_is_read_however_it_is_written(self, table, text):
        assert check(table({**ROW, "保密审查日期": text})).items() == FILED

    @pytest.mark.parametrize("value", [date(2026, 3, 1), datetime(2026, 3, 1)])  # noqa: DTZ001 - as Excel has it
    def test_is_read_from_a_cell_that_holds_a_date(self, workbook, value):
        found = check(workbook(("目录", cells_of({**ROW, "保密审查日期": value}))))
        assert found.items() == FILED

    @pytest.mark.parametrize(
        "text",
        ["45000", "2026-02-270", "2026-02-30", "3/1/2026", "2026年3月", "去年", "1999-01-01"],
    )
    def test_is_refused_where_it_cannot_be_told(self, table, text):
        found = check(table({**ROW, "保密审查日期": text}))
        assert found.entries == []
        assert found.at(cell("保密审查日期"))

    def test_is_not_taken_from_a_number(self, workbook):
        found = check(workbook(("目录", cells_of({**ROW, "保密审查日期": 45000}))))
        assert "2023-03-15" in found.at(cell("保密审查日期"), sheet="目录")


class TestRowsOfOneEntry:
    @pytest.mark.parametrize(
        ("heading", "other"),
        [
            ("信息资源名称", "户口登记"),
            ("信息资源提供方", "沧州市民政局"),
            ("资源提供方代码", department_code(2)),
            ("共享类型", "无条件共享"),
            ("更新周期", "每月"),
            ("信息资源摘要", "另一段摘要"),
            ("使用用途", "RXHY 入学核验"),
            ("保密审查日期", "2026-03-09"),
            ("是否含个人信息", "否"),
        ],
    )
    def test_that_disagree_are_a_problem_at_the_row_and_column(self, table, heading, other):
        found = check(table(ROW, {**SECOND_ITEM, heading: other}))
        assert found.entries == []
        assert ROW[heading] in found.at(cell(heading, 3))
        assert len(found.problems) == 1

    @pytest.mark.parametrize(
        ("heading", "same"),
        [
            ("保密审查日期", "2026年3月1日"),
            ("是否含个人信息", "√"),
            ("更新周期", " 每日 "),
            ("使用用途", "ZHSX 智慧升学;RKTJ 人口统计"),
            ("信息资源名称", ""),
        ],
    )
    def test_that_say_the_same_otherwise_are_one_entry(self, table, heading, same):
        found = check(table(ROW, {**SECOND_ITEM, heading: same}))
        assert found.items() == {CODE: ["姓名", "身份号码"]}

    def test_the_first_row_that_says_it_speaks_for_all(self, table):
        later = {**SECOND_ITEM, "信息资源摘要": "户籍登记信息"}
        assert check(table({**ROW, "信息资源摘要": ""}, later)).code == 0

    def test_the_entry_is_left_out_whole_for_one_bad_row(self, table):
        good = {**ROW, "信息资源代码": OTHER}
        found = check(table(ROW, {**SECOND_ITEM, "数据类型": "文字"}, good))
        assert found.items() == {OTHER: ["姓名"]}
        assert "字符型C" in found.at(cell("数据类型", 3))

    def test_that_are_not_neighbours_are_refused_at_the_second_place(self, table):
        other = {**ROW, "信息资源代码": OTHER}
        found = check(table(ROW, other, SECOND_ITEM))
        assert found.items() == {OTHER: ["姓名"]}
        assert "第 2 行" in found.at(cell("信息资源代码", 4))

    def test_on_two_sheets_are_refused_at_the_second(self, workbook):
        found = check(workbook(("一", cells_of(ROW)), ("二", cells_of(SECOND_ITEM))))
        assert found.entries == []
        assert "工作表「一」第 2 行" in found.at(cell("信息资源代码"), sheet="二")

    def test_without_a_code_are_one_problem_and_no_entry_of_fewer_items(self, table):
        bare = {key: value for key, value in SECOND_ITEM.items() if key != "信息资源代码"}
        found = check(table(ROW, bare, {**bare, "信息项代码": "MZ", "信息项名称": "民族"}))
        assert found.entries == []
        [problem] = found.problems
        assert problem["cell"] == cell("信息资源代码", 3)
        assert "第 3 至 4 行" in problem["message"]

    def test_a_share_type_left_blank_in_a_later_row_is_the_entrys(self, table):
        [entry] = check(table(ROW, {**SECOND_ITEM, "共享类型": ""})).entries
        assert [item["shareType"] for item in entry["items"]] == ["有条件共享"] * 2

    def test_codes_in_full_width_are_the_same_code(self, table):
        wide = {**SECOND_ITEM, "信息资源代码": "３０３００１０１／０６００１"}
        found = check(table(ROW, wide))
        assert found.items() == {CODE: ["姓名", "身份号码"]}


class TestAValue:
    @pytest.mark.parametrize(
        ("heading", "text"),
        [
            ("是否含个人信息", "√"),
            ("是否含个人信息", "有"),
            ("是否含个人信息", "Ｙ"),
            ("是否向社会开放", "×"),
            ("是否向社会开放", "无"),
            ("数据长度", "４０"),
            ("数据长度", "40 位"),
            ("数据长度", "40字符"),
            ("数据类型", "字符型Ｃ"),
            ("数据类型", "字符型c"),
            ("共享方式类型", "接口、数据库"),
            ("共享方式类型", "接口，数据库"),
            ("使用用途", "RXHY 入学核验，ZHSX 智慧升学"),
            ("使用用途", "ＲＸＨＹ　入学核验"),
            ("使用用途", "RXHY：入学、转学核验"),
            ("使用用途", "RXHY入学核验"),
            ("开放条件", "/"),
            ("信息项代码", "ＸＭ"),
            ("脱敏规则", "ｋｅｅｐ：１，０"),
        ],
    )
    def test_is_read_as_officials_write_it(self, table, heading, text):
        found = check(table({**ROW, heading: text}))
        assert (found.problems, found.items()) == ([], FILED)

    @pytest.mark.parametrize(
        ("heading", "text", "said"),
        [
            ("数据类型", "文字", "字符型C"),
            ("更新周期", "每旬", "每季度"),
            ("共享方式类型", "接口、光盘", "文件"),
            ("是否含个人信息", "部分", "是、否"),
            ("数据长度", "10,2", "整数"),
            ("数据长度", "VARCHAR(40)", "整数"),
            ("信息项代码", "姓名", "字母"),
            ("信息资源代码", "30300101-06001", "斜杠"),
            ("信息资源代码", "30300101/06/001", "斜杠"),
            ("脱敏规则", "前一位", "keep:"),
            ("使用用途", "入学核验", "代码 名称"),
            ("使用用途", "RXHY入学核验，ZHSX智慧升学", "代码 名称"),
            ("资源提供方代码", "11130900MB0000001A", "校验码"),
            ("资源提供方代码", "11130900MB000000", "16 位"),
            ("资源提供方代码", "1113O900MB0000001X", "数字 0"),
            ("信息资源名称", "户籍\u200b信息", "零宽空格（U+200B）"),
            ("信息资源名称", "户籍\ufffd信息", "乱码"),
            ("信息资源名称", "户" * 201, "200 个字"),
            ("信息资源摘要", "", "必须填写"),
            ("不予共享理由", "涉密", "有条件共享不填"),
            ("共享方式类型", "文件", "数据库不能以此方式共享，只能以批量交换（填「数据库」）"),
            ("共享方式类型", "", "必须填写"),
            ("类分类", "", "必须填写"),
            ("更新周期", "其他", "写明周期"),
            ("小数位数", "50", "38"),
            ("保密审查结论", "", "必须填写"),
        ],
    )
    def test_is_refused_at_its_cell_with_what_to_write(self, table, heading, text, said):
        found = check(table({**ROW, "项分类": "", heading: text}))
        assert found.entries == []
        asked = "更新周期说明" if text == "其他" else heading
        assert said in found.at(cell(asked))
        assert len(found.problems) == 1

    @pytest.mark.parametrize("blank", ["类分类", "项分类"])
    def test_of_a_level_above_one_that_is_filled_is_not_blank(self, table, blank):
        found = check(table({**ROW, "目分类": "户政", blank: ""}))
        assert (found.entries, len(found.problems)) == ([], 1)
        assert "下一级填了" in found.at(cell(blank))

    def test_that_no_entry_has_room_for_is_refused(self, table):
        many = [
            {**SECOND_ITEM, "信息项代码": f"A{at}", "信息项名称": f"甲{at}"} for at in range(256)
        ]
        found = check(table(ROW, *many))
        assert "256" in found.at(cell("信息项代码"))

    def test_that_is_not_shared_needs_its_ground_and_no_mode(self, table):
        ground = {
            "不予共享理由": "法律规定",
            "依据类型": "法律",
            "依据名称": "某法",
            "依据条款": "三",
        }
        none = {"共享类型": "不予共享", "共享范围": "", "使用用途": "", "共享方式类型": ""}
        assert check(table({**ROW, **none, **ground})).items() == FILED
        assert "条例第十五条" in check(table({**ROW, **none})).at(cell("不予共享理由"))

    def test_that_was_folded_is_shown_as_it_was(self, table):
        [warning] = check(table({**ROW, "信息资源代码": "３０３００１０１/06001"})).warnings
        assert warning["value"] == "３０３００１０１/06001"
        assert "30300101/06001" in warning["message"]

    def test_that_is_missing_for_the_share_type_names_the_article(self, table):
        found = check(table({**ROW, "共享范围": "", "使用用途": "", "共享条件": ""}))
        assert "条例第十五条" in found.at(cell("共享范围"))


class TestHeadings:
    def without(self, *headings):
        return [each for each in HEADINGS if each not in headings]

    def test_that_are_missing_are_one_problem_each(self, table):
        rows = [{**ROW, "信息资源代码": f"30300101/0600{at}"} for at in range(5)]
        found = check(table(*rows, headings=self.without("职责依据", "来源系统")))
        assert len(found.problems) == 2
        assert {each["cell"] for each in found.problems} == {"1:1"}
        assert "职责依据" in found.problems[0]["message"] + found.problems[1]["message"]

    def test_of_codes_is_the_one_problem_of_a_table_without(self, table):
        found = check(table(ROW, SECOND_ITEM, headings=self.without("信息资源代码")))
        [problem] = found.problems
        assert "信息资源代码" in problem["message"]

    @pytest.mark.parametrize(
        ("meant", "written"),
        [("脱敏规则", "脱敏方式"), ("脱敏规则", "脱敏要求"), ("数据分级", "数据级别"),
         ("使用用途", "用途"), ("更新周期", "更新频率"), ("是否含个人信息", "含个人信息"),
         ("可作查询条件", "查询条件"), ("信息资源名称", "资源名称"), ("信息项名称", "信息项目名称"),
         ("信息资源代码", "信息资源编码")],
    )  # fmt: skip
    def test_that_are_misspelt_are_named_and_stop_the_sheet(self, table, meant, written):
        headings = [written if each == meant else each for each in HEADINGS]
        row = {**ROW, written: ROW.get(meant, "")}
        found = check(table(row, headings=headings))
        [problem] = found.problems
        assert (problem["cell"], problem["value"]) == (cell(meant, 1), written)
        assert meant in problem["message"]
        assert found.entries == []

    def test_that_nothing_reads_are_named_in_one_warning(self, table):
        headings = [*HEADINGS, "科室", "填表日期", "数据容量"]
        found = check(table(ROW, headings=headings))
        assert (found.code, len(found.warnings)) == (0, 1)
        assert "科室、填表日期、数据容量" in found.warnings[0]["message"]

    def test_that_stand_twice_are_refused(self, table):
        found = check(table(ROW, headings=[*HEADINGS, "脱敏规则"]))
        assert "两次" in found.problems[0]["message"]
        assert found.entries == []

    def test_may_carry_marks_spaces_and_explanations(self, table):
        marked = {heading: f"* {heading[:2]} {heading[2:]}（必填）" for heading in HEADINGS}
        row = {marked[heading]: ROW.get(heading, "") for heading in HEADINGS}
        assert check(table(row, headings=list(marked.values()))).items() == FILED

    def test_may_have_brackets_of_their_own(self, tmp_path, table):
        text = resources.files("node.documents.importing").joinpath("t2.toml").read_text("utf-8")
        mapping = tmp_path / "own.toml"
        mapping.write_text(text.replace('"信息资源代码"', '"代码(标识)"'), encoding="utf-8")
        headings = ["代码(标识)" if each == "信息资源代码" else each for each in HEADINGS]
        row = {**ROW, "代码(标识)": CODE}
        found = file_table(table(row, headings=headings), load_mapping(str(mapping)))
        assert [entry.code for entry in found.entries] == [CODE]

    def test_may_stand_below_titles_and_above_guidance(self, workbook):
        rows = cells_of(ROW)
        guidance = ["必填" if heading in T2_HEADINGS else "选填" for heading in HEADINGS]
        top = [["沧州市政务信息资源目录"], [], ["填报单位：沧州市公安局"]]
        found = check(workbook(("目录", [*top, rows[0], guidance, rows[1]])))
        assert found.items() == FILED
        assert "填写说明" in found.warnings[0]["message"]


class TestASheet:
    def test_without_headings_is_named(self, workbook):
        found = check(workbook(("目录", cells_of(ROW)), ("联系人", [["张三", "0317"]])))
        [warning] = found.warnings
        assert (warning["sheet"], "没有读入" in warning["message"]) == ("联系人", True)

    def test_called_an_explanation_is_named_unless_it_is_the_templates(self, workbook, tmp_path):
        found = check(workbook(("目录", cells_of(ROW)), ("情况说明", [["另有三个目录待报"]])))
        assert [each["sheet"] for each in found.warnings] == ["情况说明"]
        write_template(tmp_path / "模板.xlsx", [ROW])
        assert check(tmp_path / "模板.xlsx").warnings == []

    def test_may_have_its_headings_far_below(self, workbook):
        before = [[f"填报须知第 {at} 条"] for at in range(1, 41)]
        found = check(workbook(("目录", [*before, *cells_of(ROW)])))
        assert (found.code, found.items()) == (0, FILED)
        [warning] = found.warnings
        assert (warning["cell"], "上面的各行没有读入" in warning["message"]) == ("41:41", True)

    def test_of_allowed_words_is_no_table(self, workbook):
        words = [["数据类型", "共享类型", "更新周期"], ["字符型C", "有条件共享", "每日"]]
        found = check(workbook(("代码表", words), ("目录", cells_of(ROW))))
        assert (found.items(), [each["sheet"] for each in found.warnings]) == (FILED, ["代码表"])

    def test_with_headings_only_is_refused(self, table):
        [problem] = check(table()).problems
        assert "没有一行目录" in problem["message"]

    def test_may_end_with_a_signature(self, table):
        found = check(table(ROW, {"类分类": "填表人：张三"}))
        assert found.items() == FILED
        assert found.warnings[0]["cell"] == "3:3"

    def test_rows_only_numbered_are_named_once(self, table):
        headings = ["序号", *HEADINGS]
        rows = [{**ROW, "序号": "1"}, *({"序号": str(at)} for at in range(2, 9))]
        found = check(table(*rows, headings=headings))
        assert found.items() == FILED
        assert len([each for each in found.warnings if "等 7 行" in each["message"]]) == 1

    def test_a_column_without_a_heading_is_named(self, workbook):
        rows = cells_of(ROW)
        found = check(workbook(("目录", [rows[0], [*rows[1], "补充"]])))
        assert "AP 列没有表头" in found.warnings[0]["message"]

    def test_with_the_headings_repeated_on_each_page_is_one_table(self, workbook):
        rows = cells_of(ROW, SECOND_ITEM)
        found = check(workbook(("目录", [rows[0], rows[1], rows[0], rows[2]])))
        assert found.items() == {CODE: ["姓名", "身份号码"]}


class TestTheDepartment:
    def test_is_the_provider_the_table_names(self, table):
        assert check(table(ROW), "--department", DEPARTMENT).code == 0
        found = check(table(ROW), "--department", department_code(2))
        assert found.entries == []
        assert department_code(2) in found.at(cell("资源提供方代码"))

    def test_is_one_for_all_entries(self, table):
        other = {**ROW, "信息资源代码": OTHER, "资源提供方代码": department_code(2)}
        found = check(table(ROW, other))
        assert found.items() == FILED
        assert DEPARTMENT in found.at(cell("资源提供方代码", 3))

    def test_has_a_right_code(self, table):
        done = invoke("catalogue", "check", table(ROW), "--department", "1234")
        assert (done.code, done.errors.count("\n")) == (1, 1)
        assert "4 位" in done.errors


class TestWarnings:
    def row(self, **changes):
        plain = {"信息项名称": "坐落", "信息项代码": "ZL", "是否含个人信息": "否"}
        return {**ROW, **plain, **changes}

    def test_there_are_none_for_a_plain_entry(self, table):
        assert check(table(self.row())).warnings == []

    @pytest.mark.parametrize(
        ("name", "code"),
        [("姓名", "F1"), ("户主姓名", "F1"), ("身份证号", "F1"), ("公民身份号码", "F1"),
         ("手机号码", "F1"), ("联系电话", "F1"), ("家庭住址", "F1"), ("出生日期", "F1"),
         ("名字", "XM"), ("号码", "SFZH"), ("证号", "GMSFHM"), ("联系", "SJHM")],
    )  # fmt: skip
    def test_an_item_looks_personal_where_the_entry_says_no(self, table, name, code):
        item = {"信息资源名称": "房屋登记", "信息项名称": name, "信息项代码": code}
        [warning] = check(table(self.row(**item))).warnings
        assert (warning["cell"], name in warning["message"]) == (cell("是否含个人信息"), True)

    @pytest.mark.parametrize(
        ("name", "code"),
        [("项目", "XM"), ("项目名称", "XMMC"), ("企业名称", "QYMC"), ("登记人数", "DJRS"),
         ("电话服务次数", "DH"), ("单位地址", "DWDZ"), ("建筑面积", "JZMJ"), ("姓名字数", "N")],
    )  # fmt: skip
    def test_what_is_nobodys_is_left_alone(self, table, name, code):
        assert check(table(self.row(信息项名称=name, 信息项代码=code))).warnings == []

    def test_a_personal_item_is_shared_without_conditions(self, table):
        free = {"共享类型": "无条件共享", "共享范围": "", "使用用途": ""}
        [warning] = check(table({**ROW, **free})).warnings
        assert (warning["cell"], "无条件共享" in warning["message"]) == (cell("共享类型"), True)

    def test_item_names_are_repeated(self, table):
        again = {**SECOND_ITEM, "信息项名称": "坐落", "信息项代码": "ZL2"}
        [warning] = check(table(self.row(), again)).warnings
        assert (warning["cell"], "重复" in warning["message"]) == (cell("信息项名称", 3), True)

    def test_the_only_item_is_the_entrys_own_title(self, table):
        [warning] = check(table(self.row(信息项名称="户籍信息"))).warnings
        assert "目录名称" in warning["message"]


def test_people_are_told_in_chinese_and_by_cell(table):
    done = invoke("catalogue", "check", table(ROW, {**SECOND_ITEM, "数据类型": "文字"}))
    assert done.code == 1
    assert f"{cell('数据类型', 3)}「数据类型」：只能填：字符型C" in done.output
    assert "（填的是「文字」）" in done.output
    assert done.output.splitlines()[-1].startswith("0 个目录、0 个信息项可以报送，1 个目录不能报送")


def test_good_entries_are_listed_with_their_items_counted(table):
    done = invoke("catalogue", "check", table(ROW, SECOND_ITEM))
    assert done.code == 0
    assert [line.split() for line in done.output.splitlines()[:2]] == [
        ["代码", "名称", "信息项"],
        [CODE, "户籍信息", "2"],
    ]


def test_the_commands_of_the_page_on_filing_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [block] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    first, *checks = [line.split("  #")[0].strip() for line in block.splitlines()]
    for line in (first, *checks):
        words = line.replace("$P", DEPARTMENT).split()
        done = invoke(*words[1:])
        assert done.code == 0, (line, done)
        if line == first:
            book = load_workbook("catalogue.xlsx")
            row = [ROW.get(str(each.value).partition("（")[0]) for each in book.worksheets[0][2]]
            book.worksheets[0].append(row)
            book.save("catalogue.xlsx")
    assert (tmp_path / "marked.xlsx").is_file()


def test_a_copy_is_marked_beside_the_bad_cells(tmp_path, workbook):
    source = workbook(("目录", cells_of(ROW, {**SECOND_ITEM, "数据类型": "文字"})))
    marked = tmp_path / "标注.xlsx"
    done = invoke("catalogue", "check", source, "--mark", marked)
    assert (done.code, str(marked) in done.errors) == (1, True)
    sheet = load_workbook(marked)["目录"]
    assert "字符型C" in sheet[cell("数据类型", 3)].comment.text
    again = check(marked)
    assert [each["cell"] for each in again.problems] == [cell("数据类型", 3)]
    assert again.warnings == []


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.xlsx", b"not a workbook"), ("a.csv", "没有表头\n1\n".encode()), ("a.docx", b"x")],
)
def test_a_file_that_is_no_table_is_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    done = invoke("catalogue", "check", path)
    assert (done.code, done.output, done.errors.count("\n")) == (1, "", 1)
    assert done.errors.startswith("[malformed-table]")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"not a workbook", "不是 Excel 工作簿"),
        ("a.xlsx", b"PK\x03\x04 torn", "已损坏"),
        ("a.xlsx", b"", "是空的"),
        ("a.csv", "没有表头\n1\n".encode(), "找不到表头"),
        ("a.csv", '名称\n"1\n'.encode(), "引号不成对"),
        ("a.csv", "名称,1\n2,3\n".encode("utf-16-le"), "UTF-16"),
        ("a.docx", b"x", "另存为 .xlsx"),
    ],
)
def test_a_file_that_is_no_table_is_one_problem_for_a_program(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    found = check(path, "--department", DEPARTMENT)
    [problem] = found.problems
    assert (found.code, found.entries, said in problem["message"]) == (1, [], True)
    assert " / " not in problem["message"]


class TestARowThatIsNoItem:
    @pytest.mark.parametrize(
        "cells",
        [
            ["填表人：张三", None, None, "审核人：李四", "联系电话：0317-1"],
            ["填表人：", "张三", None, "审核人：", "李四"],
            ["合 计", None, None, None, None, None, None, None, None, None, None, "2 项"],
            [None, None, None, None, None, "备注：代码是暂定的"],
            ["说明：本表一式两份"],
        ],
    )
    def test_below_the_table_is_named_and_costs_no_entry(self, workbook, cells):
        found = check(workbook(("目录", [*cells_of(ROW), [], cells])))
        assert (found.code, found.items()) == (0, FILED)
        [warning] = found.warnings
        assert (warning["cell"], "没有读入" in warning["message"]) == ("4:4", True)

    def test_an_item_named_like_a_sum_is_an_item(self, table):
        found = check(table(ROW, {**SECOND_ITEM, "信息项名称": "合计"}))
        assert (found.code, found.items()) == (0, {CODE: ["姓名", "合计"]})

    @pytest.mark.parametrize(
        "cells",
        [
            [*range(1, len(HEADINGS) + 1)],
            [f"（{at}）" for at in range(1, len(HEADINGS) + 1)],
            ["栏次", *range(1, len(HEADINGS))],
        ],
    )
    def test_the_numbers_of_the_columns_are_passed_over(self, workbook, cells):
        headings, *rows = cells_of(ROW)
        found = check(workbook(("目录", [headings, cells, *rows])))
        assert (found.code, found.items()) == (0, FILED)
        assert [each["cell"] for each in found.warnings] == ["2:2"]


@pytest.mark.parametrize(
    "written", ["{}. {}", "{}、{}", "（{}）{}", "【必填】{1}", "{1}※", "{1}\u200b"]
)
def test_headings_may_be_numbered_and_marked(workbook, written):
    headings, *rows = cells_of(ROW)
    headings = [written.format(at, each) for at, each in enumerate(headings, start=1)]
    found = check(workbook(("目录", [headings, *rows])))
    assert (found.code, found.items(), found.warnings) == (0, FILED, [])


def test_a_heading_over_several_columns_of_data_is_one_problem(workbook):
    path = workbook(("目录", cells_of(ROW, SECOND_ITEM)))
    book = load_workbook(path)
    book["目录"].merge_cells("A1:D1")
    book.save(path)
    found = check(path)
    assert (found.code, found.entries, [each["cell"] for each in found.problems]) == (1, [], ["A1"])
    assert "请拆开" in found.problems[0]["message"]


def test_a_row_whose_code_was_merged_away_takes_its_entry_with_it(workbook):
    path = workbook(("目录", cells_of(ROW, {**ROW, "信息项名称": "民族", "信息项代码": "MZ"})))
    book = load_workbook(path)
    book["目录"].merge_cells("E2:F2")
    book.save(path)
    found = check(path)
    assert (found.code, found.entries) == (1, [])
    assert "必须填写" in found.at(cell("信息资源代码"), sheet="目录")


def test_a_row_struck_out_whole_is_one_problem_about_the_row(workbook):
    path = workbook(("目录", cells_of(ROW, {**SECOND_ITEM, "信息项名称": ""})))
    book = load_workbook(path)
    for each in book["目录"][3]:
        each.font = Font(strike=True)
    book.save(path)
    found = check(path)
    assert (found.code, found.entries) == (1, [])
    assert "这一行划了删除线" in found.at("3:3", sheet="目录")
    assert len(found.problems) == 1


def test_a_row_without_a_code_costs_no_entry_of_another_name(table):
    found = check(table({**ROW, "信息资源代码": "", "信息资源名称": "别的"}, ROW))
    assert (found.code, found.items()) == (1, FILED)


@pytest.mark.parametrize("shown", ["#####", "Err:502", "#名称?", "#N/A"])
def test_what_a_program_shows_for_an_error_is_no_text(table, shown):
    found = check(table({**ROW, "信息项名称": shown}))
    assert "出错" in found.at(cell("信息项名称"))


@pytest.mark.parametrize("written", ["RXHY 入学核验 ZHSX 智慧升学", "1.RXHY 入学核验；2.ZHSX 升学"])
def test_purposes_that_run_into_each_other_are_refused(table, written):
    found = check(table({**ROW, "使用用途": written}))
    assert (found.entries, "分号" in found.at(cell("使用用途"))) == ([], True)


@pytest.mark.parametrize("before", ["标题；副标题;说明\n", "\ufeff"])
def test_what_stands_above_a_csv_file_changes_nothing(tmp_path, before):
    path = filled(tmp_path / "表.csv", ROW)
    path.write_text("\ufeff" + before + path.read_text("utf-8-sig"), "utf-8", newline="")
    found = check(path)
    assert (found.code, found.items()) == (0, FILED)


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("坐落；面积", True),
        ("坐落、面积、用途", True),
        ("省、市名称", False),
        ("用途（住宅；商业；工业）", False),
    ],
)
def test_several_items_in_one_cell_are_pointed_out(table, name, warned):
    found = check(table({**ROW, "信息项名称": name}))
    assert (found.code, found.items()) == (0, {CODE: [name]})
    assert [each["cell"] for each in found.warnings] == [cell("信息项名称")] * warned


def test_headings_in_another_order_further_down_are_one_problem(workbook):
    first, second = cells_of(ROW), cells_of({**ROW, "信息资源代码": OTHER})
    turned = [list(reversed(row)) for row in second]
    found = check(workbook(("目录", [*first, [], *turned])))
    assert (found.code, found.items()) == (1, FILED)
    [problem] = found.problems
    assert (problem["cell"], "次序" in problem["message"]) == ("4:4", True)


def test_a_torn_line_of_a_csv_file_is_named(tmp_path):
    path = tmp_path / "表.csv"
    path.write_bytes("名称\n姓名\n".encode() + "户籍登记信息表的摘要".encode() + b"\xff\n")
    found = check(path, "--department", DEPARTMENT)
    assert [each["cell"] for each in found.problems] == ["3:3"]


def test_a_cell_that_says_there_is_nothing_is_not_called_blank(table):
    found = check(table({**ROW, "使用用途": "无"}))
    assert "等于没有填" in found.at(cell("使用用途"))
