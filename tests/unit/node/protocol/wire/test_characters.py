"""Characters nobody sees: refused in documents, escaped where they are shown."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput, MalformedDocument
from node.protocol import forms
from node.protocol.wire.characters import find_hidden, visible
from tests.common import papers

HIDDEN = [
    "\0", "\t", "\r", "\x1b", "\x7f", "\x85", "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e",
    "\u202e", "\u2028", "\u2029", "\u2066", "\ufeff", "\u3164", "\u115f", "\u1160", "\uffa0",
    "\u2800", "\u034f", "\u180e", "\U000e0041",
]  # fmt: skip
SHOWN = ["\u3000", "\u00a0", "\u56fd\U000e0100", "\u2603\ufe0f", "\u1820\u180b", "\U0003134a", "㐂"]
"""Spaces, variation selectors, an ideograph younger than Python's own table."""


@pytest.mark.parametrize("character", HIDDEN, ids=lambda one: f"{ord(one):04x}")
class TestAHiddenCharacter:
    def test_is_refused_in_names_and_texts(self, character: str) -> None:
        for changes in ({"name": f"市{character}局"}, {"duties": [f"户籍{character}管理"]}):
            with pytest.raises(MalformedDocument, match="看不见的字符"):
                forms.new_document("department", papers.department(**changes))

    def test_is_escaped_where_it_is_shown(self, character: str) -> None:
        shown = visible(f"市{character}局")
        assert find_hidden(shown) is None
        assert json.loads(f'"{shown}"') == f"市{character}局"


def test_what_is_seen_is_taken_and_left_alone() -> None:
    for piece in SHOWN:
        text = f"市{piece}局"
        forms.new_document("department", papers.department(name=text, duties=[text]))
        assert visible(text) == text


def test_a_line_ends_in_a_text_only() -> None:
    forms.new_document("department", papers.department(duties=["户籍\n管理"]))
    with pytest.raises(MalformedDocument, match="不得换行"):
        forms.new_document("department", papers.department(name="市\n局"))
    assert visible("a\nb", lines=True) == "a\nb"
    assert visible("a\nb") == "a\\u000ab"


def test_every_control_format_and_separator_python_knows_is_in_the_table() -> None:
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp", "Cs"}:
            assert find_hidden(chr(code)) is not None, f"{code:04x}"


@given(st.text(st.characters(codec=None, exclude_characters='"\\')))
def test_escaping_hides_nothing_and_loses_nothing(text: str) -> None:
    assert find_hidden(visible(text)) is None
    back = json.loads(f'"{visible(text)}"')
    assert back.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


def test_an_error_told_over_http_hides_nothing() -> None:
    from api.http.problems import problem

    assert problem(InvalidInput("市\u202e局"))["detail"] == "市\\u202e局"
