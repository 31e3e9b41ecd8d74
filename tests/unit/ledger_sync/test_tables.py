"""A record of the ledger and its row are one thing: member for column, in the same order."""

from __future__ import annotations

import pytest

from ledger_sync.objects import _ABOUT
from ledger_sync.tables import PROJECTIONS, RECORDS
from node.protocol.evm.decision import DECISIONS
from node.protocol.ledger.facts import KEY_SIZES, NonceFact


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_members_are_columns_and_the_first_are_the_key(kind):
    table = RECORDS[kind]
    assert tuple(table.columns.keys()) == kind._fields
    assert tuple(table.primary_key.columns.keys()) == kind._fields[: KEY_SIZES[kind]]


def test_every_kind_of_record_has_a_table_that_is_refilled():
    assert set(RECORDS) == set(KEY_SIZES) - {NonceFact}  # nonces stand in `decision`
    assert set(RECORDS.values()) <= set(PROJECTIONS)


def test_every_kind_of_decision_says_what_it_is_about():
    assert set(_ABOUT) == set(DECISIONS)
