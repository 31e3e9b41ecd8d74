"""The quota of one authorisation."""

from __future__ import annotations

from node.log.counters import Counter


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
