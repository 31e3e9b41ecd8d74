"""Days, flags and numbers as officials write them mean one value, or are refused with advice."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.importing.cell_values import read_day, read_flag, read_whole

WAYS = ["{y}-{m:02}-{d:02}", "{y}/{m}/{d}", "{y}.{m}.{d}", "{y}年{m}月{d}日", "{y}年{m:02}月{d:02}",
        "{y}{m:02}{d:02}", "{y} 年 {m} 月 {d} 日", "{y}。{m}。{d}", "{y}—{m}—{d}", "{y}、{m}、{d}",
        "{y}-{m:02}-{d:02} 00:00:00", "{y}年{m}月{d}号"]  # fmt: skip
FULL_WIDTH = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789-/."}


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(WAYS), st.booleans())
def test_a_day_is_read_however_it_is_written(day: date, way: str, full: bool) -> None:  # noqa: FBT001
    text = way.format(y=day.year, m=day.month, d=day.day)
    assert read_day(text.translate(FULL_WIDTH) if full else text) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-02-270", "认不出"),
        ("2026-02-30", "没有 2026 年 2 月 30 日"),
        ("0000-00-00", "没有"),
        ("45000", "2023-03-15"),
        ("2/27/2026", "分不清"),
        ("27-02-26", "分不清"),
        ("2026-02-27 13:20", "时刻"),
        ("2026年2月", "认不出"),
        ("2026-2/27", "认不出"),
        ("2026227", "认不出"),
        ("12345678", "没有 1234 年 56 月"),
        ("三月一日", "认不出"),
        ("2026-02-27及以后", "认不出"),
    ],
)
def test_what_is_no_day_is_refused_with_how_to_write_one(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        read_day(text)
    assert "2026-02-27" in str(refused.value)


@pytest.mark.parametrize("text", ["是", "有", "√", "✔", "Y", "y", "Ｙ", "YES", "TRUE", "1", " 是 "])
def test_a_yes_is_read(text: str) -> None:
    assert read_flag(text) is True


@pytest.mark.parametrize("text", ["否", "无", "没有", "×", "N", "no", "FALSE", "0"])
def test_a_no_is_read(text: str) -> None:
    assert read_flag(text) is False


@pytest.mark.parametrize("text", ["部分", "不详", "是否", "2", "是/否", ""])
def test_what_says_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="是、否"):
        read_flag(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("40", 40), ("４０", 40), ("40位", 40), ("40 字符", 40), ("40个字", 40), ("200字节", 200),
     ("1,000", 1000), ("１，０００", 1000), ("40.0", 40), ("64 Bytes", 64), ("0", 0)],
)  # fmt: skip
def test_a_number_is_read_with_its_unit(text: str, number: int) -> None:
    assert read_whole(text) == number


@pytest.mark.parametrize(
    "text", ["-1", "3.5", "10,2", "1e3", "四十", "40-50", "VARCHAR(40)", "4 0", "", "1" * 10]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="整数"):
        read_whole(text)


def refusal(read, text: str) -> str:
    """What is said of a text; empty where it is read."""
    try:
        read(text)
    except ValueError as refused:
        return str(refused)
    return ""


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    for read in (read_day, read_flag, read_whole):
        assert re.search("[一-龥]", refusal(read, text)) or read(text) is not None
