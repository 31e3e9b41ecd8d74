"""A call is permitted, or refused on the first ground of the protocol's order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.protocol.ledger.enums import Permit
from node.protocol.ledger.judge import (
    Standing,
    find_refusal,
    find_refusals,
    key_is_live,
    permits,
)

AGREED = Standing(
    key=b"k",
    key_is_registered=True,
    key_kind=3,
    key_from=10,
    key_until=1000,
    application=b"a",
    granted_to=b"a",
    provider=b"p",
    consumer=b"c",
    provider_status=1,
    consumer_status=1,
    entry=b"e",
    version=1,
    revision=1,
    state=5,
    items=3,
    purpose=b"u",
    mode=1,
    valid_from=100,
    valid_until=200,
)

GROUNDS = [
    ({"granted_to": b"x"}, 150, "authorisation-unknown", Permit.UNKNOWN),
    ({"key_kind": 1}, 150, "authorisation-unknown", Permit.UNKNOWN),
    ({"state": 0}, 150, "authorisation-unknown", Permit.UNKNOWN),
    ({"provider_status": 2}, 150, "department-suspended", Permit.DEPARTMENT_SUSPENDED),
    ({"consumer_status": 3}, 150, "department-suspended", Permit.DEPARTMENT_SUSPENDED),
    ({"entry_frozen": True}, 150, "entry-frozen", Permit.ENTRY_FROZEN),
    ({"state": 1}, 150, "authorisation-not-agreed", Permit.NOT_AGREED),
    ({"state": 6}, 150, "authorisation-not-agreed", Permit.NOT_AGREED),
    ({"state": 10}, 150, "authorisation-suspended", Permit.SUSPENDED),
    ({"state": 11}, 150, "authorisation-suspended", Permit.SUSPENDED),
    ({"state": 12}, 150, "authorisation-terminated", Permit.TERMINATED),
    ({"state": 14}, 150, "authorisation-terminated", Permit.TERMINATED),
    ({}, 99, "authorisation-not-started", Permit.NOT_STARTED),
    ({}, 200, "authorisation-expired", Permit.EXPIRED),
]


class TestTheGrounds:
    def test_are_none_within_the_authorisation(self):
        assert find_refusal(AGREED, b"p", 150) is None
        assert permits(AGREED, b"k", 3, b"u", 150) is Permit.PERMITTED

    @pytest.mark.parametrize(("change", "at", "code", "permit"), GROUNDS)
    def test_are_named_as_by_the_contract(self, change, at, code, permit):
        standing = replace(AGREED, **change)
        assert find_refusals(standing, b"p", at) == [code]
        assert permits(standing, b"k", 1, b"u", at) is permit

    def test_come_in_the_order_of_the_protocol(self):
        every = replace(AGREED, consumer_status=2, entry_frozen=True, state=10, mode=2)
        assert find_refusals(every, b"p", 200) == [
            "department-suspended",
            "entry-frozen",
            "authorisation-suspended",
            "authorisation-expired",
            "mode-not-granted",
        ]

    def test_do_not_tell_another_providers_authorisation_from_none(self):
        assert find_refusals(replace(AGREED, state=10), b"x", 150) == ["authorisation-unknown"]

    @pytest.mark.parametrize(
        ("key", "items", "purpose", "permit"),
        [
            (b"x", 1, b"u", Permit.UNKNOWN),
            (b"k", 1, b"x", Permit.PURPOSE_NOT_GRANTED),
            (b"k", 0, b"x", Permit.PURPOSE_NOT_GRANTED),
            (b"k", 0, b"u", Permit.ITEM_NOT_GRANTED),
            (b"k", 4, b"u", Permit.ITEM_NOT_GRANTED),
        ],
    )
    def test_of_the_call_itself_come_last(self, key, items, purpose, permit):
        assert permits(AGREED, key, items, purpose, 150) is permit

    def test_of_a_dead_key_are_those_of_none(self):
        assert permits(AGREED, b"k", 1, b"u", 1000) is Permit.UNKNOWN


class TestTheKey:
    @pytest.mark.parametrize(("at", "live"), [(9, False), (10, True), (999, True), (1000, False)])
    def test_signs_within_its_validity(self, at, live):
        assert key_is_live(AGREED, at) is live

    @pytest.mark.parametrize(
        "change", [{"key_is_registered": False}, {"key_revoked": True}, {"key_kind": 2}]
    )
    def test_signs_nothing_otherwise(self, change):
        assert not key_is_live(replace(AGREED, **change), 500)
