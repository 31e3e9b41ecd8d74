"""What a place needs follows from what was measured, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.growth.capacity import PLACES, TIB, Assumed, Measured, Place, reckon

MEASURED = Measured(
    cpu_ms_per_call=2,
    appends_per_second=20_000,
    bytes_per_entry=1_500,
    decisions_per_second=1_000,
    decision_gas=400_000,
    anchor_gas=50_000,
    bytes_per_decision=1_000,
)
CITY = Place("市", "city", 50, 144_000)


def need(assumed: Assumed | None = None, **measured: float):
    return reckon(CITY, replace(MEASURED, **measured), assumed or Assumed())


def test_the_peak_is_the_busiest_providers_in_the_hours_that_are_busy():
    # A fifth of 144,000 in eight hours is one a second, and three at the peak.
    assert need().peak_calls == pytest.approx(3)
    assert need(Assumed(busy_hours=4)).peak_calls == pytest.approx(6)


def test_cores_are_whole_and_not_filled():
    assert need().cores == 1
    assert need(cpu_ms_per_call=400).cores == 2  # 1.2 cores of work, 60 % of each used
    assert need(cpu_ms_per_call=401).cores == 3


def test_disk_is_what_the_busiest_log_keeps_for_three_years():
    assert need().disk_tib == pytest.approx(28_800 * 365 * 3 * 1_500 / TIB)


def test_a_log_is_not_anchored_more_often_than_it_is_written():
    room = 86_400 / 2 * 30_000_000
    decisions = 50 * 20 * 400_000
    assert need().gas_share == pytest.approx((144_000 * 50_000 + decisions) / room)
    seldom = need(Assumed(anchor_seconds=60))
    assert seldom.gas_share == pytest.approx((50 * 1_440 * 50_000 + decisions) / room)


def test_what_gives_way_first_is_the_greatest_strain():
    assert need().first == "nothing"
    assert need(Assumed(block_gas=1_000_000)).first == "gas"
    assert need(bytes_per_entry=1e9).first == "disk"
    assert need(decisions_per_second=0.01).first == "catch-up"
    assert need(appends_per_second=1).first == "log"
    assert need(cpu_ms_per_call=1e5).first == "cores"


def test_more_is_needed_from_place_to_place():
    found = [reckon(each, MEASURED, Assumed()) for each in PLACES]
    assert [each.peak_calls for each in found] == sorted(each.peak_calls for each in found)
    assert [each.disk_tib for each in found] == sorted(each.disk_tib for each in found)
