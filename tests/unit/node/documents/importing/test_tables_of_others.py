"""Workbooks other software writes are read as they are seen, and as calamine reads them."""

from __future__ import annotations

import os
import random
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

from node.documents.importing.tables import read_sheets
from node.errors import MalformedTable
from tests.common.spreadsheets import only_sheet, seen
from tests.common.t2 import ROW

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z", "M"), exclude_characters="_\u2800"),
    min_size=1,
    max_size=12,
)
CELLS = st.one_of(
    st.none(),
    TEXTS,
    st.integers(-(10**11) + 1, 10**11 - 1),
    st.booleans(),
    st.dates(date(1900, 3, 2), date(9999, 12, 31)),
)


def _as_calamine_has_it(value: object) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case float() if value.is_integer():
            return str(int(value))
        case date():
            return value.isoformat()
    return str(value)


@settings(max_examples=60)
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=6))
def test_calamine_reads_the_same_values(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "calamine.xlsx"
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        # A text that begins like a formula would be one.
        sheet.append([f" {cell}" if isinstance(cell, str) else cell for cell in row])
    book.save(path)
    theirs = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    expected = []
    for row in theirs.to_python(skip_empty_area=False):
        cells = [_as_calamine_has_it(cell).strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        expected.append(cells)
    assert [row.cells for row in only_sheet(path).rows] == [cells for cells in expected if cells]


def filled(tmp_path: Path, **changes: object) -> Path:
    """Write the template's headings and one entry's row by openpyxl, cells by heading."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(ROW))
    sheet.append([changes.get(heading, text) for heading, text in ROW.items()])
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def changed(path: Path, heading: str, **facts: object) -> Path:
    """Set facts of the filled cell under a heading."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    cell = next(each for each in sheet[1] if each.value == heading)
    for name, fact in facts.items():
        setattr(sheet.cell(2, cell.column), name, fact)
    book.save(path)
    return path


def at(path: Path, heading: str) -> tuple[str, str]:
    """Return text and fault of the filled cell under a heading."""
    first, second = only_sheet(path).rows
    column = first.cells.index(heading)
    return second.cells[column], second.faults.get(column, "")


def test_every_cell_of_a_filled_template_is_its_text(tmp_path):
    first, second = only_sheet(filled(tmp_path)).rows
    assert dict(zip(first.cells, second.cells, strict=False)) == ROW
    assert not second.faults


def test_zeros_before_a_number_are_as_its_format_shows_them(tmp_path):
    path = changed(filled(tmp_path, 信息资源代码=7), "信息资源代码", number_format="000")
    assert at(path, "信息资源代码") == ("007", "")


def test_a_code_of_18_digits_in_a_number_is_a_fault(tmp_path):
    text, fault = at(filled(tmp_path, 资源提供方代码=111309000000000001), "资源提供方代码")
    assert "超过 15 位" in fault
    assert text.startswith("1113090000000000")


def test_an_error_in_a_cell_is_a_fault(tmp_path):
    text, fault = at(filled(tmp_path, 信息资源名称="#REF!"), "信息资源名称")
    assert text == "#REF!"
    assert "出错" in fault


def test_a_formula_nobody_calculated_is_a_fault(tmp_path):
    text, fault = at(filled(tmp_path, 信息资源名称="=A1&B1"), "信息资源名称")
    assert text == "=A1&B1"
    assert "没有算过" in fault


@pytest.mark.parametrize("cell", ["坐落_x000D_\n地址", "坐落_x000D_地址", "坐落\r\n地址"])
def test_a_carriage_return_is_a_line_break(tmp_path, cell):
    assert at(filled(tmp_path, 信息项名称=cell), "信息项名称") == ("坐落\n地址", "")


@pytest.mark.parametrize(
    "cell", ["2026-02-270", "ZHSX 智慧升学，RKTJ 人口统计", "２０２６", "26.2.27"]
)
def test_what_a_rule_must_judge_is_given_as_it_stands(tmp_path, cell):
    assert at(filled(tmp_path, 保密审查日期=cell), "保密审查日期") == (cell, "")


def test_a_date_is_read_whatever_order_shows_it(tmp_path):
    for code in ("yyyy-mm-dd", "m/d/yy", 'yyyy"年"m"月"d"日"', "[$-804]yyyy/m/d;@"):
        path = changed(
            filled(tmp_path, 保密审查日期=date(2026, 2, 27)), "保密审查日期", number_format=code
        )
        assert at(path, "保密审查日期") == ("2026-02-27", "")


def test_charts_are_passed_over_and_every_sheet_is_given(tmp_path):
    book = Workbook()
    book.create_chartsheet("图", 0)
    book.worksheets[0].append(["甲"])
    book.create_sheet("目录2").append(["乙"])
    hidden = book.create_sheet("藏")
    hidden.append(["丙"])
    hidden.sheet_state = "veryHidden"
    path = tmp_path / "a.xlsx"
    book.save(path)
    found = [
        (each.name, [row.cells for row in each.rows], each.notes) for each in read_sheets(path)
    ]
    assert [(name, rows) for name, rows, _ in found] == [
        ("图", []),
        ("Sheet", [["甲"]]),
        ("目录2", [["乙"]]),
        ("藏", [["丙"]]),
    ]
    assert [len(notes) for _, _, notes in found] == [1, 0, 0, 1]
    assert "图表" in found[0][2][0].message


def test_merged_cells_of_an_entry_fill_its_rows(tmp_path):
    path = filled(tmp_path)
    book = load_workbook(path)
    sheet = book.worksheets[0]
    sheet.cell(3, 12, "身份号码")
    for column in (5, 6, 7):
        sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    book.save(path)
    _, second, third = only_sheet(path).rows
    assert second.cells[4:7] == third.cells[4:7] != ["", "", ""]


def test_a_damaged_workbook_raises_nothing_but_our_own_error(tmp_path):
    chance = random.Random(12)  # noqa: S311 - which bytes are damaged is no secret
    whole = filled(tmp_path)
    with zipfile.ZipFile(whole) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    path = tmp_path / "damaged.xlsx"
    pieces = (b"<c ", b'"', b">", b'r="A1"', b"-1", b"9" * 20, b"</v>", b"\0", b"<![CDATA[", b"")
    read = 0
    for _ in range(120):
        hurt = chance.choice([name for name in parts if name.endswith((".xml", ".rels"))])
        data = bytearray(parts[hurt])
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(6)] = chance.choice(pieces)
        with zipfile.ZipFile(path, "w") as packed:
            for name, part in parts.items():
                packed.writestr(name, data if name == hurt else part)
        with suppress(MalformedTable):
            for sheet in read_sheets(path):
                list(sheet.rows)
            read += 1
    assert 0 < read < 120


@pytest.mark.skipif("SHARELEDGER_REAL_DATA" not in os.environ, reason="no SHARELEDGER_REAL_DATA")
def test_a_citys_catalogue_is_the_same_as_workbook_and_as_csv():
    folder = Path(os.environ["SHARELEDGER_REAL_DATA"]) / "taoyuan-2018"
    cells = seen(folder / "taoyuan_2018-A.xlsx")
    listed = seen(folder / "taoyuan_2018-A_utf8.csv")
    assert len(cells) > 20_000
    assert sum(listed.get(name) == text for name, text in cells.items()) / len(cells) > 0.9
