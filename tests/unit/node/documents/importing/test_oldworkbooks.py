"""A workbook of the old kind is read as it is seen, by the same rules as a new one."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date

import pytest
import xlwt

from node.documents.importing import oldworkbooks
from node.documents.importing.tables import read_sheets
from node.documents.importing.worksheets import ERROR, STRUCK
from node.errors import MalformedTable
from tests.common.spreadsheets import only_sheet, seen


def old_workbook(path, fill, **options):
    book = xlwt.Workbook(encoding="utf-8")
    fill(book.add_sheet("目录"), **options)
    book.save(str(path))
    return path


def everything(sheet):
    struck = xlwt.easyxf("font: struck_out on")
    sheet.write(0, 0, "甲 ")
    sheet.write(0, 1, 7, xlwt.easyxf(num_format_str="000"))
    sheet.write(0, 2, date(2026, 2, 27), xlwt.easyxf(num_format_str="yyyy/m/d"))
    sheet.write(0, 3, label=True)
    sheet.write(0, 4, 123456789012)
    sheet.write(1, 0, 911309000000000000)
    sheet.write(1, 1, "乙", struck)
    sheet.write_rich_text(1, 2, ["丙", ("丁", xlwt.easyfont("struck_out on"))])
    sheet.write(1, 3, "房\u200b屋")
    sheet.row(1).set_cell_error(4, "#REF!")
    sheet.write(1, 5, "", struck)


def test_cells_are_read_as_they_are_seen(tmp_path):
    path = old_workbook(tmp_path / "a.xls", everything)
    sheet = only_sheet(path)
    first, second = sheet.rows
    assert first.cells == ["甲", "007", "2026-02-27", "是", "123456789012"]
    assert first.faults == {}
    assert second.cells[1:3] == ["乙", "丙丁"]
    assert "超过 15 位" in second.faults[0]
    assert second.faults[1] == second.faults[2] == STRUCK
    assert "U+200B" in second.faults[3]
    assert (second.cells[4], second.faults[4]) == ("#REF!", ERROR)
    assert len(second.cells) == 5
    assert [note.cell for note in sheet.notes] == ["E1"]


def test_wps_writes_the_same_under_its_own_name(tmp_path):
    path = old_workbook(tmp_path / "a.et", everything)
    assert seen(path)["B1"] == "007"


def hidden_and_merged(sheet):
    sheet.write_merge(0, 1, 0, 0, "甲")
    for row in range(3):
        sheet.write(row, 1, str(row))
        sheet.write(row, 2, "x")
    sheet.row(2).hidden = True
    sheet.col(2).hidden = True
    sheet.visibility = 2


def test_merged_cells_fill_and_hidden_places_are_named(tmp_path):
    book = xlwt.Workbook()
    hidden_and_merged(book.add_sheet("目录"))
    book.add_sheet("空").write(0, 0, "")
    book.set_active_sheet(1)
    path = tmp_path / "a.xls"
    book.save(str(path))
    sheet, empty = read_sheets(path)
    assert [row.cells for row in sheet.rows] == [
        ["甲", "0", "x"],
        ["甲", "1", "x"],
        ["", "2", "x"],
    ]
    assert [note.cell for note in sheet.notes] == ["", "3:3", "C:C"]
    assert list(empty.rows) == []


def test_days_count_from_1904_where_the_workbook_says_so(tmp_path):
    book = xlwt.Workbook()
    book.dates_1904 = True
    book.add_sheet("目录").write(0, 0, 44618, xlwt.easyxf(num_format_str="yyyy/m/d"))
    book.save(str(tmp_path / "a.xls"))
    assert seen(tmp_path / "a.xls") == {"A1": "2026-02-27"}


def test_a_large_one_is_not_loaded(tmp_path, monkeypatch):
    path = old_workbook(tmp_path / "a.xls", everything)
    monkeypatch.setattr(oldworkbooks, "SIZE_LIMIT_BYTES", 100)
    with pytest.raises(MalformedTable, match="16 MiB"):
        read_sheets(path)


def test_a_sheet_is_asked_for_by_its_name(tmp_path):
    path = old_workbook(tmp_path / "a.xls", everything)
    assert [sheet.name for sheet in read_sheets(path, sheet="目录")] == ["目录"]
    with pytest.raises(MalformedTable, match="没有工作表「x」"):
        read_sheets(path, sheet="x")


def test_broken_ones_raise_nothing_but_our_own_error(tmp_path):
    whole = bytearray(old_workbook(tmp_path / "a.xls", everything).read_bytes())
    chance = random.Random(12)  # noqa: S311 - which bytes are broken is no secret
    path = tmp_path / "b.xls"
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 20)):
            broken[chance.randrange(8, len(broken))] = chance.randrange(256)
        path.write_bytes(broken[: chance.randrange(len(broken) // 2, len(broken) + 1)])
        with suppress(MalformedTable):
            for sheet in read_sheets(path):
                list(sheet.rows)
