"""Mapping files: everything wrong with one is said together, in Chinese, with its place."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from node.documents.importing.mapping import (
    LARGEST_BYTES,
    Mapping,
    load_mapping,
    parse_mapping,
)
from node.documents.importing.mapping_faults import faults_of
from node.errors import ConfigInvalid
from tests.common.entry_rows import MAPPING

CYCLES = "实时、每日、每周、每月、每季度、每半年、每年、其他"
WRONG = {
    "header_rows = 1": ('header_rows = "一"', "header_rows：应为整数"),
    'shareType = "无条件共享"\nformat': (
        'shareType = "无条件"\nformat',
        "constants.shareType：「无条件」不是规定的用语，只能是：无条件共享、有条件共享、不予共享",
    ),
    "opening = { open = true }": (
        "opening = { opne = true }",
        "constants.opening.opne：没有这一项，是不是 open？",
    ),
    'name = { column = "名称" }': (
        'name = { colum = "名称" }',
        "entry.name.colum：没有这一项，是不是 column？",
    ),
    "abstract = {": ("abstrat = {", "entry.abstrat：没有这一项，是不是 abstract？"),
    '"月" = "每月"': (
        '"月" = "按月"',
        f"entry.updateCycle.values.月：「按月」不是规定的用语，只能是：{CYCLES}",
    ),
    'names = { column = "字段", split = "、" }': (
        'names = { column = "字段", split = "[、" }',
        "items.names.split：不是正则表达式：第 1 个字符处有一个 [ 没有配对的 ]",
    ),
}


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as refused:
        parse_mapping(text, "m.toml")
    listed = refused.value.facts["problems"]
    assert isinstance(listed, list)
    assert all(str(fault) in refused.value.message for fault in listed)
    return listed


def test_all_mistakes_are_reported_together_each_with_its_place():
    text = MAPPING
    for right, (wrong, _) in WRONG.items():
        assert right in text
        text = text.replace(right, wrong)
    expected = {said for _, said in WRONG.values()}
    found = faults(text)
    assert expected <= set(found)
    assert len(found) == len(set(found))
    assert set(found) - expected == {"entry.abstract：缺少规则：每个目录都要有摘要"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('{ column = "id", take = "{4}-{x}" }', "entry.code.take：{x} 不认识"),
        ('{ column = "id", values = { a = "b" } }', "entry.code.values：目录代码不能换算或补填"),
        ('{ default = "a/1" }', "entry.code.default：目录代码不能换算或补填"),
        ('{ parts = [{ text = "a" }, { text = "b" }] }', "entry.code.parts：只有固定的文字"),
        ('{ column = "序号" }', "entry.code：「序号」是行号"),
        ('{ column = "id", take = "{*}", pattern = "(.*)" }', "take 和 pattern 只能写一个"),
    ],
)
def test_a_code_comes_from_the_table_and_from_what_stays(rule, said):
    [fault] = faults(MAPPING.replace('{ column = "id" }', rule))
    assert said in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a = "\\d"', "第 1 行第 . 列：双引号里的反斜杠要写两个"),
        ("a = 1\na = 2", "同一个键写了两次"),
        ('layout = "entry-rows', "漏了引号、逗号或括号"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line(text, said):
    with pytest.raises(ConfigInvalid, match=said):
        parse_mapping(text, "m.toml")


def test_a_file_beyond_the_limit_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(MAPPING + "#" * LARGEST_BYTES + "\nnot toml")
    assert load_mapping(str(path)) == parse_mapping(MAPPING, "m.toml")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
places = st.sampled_from(
    ["layout", "entry", "items", "constants", "entry.code", "entry.name", "items.names", "x"]
)


@settings(max_examples=200)
@given(place=places, value=values)
def test_any_value_anywhere_gives_a_mapping_or_its_faults(place, value):
    raw = tomllib.loads(MAPPING)
    *outer, last = place.split(".")
    target = raw
    for name in outer:
        target = target[name]
    target[last] = value
    found = []
    try:
        Mapping.model_validate(raw)
    except ValidationError as error:
        found = error.errors()
    faults = faults_of(raw, found)
    assert all(isinstance(fault, str) for fault in faults)
    assert faults or not found


def test_a_missing_file_is_named():
    with pytest.raises(ConfigInvalid, match="nowhere"):
        load_mapping("nowhere.toml")
