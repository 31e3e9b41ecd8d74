"""Days as pages say them: those that stand in the papers."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from api.console.wording import NO_END, day, last_day
from node.protocol.forms.fields import ends, starts

DAYS = st.dates(date(2020, 1, 1), date(2199, 12, 31))


@given(DAYS)
def test_the_days_of_a_period_are_those_its_paper_names(said):
    assert day(starts(said)) == said.isoformat()
    assert last_day(ends(said)) == (said.isoformat(), said.isoformat())


def test_what_has_no_end_has_no_last_day():
    assert last_day(NO_END) == last_day(2**64 - 1) == ("长期", "no end")
