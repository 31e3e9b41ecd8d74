"""Headers, receipts and events of a bundle: what a hostile chain or file cannot slip in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from node.errors import EvidenceInvalid
from node.protocol.evidence import Bundle
from node.protocol.evidence.proven import verify_chain, verify_headers
from node.protocol.evidence.replay import replay
from node.protocol.evm import blocks
from node.protocol.wire.trustfile import Head, Trust
from tests.common.lies import Liar
from tests.common.story import CENTRE

if TYPE_CHECKING:
    from tests.common.story import Story


def bundle_of(story: Story) -> Bundle:
    """The chain's part of a bundle; the rest is empty."""
    chain = story.chain
    numbers = range(chain.head() + 1)
    raw = {number: chain.block_receipts(number) for number in numbers}
    return Bundle(
        event=bytes(32),
        headers=[blocks.encode_header(one.raw) for one in chain.headers(0, chain.head())],
        receipts={
            number: [blocks.encode_receipt(one) for one in found]
            for number, found in raw.items()
            if found
        },
        documents={},
        leaf=b"",
        index=0,
        proof=[],
        checkpoint=b"",
        consistency=[],
    )


def trust_in(story: Story) -> Trust:
    deployment, last = story.deployment, story.chain.headers(0, story.chain.head())[-1]
    registry = deployment.contracts["DepartmentRegistry"].address
    return Trust(
        deployment.chain_id,
        deployment.genesis_hash,
        registry,
        story.root.public_key,
        Head(last.number, last.hash),
    )


@pytest.fixture
def story():
    return Liar.begin()


class TestHeaders:
    def test_of_an_honest_chain_hold(self, story):
        story.enrol(CENTRE)
        story.mine()
        assert len(verify_headers(bundle_of(story), trust_in(story))) == story.chain.head() + 1

    def test_whose_time_goes_back_are_refused(self, story):
        story.mine()
        last = story.chain.headers(0, story.chain.head())[-1]
        story.mine(timestamp=last.timestamp - 1)
        with pytest.raises(EvidenceInvalid, match="after that of the next") as caught:
            verify_headers(bundle_of(story), trust_in(story))
        assert caught.value.facts["where"] == f"headers[{last.number}]"

    def test_in_a_year_no_calendar_has_are_refused(self, story):
        story.mine(timestamp=2**63)
        with pytest.raises(EvidenceInvalid, match="time"):
            verify_headers(bundle_of(story), trust_in(story))

    def test_are_hashed_before_they_are_taken_apart(self, story, monkeypatch):
        story.mine()
        bundle, trust = bundle_of(story), trust_in(story)
        nested = blocks.encode_header(story.chain.headers(0, 0)[0].raw) + b"\xc0" * 1000
        monkeypatch.setattr(blocks, "parse_header", lambda _: pytest.fail("was read"))
        headers = [*bundle.headers[:-1], nested]
        with pytest.raises(EvidenceInvalid, match="does not hash"):
            verify_headers(replace(bundle, headers=headers), trust)


class TestListedContracts:
    def test_keep_their_events_under_a_second_name(self, story):
        """Or the root department's head could make a contract's revocations disappear."""
        story.enrol(CENTRE)
        story.list_contract("ShareAuthorisations")
        for name in ("DepartmentRegistry", "ShareAuthorisations"):
            address = story.deployment.contracts[name].address
            alias = b"Another" + bytes(25) if name == "DepartmentRegistry" else b"More" + bytes(28)
            with story.saying(name=alias, contractAddress=address):
                story.list_contract("AccessAnchors")
        story.mine()
        trust = trust_in(story)
        _, events = verify_chain(bundle_of(story), trust)
        assert {event.contract for event in events} == {"DepartmentRegistry"}
        assert len(events) == 4
        replayed = replay(events, trust, block=0, authorisation=1, key_id=bytes(32))
        assert len(replayed.acted) == len(events)
