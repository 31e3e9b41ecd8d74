"""Times of the chain in words."""

from __future__ import annotations

from api.cli.naming import day_of


def test_a_day_is_beijings_and_an_exclusive_end_closes_the_day_before():
    midnight = 1_790_006_400
    assert (day_of(midnight), day_of(midnight, last=True)) == ("2026-09-22", "2026-09-21")


def test_a_first_head_key_has_no_beginning_and_no_end():
    assert (day_of(0), day_of(2**64 - 1, last=True)) == ("自始", "长期")
