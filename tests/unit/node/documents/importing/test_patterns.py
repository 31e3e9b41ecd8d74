"""What simple patterns and regular expressions of a mapping file keep of a cell."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.importing.patterns import compile_regex, compile_simple, kept


@pytest.mark.parametrize(
    ("pattern", "cell", "keeps"),
    [
        ("{4}-{*}", "3030-06001", "3030/06001"),
        ("{4}{5}", "303006001", "3030/06001"),
        ("{_}oid={*}", "https://a/b?oid=0015aa2e", "0015aa2e"),
        ("{_}oid={8}-{_}", "oid=0015aa2e-9b3c-4c1b", "0015aa2e"),
        ("[{2-4}] {*}", "[abc] 7", "abc/7"),
        ("({*})", "(921)", "921"),
    ],
)
def test_a_simple_pattern_keeps_what_its_braces_stand_for(pattern, cell, keeps):
    found = compile_simple(pattern).fullmatch(cell)
    assert found is not None
    assert kept(found, "/") == keeps


@pytest.mark.parametrize(
    ("pattern", "cell"), [("{4}-{*}", "303-06001"), ("{4}", "30301"), ("a.c{*}", "abcd")]
)
def test_a_simple_pattern_describes_the_whole_cell(pattern, cell):
    assert compile_simple(pattern).fullmatch(cell) is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{4}-{", "花括号没有配对"),
        ("{4}}", "花括号没有配对"),
        ("{x}", "{x} 不认识"),
        ("{6-2}", "{6-2} 不认识"),
        ("oid={_}", "没有写要留下的部分"),
        ("", "没有写要留下的部分"),
    ],
)
def test_a_wrong_simple_pattern_is_explained_in_chinese(pattern, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        compile_simple(pattern)


@given(st.text(max_size=30))
def test_any_text_is_a_simple_pattern_or_explained(text):
    with contextlib.suppress(ValueError):
        assert compile_simple(text).groups


def test_named_groups_are_joined_and_of_others_the_first_is_kept():
    named = compile_regex(r"(?P<分类>\d{4})\D*(?P<顺序>\d+)").search("3030 - 06001")
    first = compile_regex(r"第(\d+)号(.*)").search("第17号甲")
    assert (named and kept(named, "/"), first and kept(first, "/")) == ("3030/06001", "17")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", "第 1 个字符处有一个 ( 没有配对的 )"),
        ("a)", "第 2 个字符处多了一个 )"),
        ("[a", "有一个 [ 没有配对的 ]"),
        ("*a", "没有可重复的内容"),
        (r"(\q)", "反斜杠后面不能是这个字符"),
        ("(?P<1a>x)", "括号的名字只能用汉字"),
        (r"\d+", "没有用圆括号标出要留下的部分"),
    ],
)
def test_a_wrong_regular_expression_is_explained_in_chinese(pattern, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        compile_regex(pattern, keeps=True)
