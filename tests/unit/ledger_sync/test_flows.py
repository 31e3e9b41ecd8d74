"""Who may read from whom, against every authorisation asked alone."""

from __future__ import annotations

from collections import Counter

import pytest

from ledger_sync.flows import FlowQueries
from ledger_sync.queries import Queries
from node.protocol.ledger.enums import Permit
from node.protocol.ledger.steps import permit_in


@pytest.fixture
def flows(filled):
    return FlowQueries(filled)


def test_only_what_permits_calls_now_counts(filled, flows):
    facts = Queries(filled).list_authorisations(limit=1_000)
    moments = {moment for one in facts for moment in (one.valid_from, one.valid_until)}
    found = []
    for now in sorted({max(0, one + by) for one in moments for by in (-1, 0, 1)}):
        expected = Counter(
            (one.provider, one.consumer)
            for one in facts
            if permit_in(one.state) is Permit.PERMITTED and one.valid_from <= now < one.valid_until
        )
        assert {(one.provider, one.consumer): one.live for one in flows.flows(now)} == expected
        found.append(len(expected))
    assert max(found) > min(found)


def test_the_parties_are_those_of_the_authorisations(filled, flows):
    facts = Queries(filled).list_authorisations(limit=1_000)
    numbers = [one.authorisation for one in facts]
    assert flows.parties([*numbers, 999]) == {
        one.authorisation: (one.provider, one.consumer) for one in facts
    }


def test_the_last_anchor_of_each_log(filled, flows):
    queries = Queries(filled)
    expected = set()
    for log in queries.logs():
        if log.size:
            last = queries.find_anchor(log.log, log.size - 1)
            assert last is not None
            expected.add((log.log, log.size, last.block.timestamp))
    assert {tuple(one) for one in flows.anchored()} == expected
    assert expected
