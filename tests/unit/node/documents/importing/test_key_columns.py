"""Which columns a code may be built from, judged by their values."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.importing.filing import file_table
from node.documents.importing.key_columns import KeyWatch
from node.documents.importing.mapping import parse_mapping
from node.documents.importing.rules import Rule
from node.errors import ConfigInvalid, MalformedTable
from tests.common.entry_rows import MAPPING, table_of
from tests.common.t2 import DEPARTMENT


def faults(heading: str, values: list[str], first_row: int = 2) -> list[str]:
    watch = KeyWatch(Rule(column=heading))
    for row, value in enumerate(values, start=first_row):
        watch.see(row, {heading: value})
    return watch.faults()


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2", "3", "4"],
        ["0", "1", "2"],
        ["2", "3", "4", "5"],  # the numbers at the side of the sheet
    ],
)
def test_running_numbers_are_no_key(values):
    [fault] = faults("編號", values)
    assert "「編號」只是行号" in fault
    assert "请改用不随增删变化的一列" in fault


def test_a_count_behind_what_it_counts_is_no_key():
    [fault] = faults("分類及編號", ["就醫 (57)", "公共資訊 (921)", "就醫 (57)", "公共資訊 (921)"])
    assert "「分類及編號」里的数字是个数（就醫 57 个，本表 2 行）" in fault


@pytest.mark.parametrize(
    "values",
    [
        ["30300101/06001", "30300101/06002", "30300101/06003"],
        ["1001", "1002", "1003"],
        ["3", "1", "2"],
        ["1", "2"],  # too few to tell
        ["1", "2", "4"],
        ["户籍 (06001)", "户籍 (06002)", "户籍 (06003)", "户籍 (06004)"],
        ["GA30", "GA30", "GA30", "GA30"],
        ["0015aa2e", "00405ad6", "0079cd32"],
    ],
)
def test_identifiers_are_keys(values):
    assert faults("目录编号", values) == []


@given(st.lists(st.text(max_size=12), max_size=20))
def test_any_values_are_judged(values):
    assert len(faults("目录编号", values)) <= 1


def test_a_table_whose_codes_are_row_numbers_is_refused_whole(tmp_path):
    rows = [{"id": str(number), "名称": f"目录{number}"} for number in range(1, 6)]
    mapping = parse_mapping(
        MAPPING.replace('{ column = "id" }', '{ parts = [{ text = "X" }, { column = "id" }] }'),
        "m.toml",
    )
    with pytest.raises(MalformedTable, match=r"「id」只是行号（1、2 … 5）"):
        file_table(
            table_of(tmp_path / "a.csv", rows),
            mapping,
            department=DEPARTMENT,
            next_version=lambda _code: 1,
        )


@pytest.mark.parametrize("heading", ["序号", "行號", "No."])
def test_a_mapping_that_takes_the_code_from_row_numbers_is_refused(heading):
    text = MAPPING.replace('{ column = "id" }', f'{{ column = "{heading}" }}')
    with pytest.raises(ConfigInvalid, match="是行号，增删一行"):
        parse_mapping(text, "m.toml")


def test_the_csv_of_the_tests_reads_back(tmp_path):
    with table_of(tmp_path / "a.csv", [{"id": "a/1", "名称": "甲"}]).open(encoding="utf-8") as file:
        assert next(csv.DictReader(file))["id"] == "a/1"
