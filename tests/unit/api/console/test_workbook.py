"""Workbooks that are handed out: read back by another library, as they were written."""

from __future__ import annotations

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from api.console.workbook import workbook


def read_back(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def test_rows_come_back_as_they_were():
    data = workbook("调用", [("部门", 20), ("行数", 8)], [["市公安局", 3], ["市教育局", 0]])
    assert read_back(data) == [["部门", "行数"], ["市公安局", 3.0], ["市教育局", 0.0]]


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("x")', "+1", "@SUM(A1)", "<script>", "_x0041_", "a\nb"]
)
def test_no_text_is_a_formula_or_changed(text):
    data = workbook("a", [("b", 9)], [[text]])
    assert read_back(data)[1] == [text]
    assert b"<f>" not in data


def test_what_nobody_sees_is_made_visible():
    assert read_back(workbook("a", [("b", 9)], [["a\x00\u202eb"]]))[1] != ["a\x00\u202eb"]


def test_a_list_that_is_too_long_says_so_in_its_last_row():
    rows = read_back(workbook("a", [("n", 9)], ([each] for each in range(9)), most=4))
    assert [row[0] for row in rows[1:5]] == [0, 1, 2, 3]
    assert "4" in str(rows[5][0])
    assert len(rows) == 6
