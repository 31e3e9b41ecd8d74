"""How much is measured, and what following is worth."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bench.against.rounds import Amounts, Side


def side(found: dict[str, list[float]]) -> Side:
    """Return a side that has measured; neither its build nor its city is asked anything."""
    return Side(cast("Any", None), cast("Any", None), Amounts(calls=100), found)


class TestAmounts:
    def test_are_chosen_by_the_environment(self, monkeypatch):
        monkeypatch.setenv("ROUNDS", "1")
        monkeypatch.setenv("CALLS", "200")
        monkeypatch.setenv("MINUTES", "")
        assert Amounts.chosen() == Amounts(rounds=1, calls=200)

    def test_stay_within_twenty_minutes_unless_told(self):
        assert Amounts().minutes < 20

    def test_file_three_hundred_entries_by_default(self):
        assert Amounts().entries == 300


class TestFollowing:
    def test_is_worth_what_a_history_adds(self):
        measured = side({"blank": [0.2, 0.4, 0.3], "decided": [1.3, 2.3], "anchored": [0.8]})
        measured.settle()
        assert measured.found["decisions_per_second"] == pytest.approx([200.0, 100.0])
        assert measured.found["events_per_second"] == pytest.approx([1600.0])
        assert set(measured.found) == {"decisions_per_second", "events_per_second"}

    def test_never_counts_less_than_half_of_its_time(self):
        measured = side({"blank": [0.9], "decided": [1.0], "anchored": [0.8]})
        measured.settle()
        assert measured.found["decisions_per_second"] == pytest.approx([400.0])
        assert measured.found["events_per_second"] == pytest.approx([2000.0])
