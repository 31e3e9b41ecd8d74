"""Two versions of an entry are compared member by member, items by their code."""

from __future__ import annotations

from api.console.public.comparison import compare
from api.console.wording import FIELDS_ENGLISH
from node.protocol import forms as documents
from node.protocol.forms.words import FIELDS
from tests.common import papers


def paper(**changes):
    return documents.new_document("catalogue-version", papers.catalogue_version(**changes))


def said(found):
    return [(each.what[0], each.was, each.now) for each in found]


class TestCompare:
    def test_says_nothing_of_what_is_the_same(self):
        assert compare(paper(), paper()) == []

    def test_says_what_a_member_was_and_is(self):
        found = compare(paper(), paper(updateCycle="每周", personalInformation=False))
        assert said(found) == [("更新周期", "每日", "每周"), ("是否含个人信息", "是", "否")]

    def test_tells_items_apart_by_their_code(self):
        one, other = (
            papers.item("XM", grade="一般3级"),
            papers.item("MZ", name="民族", grade="一般3级"),
        )
        found = compare(paper(items=[one]), paper(items=[{**one, "length": 99}, other]))
        assert [each.what[0] for each in found] == [
            f"信息项 {one['name']}（XM）的长度",
            "信息项 民族（MZ）",
        ]
        assert found[0].now == "99"
        assert found[1].was is None
        # Each part by itself: a page says them in its language.
        assert found[1].now is not None
        assert {"民族", "字符型C", "一般3级"} <= set(found[1].now)

    def test_notices_that_items_changed_places(self):
        items = [
            papers.item("XM", grade="一般3级"),
            papers.item("MZ", name="民族", grade="一般3级"),
        ]
        (found,) = compare(paper(items=items), paper(items=items[::-1]))
        assert found.what[1] == "order of the items"
        assert found.was != found.now

    def test_has_english_for_every_member(self):
        assert FIELDS_ENGLISH.keys() == FIELDS.keys()
