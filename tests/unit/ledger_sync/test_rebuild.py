"""A rebuilt model is the same, row for row."""

from __future__ import annotations

import pytest

from ledger_sync.fingerprint import dump, fingerprint
from ledger_sync.queries import Queries
from ledger_sync.rebuild import rebuild
from node.errors import ChainUnavailable, LedgerBehind
from tests.common.fakes import Scripted


def lines(engine):
    with engine.connect() as connection:
        return list(dump(connection))


def test_gives_the_same_rows(filled, story, clock):
    before = lines(filled)
    cursor = rebuild(filled, story.chain, story.chain.deployment, clock=clock)
    assert lines(filled) == before
    assert cursor.next_block == story.chain.head() + 1
    assert not cursor.filling


def test_mends_a_row_changed_by_hand(filled, story, clock):
    before = fingerprint(filled)
    with filled.begin() as connection:
        connection.exec_driver_sql("UPDATE authorisation SET calls_per_day = 99999")
    assert fingerprint(filled) != before
    rebuild(filled, story.chain, story.chain.deployment, clock=clock)
    assert fingerprint(filled) == before


def test_fills_a_model_that_was_never_there(engine, story, clock):
    rebuild(engine, story.chain, story.chain.deployment, clock=clock)
    assert len(Queries(engine).departments()) == 3


def test_stays_shut_when_the_chain_goes_away_half_way(filled, story, clock):
    source = Scripted(story.chain, silent=True)
    with pytest.raises(ChainUnavailable):
        rebuild(filled, source, story.chain.deployment, clock=clock)
    with pytest.raises(LedgerBehind):
        Queries(filled).departments()
