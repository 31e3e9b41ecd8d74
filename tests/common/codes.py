"""Unified social credit codes of departments that do not exist, valid by GB 32100."""

from __future__ import annotations

import zlib

from stdnum.cn import uscc

_AUTHORITY_AND_DIVISION = "11130900"
"""机构编制、机关, 沧州市."""


def department_code(which: int | str) -> str:
    """Return the code of department number `which`, or of one so called: always the same."""
    number = which if isinstance(which, int) else zlib.crc32(which.encode())
    first_17 = f"{_AUTHORITY_AND_DIVISION}MB{number % 10**7:07d}"
    return first_17 + uscc.calc_check_digit(first_17)
