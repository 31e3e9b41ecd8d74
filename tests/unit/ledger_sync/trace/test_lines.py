"""A trace's line: a check that fails is a finding, a check that cannot be made is not."""

from __future__ import annotations

import pytest

from ledger_sync.trace.lines import beijing, line, short
from node.errors import LedgerBehind, NotFound


class TestLine:
    def test_does_not_take_what_can_pass_for_a_finding(self):
        def behind():
            raise LedgerBehind

        with pytest.raises(LedgerBehind):
            line("", "", "", "", behind)

    def test_holds_only_when_all_below_it_hold(self):
        def wrong():
            raise NotFound("gone")

        bad = line("", "", "", "", wrong)
        assert (bad.ok, bad.finding) == (False, "gone")
        top = line("", "", "", "", None, bad)
        assert top.ok
        assert not top.holds


def test_moments_are_written_in_beijing_time():
    assert beijing(0) == "1970-01-01 08:00:00"


def test_ids_are_shortened():
    assert short(bytes(32)) == "000000000000…"
