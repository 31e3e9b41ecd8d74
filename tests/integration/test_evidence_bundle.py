"""Evidence from a real chain, a real log and a real read model, verified from the file alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from node.protocol.evidence import parse_bundle, verify_evidence
from node.protocol.trust import parse_trust, render_trust
from tests.common.evidence import City

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.common.chain import LedgerChain

pytestmark = pytest.mark.chain


@pytest.fixture
def city(ledger_chain: LedgerChain, tmp_path) -> Iterator[City]:
    city = City(ledger_chain, tmp_path)
    try:
        city.build()
        yield city
    finally:
        city.close()


def test_an_anchored_call_is_proven(city):
    event = city.call()
    city.anchor()
    collected = city.collect(event)
    trust = parse_trust(render_trust(collected.trust))
    started = time.perf_counter()
    evidence = verify_evidence(collected.data, trust)
    print(time.perf_counter() - started, len(collected.data))
    for check in evidence.checks:
        print(check)
    assert evidence.verdict == "proven"
    assert evidence.event == event == parse_bundle(collected.data).event
    assert all(check.ok for check in evidence.checks)
