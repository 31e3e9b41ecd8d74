"""A reply's form: what its fields say, what is no field's value, and terms read back as fields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput
from node.office.act import new_paper
from node.office.replies import (
    MOST_CONDITIONS,
    OPERATORS,
    RULES,
    Limits,
    ReplyForm,
    TermsForm,
    dump_draft,
    fields_of,
    load_draft,
)
from node.protocol.ledger.facts import AuthorisationFact
from node.protocol.wire import ids
from tests.common import papers

ITEMS = [
    papers.item("XM"),
    papers.item("GMSFHM", name="身份号码", grade="一般3级"),
    papers.item("ZX", name="是否在校", type="逻辑型L", length=None),
    papers.item("MJ", name="面积", filterable=False),
]
CODES = [each["code"] for each in ITEMS]
VERSION = new_paper("catalogue-version", papers.catalogue_version(items=ITEMS)).body
APPLIED = new_paper("application", papers.application(items=CODES)).body


def fact(terms: bytes = ids.ZERO) -> AuthorisationFact:
    blank: dict[str, Any] = dict.fromkeys(AuthorisationFact._fields, 0)
    parties = {"provider": papers.POLICE, "consumer": papers.EDUCATION}
    named = {side: ids.department_id(code) for side, code in parties.items()}
    return AuthorisationFact(**{**blank, **named, "authorisation": 7, "terms": terms})


def form(fields: dict[str, str], terms: bytes = ids.ZERO) -> ReplyForm:
    return ReplyForm(fields, fact(terms), VERSION, APPLIED)


ROW = {"item-0": "XM", "operator-0": "prefix", "value-0": "张"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({**ROW, "item-0": "MJ"}, "MJ 不可作条件"),
        ({**ROW, "item-0": "NO"}, "NO 不可作条件"),
        ({**ROW, "operator-0": "like"}, "不可作条件"),
        ({**ROW, "value-0": " \n"}, "第 1 条应有值"),
        ({**ROW, "value-0": "张\n李"}, "只有一个值"),
        ({**ROW, **{name.replace("0", "3"): each for name, each in ROW.items()}}, "第 4 条与前面"),
        ({"mask-XM": "none"}, "没有这种脱敏方式"),
        ({"mask-XM": "keep", "first-XM": "-1", "last-XM": "0"}, "XM 保留的位数应为整数"),
        ({"mask-XM": "keep", "first-XM": "1", "last-XM": "1000"}, "应为整数"),
        ({"mask-XM": "keep", "first-XM": "1"}, "应为整数"),
    ],
)  # fmt: skip
def test_a_field_that_says_nothing_sensible_is_named(fields, said):
    with pytest.raises(InvalidInput, match=said):
        form(fields).limits()


def test_values_are_text_but_for_truth_and_lists_are_lines():
    fields = {
        **ROW,
        "item-1": "ZX", "operator-1": "eq", "value-1": "是",
        "item-2": "GMSFHM", "operator-2": "in", "value-2": " 1 \r\n\r\n2",
    }  # fmt: skip
    assert form(fields).limits().row_scope == {
        "XM": {"prefix": "张"}, "ZX": {"eq": True}, "GMSFHM": {"in": ["1", "2"]},
    }  # fmt: skip


def test_what_is_refused_is_not_masked_and_may_be_filtered_by():
    said = form({"answer-XM": "refuse", "mask-XM": "full", "filter-XM": "on", "filter-ZX": "on"})
    assert said.limits() == Limits({}, ("XM",), {})
    assert said.agreed == CODES[1:]


def test_terms_are_made_where_something_is_said_or_the_application_brought_some():
    assert form({}).terms() is None
    given_ = {"disposal": "归档", "days": "0", "note": ""}
    made = form(given_).terms()
    assert made is not None
    assert made["disposal"] == {"method": "归档", "days": 0, "note": None}
    for silent in (form(ROW), form({}, terms=b"\1" * 32)):
        with pytest.raises(InvalidInput, match="用后处置"):
            silent.terms()


def test_a_decision_carries_what_the_form_says():
    limits = {"callsPerDay": "10", "rowsPerDay": "20", "validFrom": "2026-01-01"}
    said = form({**limits, **ROW, "disposal": "销毁", "days": "30", "answer-MJ": "refuse"}).reply()
    assert (said["answer"], said["callsPerDay"], said["validUntil"]) == ("部分同意", 10, None)
    assert [each["item"] for each in said["refusals"]] == ["MJ"]
    assert said["terms"]["rowScope"] == {"XM": {"prefix": "张"}}
    none = form({f"answer-{code}": "refuse" for code in CODES}).reply()
    assert none["answer"] == "不同意"
    assert "terms" not in none
    with pytest.raises(InvalidInput, match="每日次数应为整数"):
        form({"callsPerDay": "many"}).reply()


def change(fields: dict[str, str], terms: bytes = ids.ZERO) -> TermsForm:
    granted = {"grant-XM": "on", "grant-ZX": "on", "callsPerDay": "10", "rowsPerDay": "20"}
    return TermsForm(granted | fields, fact(terms), VERSION)


def test_a_change_leaves_terms_as_they_are_unless_the_form_says_others():
    terms = papers.terms(rowScope={"XM": {"prefix": "张"}}, masks={"XM": "full"}, filterOnly=[])
    standing = new_paper("terms", terms).body
    as_it_is, given_ = fields_of(standing), b"\1" * 32
    assert change({}).change(None, build=True) == {
        "items": ["XM", "ZX"], "validFrom": None, "validUntil": None,
        "callsPerDay": 10, "rowsPerDay": 20,
    }  # fmt: skip
    assert "terms" not in change(as_it_is, given_).change(standing, build=True)
    assert "terms" not in change({}, given_).change(standing, build=False)
    for other in ({"mask-XM": "year"}, {"value-0": "李"}, {"note": "由双方监督"}, {"days": "7"}):
        said = change(as_it_is | other, given_).change(standing, build=True)["terms"]
        assert said["provider"] == papers.POLICE
    assert said["disposal"]["days"] == 7
    with pytest.raises(InvalidInput, match="至少保留一个信息项"):
        TermsForm({"callsPerDay": "1"}, fact(), VERSION).change(None, build=True)


VALUES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)
SCOPES = st.dictionaries(
    st.sampled_from(["XM", "GMSFHM"]),
    st.fixed_dictionaries(
        {},
        optional={
            each: st.lists(VALUES, min_size=1, max_size=4) if each == "in" else VALUES
            for each in OPERATORS
        },
    ).filter(bool),
).filter(lambda scope: sum(map(len, scope.values())) <= MOST_CONDITIONS)  # fmt: skip
MASKS = st.dictionaries(
    st.sampled_from(CODES), st.sampled_from([*RULES[1:], "keep:6,4", "keep:0,999"])
)


@given(SCOPES, MASKS)
def test_terms_that_a_form_can_say_are_read_back_as_its_fields(scope, masks):
    body = papers.terms(rowScope=scope, masks=masks, filterOnly=[])
    terms = new_paper("terms", body).body
    fields = fields_of(terms)
    again = load_draft(dump_draft(7, fields))
    assert again == (7, fields)
    said = form(fields)
    assert said.limits().says(terms)
    made = said.terms()
    assert made is not None
    assert new_paper("terms", made).body.masks == terms.masks


def test_terms_that_no_form_says_are_told_apart():
    for scope in ({"MJ": {"eq": "1"}}, {"XM": {"eq": 5}}):
        terms = new_paper("terms", papers.terms(rowScope=scope, masks={}, filterOnly=[])).body
        try:
            said = form(fields_of(terms)).limits().says(terms)
        except InvalidInput:
            said = False
        assert not said
