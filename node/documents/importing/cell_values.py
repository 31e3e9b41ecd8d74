"""What officials write for a day, a yes or no, a number or a code, read into the one value meant.

Full-width characters are folded (Unicode NFKC). What could mean two things is refused with a
ValueError whose text, in Chinese, says what to write instead.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

DAY = "请写成年-月-日，如 2026-02-27"
_DAY = re.compile(
    r"(?P<year>[0-9]{4})\s*(?:(?P<mark>[-/.])\s*(?P<month>[0-9]{1,2})\s*(?P=mark)"
    r"\s*(?P<day>[0-9]{1,2})|年\s*(?P<month2>[0-9]{1,2})\s*月\s*(?P<day2>[0-9]{1,2})\s*[日号]?"
    r"|(?P<month3>[0-9]{2})(?P<day3>[0-9]{2}))",
    re.ASCII,
)
_MIDNIGHT = re.compile(r"[\sT]+0{1,2}:00(:00(\.0+)?)?$", re.ASCII)
_CLOCK = re.compile(r"[\sT]*[0-9]{1,2}:[0-9]{2}", re.ASCII)
_MARKS = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-") | dict.fromkeys("。．、｡､", "."))
_SERIALS = range(36_526, 73_051)
"""Days of 2000 to 2099 as Excel counts them, from 1899-12-30."""
_EPOCH = date(1899, 12, 30)
_YES = frozenset({"是", "有", "对", "√", "✓", "✔", "☑", "y", "yes", "t", "true", "1"})
_NO = frozenset({"否", "无", "没有", "不是", "×", "✗", "✘", "☒", "n", "no", "f", "false", "0"})
_WHOLE = re.compile(
    r"(?P<digits>[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.0+)?"
    r"\s*(?:个?(?:字符|字节|汉字|字)|位|bytes?|b|chars?)?",
    re.ASCII | re.IGNORECASE,
)


def folded(text: str) -> str:
    """Return a text with full-width letters, digits and marks as the half-width ones."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def read_day(text: str) -> str:
    """Return a day as YYYY-MM-DD.

    Raises:
        ValueError: it is no day, or which day is meant cannot be told.
    """
    plain = _MIDNIGHT.sub("", folded(text.translate(_MARKS)))
    found = _DAY.fullmatch(plain)
    if found is None:
        raise ValueError(_why_no_day(plain))
    year, *parts = (
        int(each) for name, each in found.groupdict().items() if each and name != "mark"
    )
    try:
        return date(year, *parts).isoformat()
    except ValueError as error:
        raise ValueError(f"没有 {year} 年 {parts[0]} 月 {parts[1]} 日这一天，{DAY}") from error


def _why_no_day(text: str) -> str:
    if re.fullmatch(r"[0-9]{5}", text) and int(text) in _SERIALS:
        meant = (_EPOCH + timedelta(days=int(text))).isoformat()
        return f"是一个数，不是日期（若是 Excel 把日期存成了数，它是 {meant}）；{DAY}"
    if _DAY.match(text) and _CLOCK.search(text):
        return f"这里只写日期，不写时刻；{DAY}"
    if re.fullmatch(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}", text):
        return f"分不清年、月、日的先后；{DAY}"
    return f"认不出是哪一天；{DAY}"


def read_flag(text: str) -> bool:
    """Return whether a text says yes; a tick does, and 有.

    Raises:
        ValueError: it says neither yes nor no.
    """
    said = folded(text).casefold()
    if said in _YES:
        return True
    if said in _NO:
        return False
    raise ValueError("只能填：是、否")


def read_whole(text: str) -> int:
    """Return a whole number, written with a unit of length or without.

    Raises:
        ValueError: it is no number from 0 to 999,999,999.
    """
    found = _WHOLE.fullmatch(folded(text))
    if found is None:
        raise ValueError("应为不小于 0 的整数，只写数字，如 40")
    return int(found["digits"].replace(",", ""))
