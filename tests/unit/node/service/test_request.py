"""A query's body is read strictly: what is wrong is named, nothing is guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput, MalformedFilter
from node.service.needs import Condition
from node.service.request import parse_query, parse_where

BODY = {
    "purpose": "入学资格核验",
    "items": ["XM", "CSRQ"],
    "where": {"GMSFHM": {"eq": "130902200001010000"}},
    "page": {"size": 100, "after": None},
    "operator": "张三",
    "matter": "办件-1",
    "salt": "AAECAwQFBgcICQoLDA0ODw",
}


def parse(**changes):
    members = {name: value for name, value in {**BODY, **changes}.items() if value is not ...}
    return parse_query(json.dumps(members).encode(), max_page_size=1000)


class TestParseQuery:
    def test_reads_the_documented_shape(self):
        query = parse()
        assert (query.items, query.size, query.after) == (("XM", "CSRQ"), 100, None)
        assert query.where == (Condition("GMSFHM", "eq", "130902200001010000"),)

    def test_takes_everything_when_there_is_no_filter(self):
        query = parse(where=..., page=...)
        assert (query.where, query.size) == ((), 100)

    @pytest.mark.parametrize("name", ["purpose", "items", "operator", "matter", "salt"])
    def test_names_a_missing_member(self, name):
        with pytest.raises(InvalidInput, match=name):
            parse(**{name: ...})

    def test_takes_a_whole_surrogate_pair(self):
        assert parse(operator="\U00020bb7野").operator == "\U00020bb7野"

    @pytest.mark.parametrize(
        "changes",
        [
            {"scope": "all"},
            {"page": {"size": 1, "offset": 3}},
        ],
    )
    def test_names_an_unknown_member(self, changes):
        with pytest.raises(InvalidInput, match=r"scope|offset"):
            parse(**changes)

    @pytest.mark.parametrize(
        "changes",
        [
            {"items": []},
            {"items": ["XM", "XM"]},
            {"items": "XM"},
            {"items": [1]},
            {"purpose": ""},
            {"operator": "x" * 201},
            {"salt": "short"},
            {"salt": "AAECAwQFBgcICQoLDA0ODw=="},
            {"page": {"size": 0}},
            {"page": {"size": 1001}},
            {"page": {"size": True}},
            {"page": {"after": 7}},
            {"page": []},
            {"page": None},
            {"where": None},
            {"where": []},
            {"where": False},
        ],
    )
    def test_refuses_members_of_the_wrong_form(self, changes):
        with pytest.raises(InvalidInput):
            parse(**changes)

    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"null", b'{"purpose": 1.5}', b'{"a": 1, "a": 2}', b"\xff", b'{"a": NaN}'],
    )
    def test_refuses_what_is_not_strict_json(self, body):
        with pytest.raises(InvalidInput):
            parse_query(body, max_page_size=1000)

    @pytest.mark.parametrize("name", ["purpose", "operator", "matter"])
    def test_refuses_half_a_surrogate_pair(self, name):
        assert parse(**{name: "\U0001f600"})
        with pytest.raises(InvalidInput):
            parse(**{name: "\ud83d"})

    def test_refuses_a_body_that_is_nested_without_end(self):
        with pytest.raises(InvalidInput):
            parse_query(b'{"items":' + b"[" * 60_000, max_page_size=1000)

    @given(st.binary(max_size=200))
    def test_raises_nothing_but_invalid_input_on_any_bytes(self, body):
        with pytest.raises(InvalidInput):
            parse_query(body, max_page_size=1000)

    @given(
        st.dictionaries(
            st.sampled_from(sorted(BODY)),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=5), inner, max_size=3)
                ),
                max_leaves=6,
            ),
        )
    )
    def test_raises_nothing_but_invalid_input_on_any_members(self, changes):
        body = json.dumps({**BODY, **changes}).encode()
        try:
            query = parse_query(body, max_page_size=1000)
        except InvalidInput:
            return
        assert 1 <= query.size <= 1000
        assert query.items


class TestParseWhere:
    def test_reads_several_comparisons_of_one_item(self):
        assert parse_where({"CSRQ": {"ge": "2018-01-01", "le": "2018-12-31"}}) == (
            Condition("CSRQ", "ge", "2018-01-01"),
            Condition("CSRQ", "le", "2018-12-31"),
        )

    def test_reads_a_list_of_choices(self):
        assert parse_where({"A": {"in": ["x", 1, True]}}) == (Condition("A", "in", ("x", 1, True)),)

    @pytest.mark.parametrize(
        "clause",
        [
            {"A": {"like": "x"}},
            {"A": {}},
            {"A": "x"},
            {"A": {"eq": None}},
            {"A": {"eq": 1.5}},
            {"A": {"eq": ["x"]}},
            {"A": {"eq": 2**53}},
            {"A": {"eq": "x" * 513}},
            {"A": {"in": "x"}},
            {"A": {"in": []}},
            {"A": {"in": ["x"] * 101}},
            {"A": {"prefix": ""}},
            {"A": {"prefix": 1}},
            {f"I{n}": {"eq": "x"} for n in range(33)},
            [],
        ],
    )
    def test_refuses_a_malformed_filter(self, clause):
        with pytest.raises(MalformedFilter):
            parse_where(clause)
