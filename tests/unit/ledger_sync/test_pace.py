"""How many blocks are asked for at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger_sync.pace import (
    MOST_BLOCKS,
    MOST_EVENTS,
    START_BLOCKS,
    Pace,
)


def test_grows_by_a_twentieth_after_a_full_answer():
    pace = Pace()
    pace.answered(START_BLOCKS, 10)
    assert pace.blocks == 525


def test_does_not_grow_by_what_it_did_not_ask_for():
    pace = Pace()
    pace.answered(3, 1)
    assert pace.blocks == START_BLOCKS


def test_halves_when_no_answer_came():
    pace = Pace()
    pace.refused()
    assert pace.blocks == START_BLOCKS // 2


def test_full_blocks_make_it_ask_for_as_many_as_fill_a_transaction():
    pace = Pace()
    pace.answered(500, 10 * MOST_EVENTS)
    assert pace.blocks == 50


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**7))))
def test_always_asks_for_at_least_one_and_never_too_many(answers):
    pace = Pace()
    for events in answers:
        if events is None:
            pace.refused()
        else:
            pace.answered(pace.blocks, events)
        assert 1 <= pace.blocks <= MOST_BLOCKS
