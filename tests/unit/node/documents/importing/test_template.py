"""The template says how it is filled in, and nothing it says is ever filed."""

from __future__ import annotations

from typing import Any

import pytest
from openpyxl import load_workbook

from node.documents.importing import template
from node.documents.importing.complaints import HELP
from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.documents.importing.tables import read_sheets
from node.documents.importing.template import (
    COLUMNS,
    HELP_HEADINGS,
    INLINE_LIMIT,
    SHEET,
    Choices,
    write_template,
)
from node.errors import AlreadyExists, MalformedTable
from tests.common.t2 import ROW, SECOND_ITEM

MAPPING = load_mapping("t2")


def filed(path):
    return file_table(path, MAPPING, department=None)


@pytest.fixture
def blank(tmp_path):
    write_template(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def examples(path):
    """Return the example's rows, cells by heading, from the explanation sheet."""
    (sheet,) = read_sheets(path, sheet=HELP)
    rows = [row.cells for row in sheet.rows]
    at = [cells[0] for cells in rows].index(HELP_HEADINGS[0])
    first = rows[at].index(HELP_HEADINGS[4])
    return [
        {cells[0]: cells[column] for cells in rows[at + 1 :] if len(cells) > column}
        for column in (first, first + 1)
    ]


def test_a_blank_template_files_nothing_and_warns_of_nothing(blank):
    found = filed(blank)
    assert (found.entries, found.warnings) == ([], [])
    assert ["没有一行目录" in each.message for each in found.problems] == [True]


def test_the_explanation_alone_is_no_table(blank):
    with pytest.raises(MalformedTable, match="找不到表头"):
        file_table(blank, MAPPING.model_copy(update={"sheet": HELP}), department=None)


def test_the_example_filled_in_is_an_entry_of_two_items(blank, tmp_path):
    write_template(tmp_path / "b.xlsx", examples(blank))
    found = filed(tmp_path / "b.xlsx")
    assert (found.problems, found.warnings) == ([], [])
    (entry,) = found.entries
    assert (entry.code, [item["name"] for item in entry.items]) == (
        "20100/00017",
        ["坐落", "建筑面积"],
    )


def test_every_column_is_explained(blank):
    (sheet,) = read_sheets(blank, sheet=HELP)
    explained = {row.cells[0]: row.cells for row in sheet.rows}
    for heading, column in COLUMNS.items():
        assert explained[heading][1:3] == [column.need, column.how]
    assert "字符型C" in explained["数据类型"][3]


@pytest.mark.untraced
def test_what_must_be_filled_in_is_said_so(tmp_path):
    """Leaving out what the sheet calls necessary is a problem, and nothing else is."""
    wrong = []
    for heading, column in COLUMNS.items():
        path = tmp_path / f"{heading}.xlsx"
        write_template(path, [{**ROW, heading: ""}])
        refused = bool(filed(path).problems)
        if column.need != template.IF and refused != (column.need != template.MAY):
            wrong.append(heading)
    assert wrong == []


def rules(path):
    """Return the data validations of the table by heading."""
    sheet: Any = load_workbook(path)[SHEET]
    headings = {cell.column_letter: cell.value.partition("（")[0] for cell in sheet[2]}
    return {
        headings[str(each.sqref).rstrip("0123456789").split(":")[0].rstrip("0123456789")]: each
        for each in sheet.data_validations.dataValidation
    }


def test_every_cell_says_what_belongs_in_it_and_coded_ones_offer_it(blank):
    found = rules(blank)
    assert list(found) == list(COLUMNS)
    assert all(each.showInputMessage and 0 < len(each.prompt) <= 255 for each in found.values())
    assert all(len(each.promptTitle) <= 32 for each in found.values())
    assert found["共享类型"].formula1 == '"无条件共享,有条件共享,不予共享"'
    assert found["共享类型"].showErrorMessage
    assert not found["共享方式类型"].showErrorMessage, "several may be named"
    assert found["是否含个人信息"].formula1 == '"是,否"'
    assert found["信息资源名称"].type is None


def test_a_long_list_stands_on_the_explanation_sheet(tmp_path, monkeypatch):
    listed = tuple(f"第{at}种很长的更新周期" for at in range(40))
    awkward = ("甲,乙", "丙")
    lists = {
        "更新周期": Choices(listed, several=False),
        "数据类型": Choices(awkward, several=False),
    }
    monkeypatch.setattr(template, "choices", lambda: lists)
    write_template(tmp_path / "a.xlsx")
    book: Any = load_workbook(tmp_path / "a.xlsx")
    for heading, wanted in (("更新周期", listed), ("数据类型", awkward)):
        formula = rules(tmp_path / "a.xlsx")[heading].formula1
        assert len(formula) <= INLINE_LIMIT
        name, _, cells = formula.partition("!")
        assert name == f"'{HELP}'"
        assert tuple(row[0].value for row in book[HELP][cells.replace("$", "")]) == wanted


def test_codes_and_dates_are_text_whatever_is_typed(blank):
    sheet: Any = load_workbook(blank)[SHEET]
    formats = {
        cell.value.partition("（")[0]: sheet.column_dimensions[cell.column_letter].number_format
        for cell in sheet[2]
    }
    assert formats["信息资源代码"] == formats["保密审查日期"] == "@"
    assert formats["数据长度"] == "General"


def test_a_filled_template_files_what_was_filled_in(tmp_path):
    write_template(tmp_path / "a.xlsx", [ROW, SECOND_ITEM])
    found = filed(tmp_path / "a.xlsx")
    assert not found.problems
    assert [len(entry.items) for entry in found.entries] == [2]


def test_no_file_is_overwritten(blank):
    with pytest.raises(AlreadyExists):
        write_template(blank)
