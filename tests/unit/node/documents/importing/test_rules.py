"""Rules of a mapping file that a standard's check digit belongs to."""

from __future__ import annotations

import pytest

from node.documents.importing.mapping import load_mapping
from node.documents.importing.rules import Rule, split_outside_brackets
from node.errors import MalformedTable
from tests.common.codes import department_code


def test_a_rule_may_name_the_standard_a_cell_must_keep() -> None:
    provider = Rule(column="提供方代码", check="unified-code")
    resident = Rule(column="身份证号", check="resident-number")
    good = {"提供方代码": department_code(1), "身份证号": "11010519491231002X"}
    assert provider.read(good) == department_code(1)
    assert resident.read(good) == "11010519491231002X"
    with pytest.raises(MalformedTable, match="GB 32100"):
        provider.read({"提供方代码": "11130900MB0000001A"})
    with pytest.raises(MalformedTable, match="校验码") as refused:
        resident.read({"身份证号": "110105194912310020"})
    assert refused.value.facts == {"heading": "身份证号", "value": "110105194912310020"}


@pytest.mark.parametrize(
    "text",
    ["A" * 32_767, "A-" * 16_000, "A" + ":" * 30_000 + "中，AB", "(" * 16_000 + ")" * 16_000],
)
def test_the_largest_cell_is_refused_as_soon_as_a_small_one(text: str) -> None:
    """Each took ten seconds and more once."""
    purposes = load_mapping("t2").entry["conditions.purposes"]
    with pytest.raises(MalformedTable, match="代码 名称"):
        purposes.read({"使用用途": text})


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("甲、乙", ["甲", "乙"]),
        ("甲(子、丑)、乙", ["甲(子、丑)", "乙"]),
        ("甲（子（1、2）、丑）、乙", ["甲（子（1、2）、丑）", "乙"]),
        ("甲(子、乙", ["甲(子", "乙"]),
        ("甲)、乙(子、丑)", ["甲)", "乙(子、丑)"]),
        ("", [""]),
    ],
)
def test_a_list_is_not_split_inside_brackets_that_pair_up(text: str, pieces: list[str]) -> None:
    assert split_outside_brackets("、", text) == pieces


def test_a_word_that_comes_again_is_read_the_same_and_no_list_is_shared() -> None:
    """Values are remembered by their text; an entry may change what it was given."""
    ways = Rule(
        column="共享方式", split="[、，]", values={"接口": ["服务接口"], "文件": "文件下载"}
    )
    row = {"共享方式": "接口、文件"}
    first = ways.read(row)
    assert isinstance(first, list)
    first.clear()
    assert ways.read(row) == ["服务接口", "文件下载"]
    day = Rule(column="日期", date=True)
    for _ in range(2):
        assert day.read({"日期": "2026年2月27日"}) == "2026-02-27"
        with pytest.raises(MalformedTable, match="没有 2026 年 2 月 30 日"):
            day.read({"日期": "2026-02-30"})
