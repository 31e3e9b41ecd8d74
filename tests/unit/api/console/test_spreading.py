"""Open rows as files: read back as they were, by a spreadsheet's reader too, and no formula."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from api.console.public.spreading import csv_file, harmless, json_file, xlsx_file
from node.errors import InvalidInput
from node.protocol.forms import CatalogueVersionPaper
from node.service.opendata import OpenRows, most_rows
from tests.common import papers

ITEMS = [papers.item("A", name="名称"), papers.item("B", name="数")]
ONE: Any = SimpleNamespace(
    paper=CatalogueVersionPaper.model_construct(
        code="1/2",
        name="目录",
        items=tuple(SimpleNamespace(**{**each, "share_type": ""}) for each in ITEMS),
    ),
    fact=SimpleNamespace(entry=b"\1" * 32, provider=papers.POLICE.encode(), version=3),
    judged=1_790_000_000,
)
ROWS = OpenRows([{"A": "=1+1", "B": -3}, {"A": None, "B": "-12.50"}], (), more=True)


@given(st.text() | st.text("=＝＋－＠1", max_size=3))
def test_no_cell_begins_as_a_formula_and_one_mark_less_is_the_value(text):
    cell = harmless(text)
    assert cell.removeprefix("'") == text if cell != text else not text.startswith("'")
    if cell.startswith(tuple("=+-@＝＋－＠\t\r")):
        assert float(cell) == float(text)


def test_a_csv_has_a_bom_and_every_cell_in_quotes():
    data = csv_file(ONE, ROWS)
    assert data.startswith(b'\xef\xbb\xbf"')
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows == [["名称（A）", "数（B）"], ["'=1+1", "-3"], ["", "-12.50"]]


def test_a_workbook_holds_texts_and_says_that_rows_were_left_out():
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_file(ONE, ROWS))).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[:3] == [["名称（A）", "数（B）"], ["=1+1", -3.0], ["", "-12.50"]]
    assert "前 2 行" in str(rows[3][0])


def test_a_workbook_keeps_every_digit_and_cuts_no_cell():
    long = OpenRows([{"A": "x", "B": 1234567890123456789}], (), more=False)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_file(ONE, long))).get_sheet_by_index(0)
    assert sheet.to_python()[1] == ["x", "1234567890123456789"]
    with pytest.raises(InvalidInput, match="32000"):
        xlsx_file(ONE, OpenRows([{"A": "x" * 32_001, "B": 1}], (), more=False))


def test_a_json_tells_null_from_nothing_and_what_was_left_out(monkeypatch):
    monkeypatch.setattr("node.protocol.wire.ids.department_code", bytes.decode)
    found = json.loads(json_file(ONE, ROWS))
    assert found["rows"] == ROWS.rows
    assert (found["more"], found["version"], found["department"]) == (True, 3, papers.POLICE)


@pytest.mark.parametrize(("items", "most"), [(1, 20_000), (20, 20_000), (256, 1_562)])
def test_rows_are_bounded_by_cells(items, most):
    assert most_rows(items) == most
