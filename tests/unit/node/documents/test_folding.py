"""One spelling for both scripts, full width and case, and the words of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.folding import (
    ABSTRACT,
    BEGINNING,
    BEGUN,
    CALLED,
    FACET,
    NAME,
    OTHER,
    beginnings,
    called,
    fold,
    indexed,
    is_unspaced,
    marked,
    runs,
    words,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("臺北", "台北"),
        ("颱風", "台风"),
        ("戶籍資訊", "户籍资讯"),
        ("都市計畫", "都市计划"),
        ("都市計劃", "都市计画"),
        ("身分證", "身份证"),
        ("裡裏", "里里"),
        ("ＡＰＩ１９９９", "api1999"),
        ("ﾊﾝ", "ハン"),
        ("⼾", "户"),
        ("著作", "着作"),
        ("Straße", "STRASSE"),
    ],
)
def test_spellings_of_one_word_are_one(one, other):
    assert fold(one) == fold(other)


def test_words_that_differ_stay_apart():
    assert len({fold(each) for each in ("户籍", "国籍", "水质", "水利", "台北", "台中")}) == 6


@given(st.text(max_size=100))
def test_folding_again_changes_nothing(value):
    assert fold(fold(value)) == fold(value)


def test_folding_a_character_again_changes_nothing():
    every = "\n".join(chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000)
    assert fold(fold(every)) == fold(every)


MARKS = {NAME, ABSTRACT, OTHER, CALLED, FACET, *BEGUN.values()}
TEXT = st.text(st.characters() | st.sampled_from(sorted(MARKS)), max_size=50)


@given(TEXT)
def test_no_word_of_a_text_holds_a_mark(value):
    assert not MARKS.intersection("".join(runs(value)))


@given(TEXT)
def test_words_are_letters_digits_and_characters(value):
    for word in [word for run in runs(value) for word in words(run)]:
        # Ideographs younger than this Python's Unicode are none of the three to it.
        assert word.isalnum() or is_unspaced(word)
        assert runs(word) == [word]


def test_overlaps_pairs_of_characters_and_ends_with_the_last():
    assert indexed(runs("智慧升学2.0版"), "") == "智慧 慧升 升学 学 2 0 版"
    assert indexed(runs("常住人口户籍信息"), "") == "常住 住人 人口 口户 户籍 籍信 信息 息"
    assert words("gdp2025") == ["gdp2025"]
    assert indexed(runs("二〇一八ねん"), "") == "二〇 〇一 一八 八ね ねん ん"


@given(st.lists(st.sampled_from([*MARKS]), min_size=1), TEXT)
def test_each_word_begins_with_its_mark(marks, value):
    mark, found = marks[0], [word for run in runs(value) for word in words(run)]
    assert indexed(runs(value), mark).split(" ") == [mark + word for word in found] or not found


def test_a_word_is_found_by_what_it_begins_with():
    begun = BEGUN[OTHER]
    assert beginnings(["户籍", "gdp", "5"], OTHER) == {f"{begun}gd", f"{begun}gdp"}
    assert max(map(len, beginnings(["a" * 99], OTHER))) == 1 + BEGINNING


def test_names_with_other_words_are_called_otherwise():
    spelt = ("户籍 信息", "户籍信息", "gdp 25", "gdp25", "25 gdp")
    assert len({called(runs(each)) for each in spelt}) == len(spelt)
    assert called(runs("戶籍-信息")) == called(runs("户籍（信息）"))


def test_what_was_asked_for_is_marked_in_either_script():
    assert marked("戶籍登记信息", runs("户籍 信息")) == [
        ("戶籍", True),
        ("登记", False),
        ("信息", True),
    ]


def test_of_a_run_that_is_not_there_its_pairs_are_marked():
    assert marked("驾驶证核发", runs("驾驶核验")) == [("驾驶", True), ("证核发", False)]


@given(st.text(max_size=60), st.text(max_size=20))
def test_marking_leaves_the_text_as_it_was(value, query):
    assert "".join(part for part, _ in marked(value, runs(query))) == value
