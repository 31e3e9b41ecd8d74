"""Beijing days."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from node.protocol.wire.days import beijing_day, end_of_day

SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE_1992 = st.integers(694_224_000, 4_102_444_800)


@given(SINCE_1992)
def test_a_day_is_the_date_a_clock_in_beijing_shows(at):
    date = datetime.fromtimestamp(at, SHANGHAI).date()
    assert beijing_day(at) == (date - datetime(1970, 1, 1, tzinfo=UTC).date()).days


@given(SINCE_1992)
def test_a_day_ends_at_the_next_midnight_in_beijing(at):
    end = datetime.fromtimestamp(end_of_day(at), SHANGHAI)
    assert (end.hour, end.minute, end.second) == (0, 0, 0)
    assert 0 < end_of_day(at) - at <= 86_400
    assert beijing_day(end_of_day(at)) == beijing_day(at) + 1
