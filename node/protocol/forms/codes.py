"""Numbers the state gives to departments and to people, checked by their standards.

Only what a standard fixes for good is checked: length, alphabet, date, check digit. Which counties
there are changes every year, and the tables of validators disagree about it.
"""

import re
from datetime import date
from functools import lru_cache

from stdnum.cn import ric, uscc

_UNIFIED = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LOOKS_LIKE = {"I": "数字 1", "O": "数字 0", "S": "数字 5", "V": "字母 U", "Z": "数字 2"}
UNIFIED_LENGTH = 18
_RESIDENT_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)


def unified_code(code: str) -> str:
    """Return a unified social credit code (GB 32100-2015) that is one.

    Raises:
        ValueError: an alphabet, length or check digit that is not the standard's, in Chinese.
    """
    if not is_unified_code(code):
        raise ValueError(f"不是有效的统一社会信用代码（GB 32100）：{_wrong_with(code)}")
    return code


@lru_cache(maxsize=1024)
def is_unified_code(code: str) -> bool:
    """Return whether a text is a unified social credit code; the same few come in every row."""
    # stdnum forgives separators and small letters; an id is hashed from the characters as given.
    return bool(uscc.compact(code) == code and uscc.is_valid(code))


def _wrong_with(code: str) -> str:
    strange = next((each for each in code if each not in _UNIFIED), None)
    if strange is not None and strange in _LOOKS_LIKE:
        return f"不会有字母 {strange}，请核对是不是{_LOOKS_LIKE[strange]}"
    if strange is not None:
        return f"只有半角数字和大写字母，不会有「{strange}」"
    if len(code) != UNIFIED_LENGTH:
        return f"应为 18 位，现在是 {len(code)} 位"
    if not code[:8].isdigit():
        return "前 8 位是机构类别和行政区划，应全是数字"
    return "校验码对不上，有一位写错了，请对照证书核对"


def resident_number(number: str) -> str:
    """Return a resident's number (GB 11643-1999) that is one.

    Raises:
        ValueError: a length, date of birth or check digit that is not right, in Chinese.
    """
    if not _RESIDENT_NUMBER.fullmatch(number):
        raise ValueError("应为 18 位公民身份号码（GB 11643）")
    try:
        date.fromisoformat(number[6:14])
    except ValueError as error:
        raise ValueError("公民身份号码里的出生日期不存在") from error
    if ric.calc_check_digit(number) != number[-1]:
        raise ValueError("公民身份号码的校验码不对")
    return number
