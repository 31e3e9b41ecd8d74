"""Beijing days and the quota of one authorisation."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from node.log.counters import Counter, beijing_day, end_of_day

BEIJING = ZoneInfo("Asia/Shanghai")
SINCE_1992 = st.integers(694_224_000_000, 4_102_444_800_000)


class TestBeijingDay:
    @given(SINCE_1992)
    def test_it_is_the_date_a_clock_in_beijing_shows(self, at):
        date = datetime.fromtimestamp(at / 1000, BEIJING).date()
        assert beijing_day(at) == (date - datetime(1970, 1, 1, tzinfo=UTC).date()).days

    @given(SINCE_1992)
    def test_it_ends_at_the_next_midnight_in_beijing(self, at):
        end = datetime.fromtimestamp(end_of_day(at), BEIJING)
        assert (end.hour, end.minute, end.second) == (0, 0, 0)
        assert 0 < end_of_day(at) * 1000 - at <= 86_400_000
        assert beijing_day(end_of_day(at) * 1000) == beijing_day(at) + 1


class TestQuota:
    def test_the_last_call_of_the_day_is_served_and_the_next_is_not(self):
        counter = Counter()
        for _ in range(3):
            assert counter.judge(calls_per_day=3, rows=1, rows_per_day=10) == "served"
            counter.use(1)
        assert counter.judge(calls_per_day=3, rows=1, rows_per_day=10) == "quota-calls"

    def test_rows_may_reach_the_quota_but_not_pass_it(self):
        counter = Counter(rows=7)
        assert counter.judge(calls_per_day=3, rows=3, rows_per_day=10) == "served"
        assert counter.judge(calls_per_day=3, rows=4, rows_per_day=10) == "quota-rows"

    def test_a_later_day_starts_anew_and_an_earlier_one_does_not(self):
        counter = Counter(day=100, calls=3, rows=9)
        counter.open_day(99)
        assert (counter.day, counter.calls, counter.rows) == (100, 3, 9)
        counter.open_day(101)
        assert (counter.day, counter.calls, counter.rows) == (101, 0, 0)

    def test_a_link_counts_and_remembers_the_leaf(self):
        counter = Counter()
        counter.link(b"\x01" * 32)
        assert (counter.count, counter.last, counter.calls) == (1, b"\x01" * 32, 0)
