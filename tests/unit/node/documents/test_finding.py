"""What is found, in which order, on which page, under which filters."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from node.documents.finding import FEW, Filters, row_number
from node.errors import InvalidInput
from tests.common import papers
from tests.common.indexes import entry, searching

OTHER = "市自然资源局"
ENTRIES = [
    entry("A/1", "户籍"),
    entry("A/2", "户籍信息", share_type="无条件共享", grade="一般1级"),
    entry("A/3", "本市常住人口户籍登记", update_cycle="每月"),
    entry("A/4", "居住证", abstract="户籍所在地在外地的人"),
    entry("A/5", "流动人员", items=("姓名", "户籍地")),
    entry("A/6", "人口流动", provider=OTHER, department=papers.EDUCATION),
    entry("A/7", "臺北市游泳池位置", classification=("主题信息资源", "体育（场馆）")),
    entry("A/8", "湖水"),
]
CHINESE = st.text(
    "臺台灣户籍戶信息登記记录錄计畫划區区水质質检檢驗验里裡后後", min_size=1, max_size=12
)
TITLES = st.lists(CHINESE | st.text("abZ019", min_size=1, max_size=6), min_size=1, max_size=5).map(
    " ".join
)
SIMPLE, TRADITIONAL = OpenCC("t2s"), OpenCC("s2tw")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    with searching(tmp_path_factory.mktemp("finding"), ENTRIES) as found:
        yield found.search


def codes(found):
    return [listing.code for listing in found]


class TestOrder:
    def test_is_called_so_then_in_the_name_then_the_summary_then_the_items(self, search):
        assert codes(search("户籍")) == ["A/1", "A/2", "A/3", "A/4", "A/5"]

    def test_puts_what_holds_most_of_it_behind_what_holds_it(self, search):
        assert codes(search("常住人口流动"))[:2] in (["A/3", "A/6"], ["A/6", "A/3"])

    def test_is_the_same_page_by_page(self, search):
        whole = codes(search("户籍", limit=100))
        pages = [code for after in range(6) for code in codes(search("户籍", limit=1, after=after))]
        assert pages == whole

    def test_of_many_hits_is_the_same_page_by_page(self, tmp_path):
        many = [
            entry(f"B/{number}", f"{'许可' * (number % 3)}证照", abstract="登记" * (number % 5 + 1))
            for number in range(4 * FEW)
        ]
        with searching(tmp_path, many) as found:
            whole = codes(found.search("登记", limit=100))
            assert sorted(whole) == sorted(body.code for body in many)
            for size in (7, 20, 50):
                pages = [
                    code
                    for after in range(0, len(many) + size, size)
                    for code in codes(found.search("登记", limit=size, after=after))
                ]
                assert pages == whole
            listed = codes(found.search("姓名", limit=100))
            assert sorted(listed) == sorted(whole)
            pages = [codes(found.search("姓名", limit=7, after=after)) for after in range(0, 84, 7)]
            assert [code for page in pages for code in page] == listed
            named = codes(found.search("证照", limit=100))
            assert named == whole
            first = FEW + 6
            assert all("许可" not in body.name for body in many if body.code in named[:first])


class TestWords:
    def test_find_a_single_character_wherever_it_stands(self, search):
        assert codes(search("水")) == ["A/8"]
        assert codes(search("籍"))[0] == "A/1"

    @pytest.mark.parametrize("query", ["台北市游泳池", "臺北市遊泳池", "臺北 泳池"])
    def test_find_one_character_by_its_other_form(self, search, query):
        assert codes(search(query))[0] == "A/7"


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (Filters(share_type="无条件共享"), ["A/2"]),
            (Filters(grade="一般1级"), ["A/2"]),
            (Filters(update_cycle="每月"), ["A/3"]),
            (Filters(department=papers.EDUCATION), ["A/6"]),
            (Filters(department=OTHER), ["A/6"]),
            (Filters(department=OTHER, share_type="无条件共享"), []),
            (Filters(theme="體育(場館)"), ["A/7"]),
            (Filters(theme="体育"), []),
            (Filters(theme="！"), []),
        ],
    )
    def test_leave_what_passes_with_and_without_words(self, search, filters, expected):
        assert codes(search("", filters)) == expected
        for code in ("A/1", *expected):
            name = next(body.name for body in ENTRIES if body.code == code)
            assert set(codes(search(name, filters))) <= set(expected)
            assert (code in codes(search(name, filters))) == (code in expected)

    def test_are_never_syntax(self, search):
        for value in ('"', '" OR name : "户籍', "a) OR (b", "*"):
            assert search("户籍", Filters(theme=value, department=value)) == []

    @pytest.mark.parametrize("name", ["share_type", "grade", "update_cycle"])
    def test_refuse_a_word_no_entry_can_have(self, name):
        with pytest.raises(InvalidInput, match="应为"):
            Filters(**{name: "随便"})


class TestEveryQuery:
    @given(query=st.text(max_size=200), after=st.integers(0, 1_000_000))
    def test_is_answered(self, search, query, after):
        assert isinstance(search(query, after=after), list)

    @given(data=st.data())
    def test_of_words_and_signs_is_answered(self, search, data):
        parts = st.sampled_from(
            ["户籍", "籍", '"', "*", " ", "OR", "(", "^", ":", "-", "1", "\ue000"]
        )
        query = "".join(data.draw(st.lists(parts, max_size=60)))[:200]
        assert isinstance(search(query, Filters(theme=query)), list)

    @settings(max_examples=25)
    @given(title=TITLES)
    @example(title="戶籍")  # another entry is called so, too
    def test_that_is_a_title_finds_it_first_in_each_spelling(self, title):
        others = ENTRIES[:3]
        called_so = {each.code for each in others if each.name == SIMPLE.convert(title)}
        with (
            tempfile.TemporaryDirectory() as folder,
            searching(Path(folder), [*others, entry("Z/1", title)]) as found,
        ):
            for query in (
                title,
                SIMPLE.convert(title),
                TRADITIONAL.convert(title),
                title.translate(FULL_WIDTH),
                title.upper(),
            ):
                first = codes(found.search(query))[: len(called_so) + 1]
                assert set(first) == {"Z/1", *called_so}


@pytest.mark.parametrize("batch", [1, 9])
def test_two_entries_that_want_one_row_are_both_found(tmp_path, monkeypatch, batch):
    monkeypatch.setattr("node.documents.search.BATCH", batch)
    monkeypatch.setattr("node.documents.search.row_number", lambda _name, _entry: 7)
    with searching(tmp_path, ENTRIES[:3]) as found:
        assert codes(found.search("户籍")) == ["A/1", "A/2", "A/3"]


def test_a_row_falls_behind_those_of_shorter_names():
    low, high = bytes(32), b"\xff" * 32
    assert (
        row_number(["户籍"], low)
        < row_number(["户籍"], high)
        < row_number(["户", "gdp2025", "息"], low)
    )
