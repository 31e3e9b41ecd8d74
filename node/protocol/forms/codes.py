"""Numbers the state gives to departments and to people, checked by their standards.

Only what a standard fixes for good is checked: length, alphabet, date, check digit. Which counties
there are changes every year, and the tables of validators disagree about it.
"""

import re
from datetime import date

from stdnum.cn import ric, uscc

_RESIDENT_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)


def unified_code(code: str) -> str:
    """Return a unified social credit code (GB 32100-2015) that is one.

    Raises:
        ValueError: an alphabet, length or check digit that is not the standard's, in Chinese.
    """
    # stdnum forgives separators and small letters; an id is hashed from the characters as given.
    if uscc.compact(code) != code or not uscc.is_valid(code):
        raise ValueError("不是有效的统一社会信用代码（GB 32100：18 位，含校验码）")
    return code


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
