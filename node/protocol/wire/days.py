"""Days as the law counts them: those of Beijing.

`Asia/Shanghai` has kept UTC+8 without summer time since 1991, so plain arithmetic will do, and no
time zone database is needed.
"""

from __future__ import annotations

from datetime import timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
DAY_SECONDS = 86_400
_OFFSET_SECONDS = 8 * 3600


def beijing_day(second: int) -> int:
    """Return the number of the Beijing day (1970-01-01 is 0) of a Unix second."""
    return (second + _OFFSET_SECONDS) // DAY_SECONDS


def end_of_day(second: int) -> int:
    """Return the second of the Beijing midnight that ends the day of a Unix second."""
    return (beijing_day(second) + 1) * DAY_SECONDS - _OFFSET_SECONDS
