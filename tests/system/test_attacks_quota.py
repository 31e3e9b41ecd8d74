"""Calls that race for the last of a day's quota, and for one event id."""

from __future__ import annotations

import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from node.errors import LedgerBehind, QuotaCalls
from node.office import authorising
from node.office.authorising import Request
from node.protocol import forms as documents
from node.protocol.wire import encoding
from node.protocol.wire.ids import ZERO
from node.protocol.wire.leaf import parse_leaf
from node.protocol.wire.merkle import leaf_hash
from tests.common import papers
from tests.common.nodes import (
    ALWAYS,
    ITEMS,
    QUERY,
    until,
)
from tests.common.wire import exchange, render, sign

pytestmark = pytest.mark.chain

CALLS, THREADS, QUOTA = 120, 16, 50


@pytest.fixture(scope="module")
def limited(city):
    """An authorisation of the same application with a small quota."""
    town = city.town
    quota = {"callsPerDay": QUOTA, "rowsPerDay": 10_000}
    body = papers.application(**ALWAYS, **quota, items=list(ITEMS))
    applied = authorising.apply_for([Request(body, town.version_paper)])
    decided = town.decide(applied, town.keys.office[papers.EDUCATION])
    number = decided.event["first"]
    agreed = papers.reply(
        authorisation=number,
        subject=documents.digest_of(applied.documents[0]).hex(),
        answer="同意",
        grant=papers.grant(**ALWAYS, **quota, items=list(ITEMS)),
        refusals=[],
    )
    act = authorising.reply(agreed, application=applied.documents[0], version=town.version_paper)
    town.decide(act, town.keys.office[papers.POLICE])
    return number


def leaves_of(town, number):
    """Return the leaves of an authorisation's calls, in the order of their numbers."""
    log = next(one.log for one in town.node.identities if one.origin.endswith(papers.POLICE))
    reader = town.node.reader
    found = reader.calls(log, number, limit=1000)
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return [reader.entry(log, index) for _, index in found]


def test_a_quota_is_used_up_exactly_and_the_calls_stay_one_chain(city, limited):
    with city.town.client() as client:

        def call(_):
            try:
                return client.query(limited, **QUERY).receipt
            except QuotaCalls as refused:
                return refused.facts["receipt"]
            except LedgerBehind:  # the papers are still on their way
                return None

        with ThreadPoolExecutor(THREADS) as pool:
            receipts = list(pool.map(lambda n: until(lambda: call(n)), range(CALLS)))
    leaves = leaves_of(city.town, limited)
    outcomes = [parse_leaf(leaf).outcome for leaf in leaves]
    assert outcomes.count("served") == QUOTA
    assert outcomes.count("quota-calls") == CALLS - QUOTA
    assert {receipt.leaf for receipt in receipts} <= set(leaves)
    hashes = [ZERO, *map(leaf_hash, leaves)]
    assert [parse_leaf(leaf).prev for leaf in leaves] == hashes[:-1]


def test_of_two_texts_with_one_event_one_is_served_however_often_both_are_sent(city):
    town = city.town
    path = f"/api/v1/authorisations/{town.first}/query"
    nonce, created = encoding.b64u(secrets.token_bytes(18)), int(time.time())
    requests = []
    for matter in ("1", "2"):
        salt = encoding.b64u(secrets.token_bytes(16))
        data = json.dumps({**QUERY, "matter": matter, "salt": salt}).encode()
        key = town.keys.application
        headers = sign(key, city.authority, path, data, nonce=nonce, created=created)
        requests.append(render("POST", path, headers.items(), data))
    before = len(leaves_of(town, town.first))
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda one: exchange(city.authority, one), requests * 10))
    statuses = [[each.status for each in answers[text::2]] for text in (0, 1)]
    assert sorted(set(each).pop() for each in statuses if len(set(each)) == 1) == [200, 409]
    assert len(leaves_of(town, town.first)) == before + 1
    receipts = {json.loads(each.body)["receipt"]["leaf"] for each in answers}
    assert len(receipts) == 1
