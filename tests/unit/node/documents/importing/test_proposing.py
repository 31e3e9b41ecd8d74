"""Mappings proposed for tables nobody has described: what is found, what is said, what loads."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping, parse_mapping
from node.documents.importing.mapping_faults import placeholders
from node.documents.importing.proposing import propose
from node.documents.importing.template import write_template
from node.errors import MalformedTable
from tests.common.t2 import DEPARTMENT, ROW, SECOND_ITEM

FOLDER = os.environ.get("SHARELEDGER_REAL_DATA")
HAND = Path(__file__).parents[4] / "integration" / "mappings" / "taoyuan.toml"

PLATFORM = [
    line.split()
    for line in """
    序号 目录编号 数据集名称 数源单位 更新频率 共享属性 开放属性 摘要 数据项 点击量
    1 GA-0001 户籍登记 市公安局 每日 有条件共享 不予开放 户籍 姓名、性别 10
    2 GA-0007 机动车登记 市公安局 每月 无条件共享 无条件开放 车辆 号牌、车型 9
    3 GA-0009 驾驶人登记 市公安局 每季度 无条件共享 无条件开放 驾驶 姓名、准驾车型 8
    """.strip().splitlines()
]


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def found(tmp_path):
    return propose(write(tmp_path / "platform.csv", PLATFORM))


def test_headings_far_below_are_found_and_the_mapping_reads_them(tmp_path):
    path = write(tmp_path / "platform.csv", [*([f"须知 {at}"] for at in range(1, 31)), *PLATFORM])
    found = propose(path)
    assert "header_rows = 31 " in found.text
    assert [each["name"] for each in found.preview] == ["户籍登记", "机动车登记", "驾驶人登记"]


class TestAPlatformsTable:
    def test_columns_are_found_by_what_they_are_called_each_once(self, found):
        assert {each.field: each.heading for each in found.matches} == {
            "name": "数据集名称",
            "provider": "数源单位",
            "updateCycle": "更新频率",
            "shareType": "共享属性",
            "opening.open": "开放属性",
            "abstract": "摘要",
            "items.name": "数据项",
        } | {"code": "目录编号"}
        assert all(each.score == 100 for each in found.matches)
        assert found.unused == ["序号", "点击量"]
        assert found.doubtful == []

    def test_the_key_is_the_column_that_stays_and_it_is_said_why(self, found):
        assert found.key.heading == "目录编号"
        assert found.key.reason == "3 个值各不相同，不是行号也不是个数"

    def test_coded_columns_show_how_their_values_map(self, found):
        assert found.words["updateCycle"] == {"每日": "每日", "每月": "每月", "每季度": "每季度"}
        assert found.words["opening.open"] == {"不予开放": False, "无条件开放": True}

    def test_what_only_the_department_knows_is_left_to_be_filled_in(self, found):
        raw = parse_mapping(found.text, "m.toml").model_dump(mode="json")
        assert set(placeholders(raw)) == {
            "constants.classification.0",
            "constants.providerCode",
            "constants.sourceSystem",
            "constants.duty",
            "constants.assessments.0.conclusion",
        }
        assert {"职责依据", "来源系统", "审查评估"} <= set(found.missing)

    def test_three_entries_are_shown_as_they_are_read(self, found):
        assert [each["code"] for each in found.preview] == [
            "ML/GA-0001",
            "ML/GA-0007",
            "ML/GA-0009",
        ]
        # The first is shared on conditions, which the table does not hold.
        assert found.preview[0]["items"] == ["姓名", "性别"]
        assert found.problems == 1

    def test_a_heading_that_only_looks_like_one_is_said_to_be_doubtful_once(self, tmp_path):
        rows = [list(row) for row in PLATFORM]
        rows[0][4] = "更新的频率"
        found = propose(write(tmp_path / "a.csv", rows))
        match = next(each for each in found.matches if each.field == "updateCycle")
        assert match.heading == "更新的频率"
        assert 65 <= match.score < 100


def test_a_table_without_a_column_that_stays_is_told_to_get_one(tmp_path):
    rows = [[row[0], *row[2:]] for row in PLATFORM]
    found = propose(write(tmp_path / "a.csv", [*rows, ["4", *rows[1][1:]]]))
    assert found.key.heading == ""
    assert "请先加一列固定的“目录代码”" in found.key.reason
    assert found.refused == ["「序号」只是行号（1、2 … 4）"]


def test_our_own_template_is_read_as_our_own_mapping_reads_it(tmp_path):
    path = tmp_path / "filled.xlsx"
    write_template(path, [ROW, SECOND_ITEM, {**ROW, "信息资源代码": "30300101/06002"}])
    found = propose(path)
    assert found.layout == "item-rows"
    proposed, ours = (
        [{**entry.body, "salt": ""} for entry in filed.entries]
        for mapping in (parse_mapping(found.text, "m"), load_mapping("t2"))
        for filed in [file_table(path, mapping, department=DEPARTMENT)]
    )
    assert len(ours) == 2
    assert proposed == ours


@pytest.mark.parametrize("content", ["没有表头\n", "", "甲,乙\n1,2\n"])
def test_what_is_no_table_of_entries_is_refused(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MalformedTable, match="找不到"):
        propose(path)


@settings(max_examples=25)
@given(
    rows=st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=10), max_size=6),
    headings=st.permutations(PLATFORM[0]),
)
def test_any_table_gets_a_mapping_that_loads_or_is_refused(tmp_path_factory, rows, headings):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        csv.writer(file).writerows([headings, *rows])
    try:
        found = propose(path)
    except MalformedTable:
        return
    assert parse_mapping(found.text, "m").layout == found.layout


@cache
def proposed_for(name):
    """Propose for a real table, once: the larger take seconds."""
    return propose(Path(FOLDER or "", name))


@pytest.mark.skipif(FOLDER is None, reason="SHARELEDGER_REAL_DATA is not set")
class TestRealTables:
    def test_a_citys_columns_are_those_the_mapping_by_hand_reads(self):
        found = proposed_for("taoyuan-2018/taoyuan_2018-A_utf8.csv")
        proposed, hand = parse_mapping(found.text, "m"), load_mapping(str(HAND))
        assert {field: rule.headings for field, rule in proposed.entry.items()} == {
            field: rule.headings for field, rule in hand.entry.items()
        }
        assert proposed.items.names is not None
        assert hand.items.names is not None
        assert proposed.items.names.headings == hand.items.names.headings
        assert found.refused == ["「編號」只是行号（1、2 … 1429）"]

    @pytest.mark.parametrize(
        ("name", "entries", "good"),
        [
            # A list of fields that only blanks part.
            ("taoyuan-2018/taoyuan_2018-A_utf8.csv", 1_429, 1_428),
            pytest.param(
                *("taoyuan-2018/taoyuan_2018-A.xlsx", 1_429, 1_428), marks=pytest.mark.long
            ),
            # Six without a provider or a theme.
            pytest.param(
                *("taipei-2018/taipei_2018-07_big5.csv", 1_127, 1_121), marks=pytest.mark.long
            ),
            # Two in five without a provider.
            ("credit-catalogues/yibin-resourcecatalog.csv", 156, 87),
        ],
    )
    def test_what_the_table_holds_can_be_filed_as_proposed(self, name, entries, good):
        found = proposed_for(name)
        filing = file_table(Path(FOLDER or "", name), parse_mapping(found.text, "m"))
        assert (filing.total, len(filing.entries)) == (entries, good)
        assert found.key.heading
