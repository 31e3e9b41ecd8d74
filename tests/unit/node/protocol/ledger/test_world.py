"""The replay believes no event for being on the chain: each lie of a chain's operator is found.

The lies are those of `tests.common.lies`.
"""

from __future__ import annotations

from typing import Any

import pytest

from node.errors import EvidenceInvalid
from node.protocol.evidence import CONTRACTS
from node.protocol.evm import abi
from node.protocol.ledger import enums
from node.protocol.ledger.world import World
from node.protocol.wire.trust import Head, Trust
from tests.common.lies import LIES, Liar
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    Story,
    digest,
    tell_city,
)

State, Step, Answer = enums.AuthorisationState, enums.Step, enums.Answer


def read(story: Story) -> list[abi.ChainEvent]:
    names = story.deployment.names
    events = []
    for log in story.chain.logs(0, story.chain.head(), list(names)):
        contract = names[log.address]
        name, args = abi.decode_log(contract, log.topics, log.data)
        header = story.chain.headers(log.block_number, log.block_number)[0]
        events.append(
            abi.ChainEvent(
                contract=contract,
                name=name,
                args=args,
                seq=args["seq"],
                block_number=log.block_number,
                block_hash=log.block_hash,
                timestamp=header.timestamp,
                tx_hash=log.tx_hash,
                tx_index=log.tx_index,
                log_index=log.log_index,
                address=log.address,
            )
        )
    return events


def replay(story: Story) -> World:
    deployment = story.deployment
    registry = deployment.contracts["DepartmentRegistry"].address
    trust = Trust(
        deployment.chain_id,
        deployment.genesis_hash,
        registry,
        story.root.public_key,
        Head(story.chain.head(), bytes(32)),
    )
    world = World(trust)
    for event in read(story):
        world.apply(event)
    return world


@pytest.fixture
def story():
    return Liar.begin()


@pytest.fixture
def city(story: Liar) -> dict[str, Any]:
    return tell_city(story)


@pytest.fixture(scope="module")
def told() -> tuple[Liar, dict[str, Any]]:
    """A city told once; tests undo what they tell."""
    story: Any = Liar.begin()
    return story, tell_city(story)


class TestWhatIsTrue:
    def test_is_believed(self, story, city):
        world = replay(story)
        one = world.authorisations.by_id[1]
        assert one.state is State.AGREED
        assert one.items == 0b0101
        assert world.authorisations.by_id[2].calls_per_day == 50
        assert world.registry.keys[city["officer"].public_key.key_id].revoked
        assert [anchor.size for anchor in world.anchors.logs[city["log"]].anchors] == [17, 40]

    def test_counts_every_decision(self, story, city):
        assert city
        signed = [event for event in read(story) if event.name != "Anchored"]
        assert replay(story).decisions == len(signed)

    def test_includes_screening(self, story):
        centre = story.enrol(CENTRE, screening=True)
        for department in (POLICE, EDUCATION):
            head = story.enrol(department)
            story.grant(department, head.public_key.key_id, enums.Role(6))
        story.grant(CENTRE, centre.public_key.key_id, enums.Role(14))
        application = story.register_application(EDUCATION, "ZHSX")
        [entry] = story.submit(POLICE, ("30/1", 1, 2))
        story.review(("30/1", 1, True))
        story.apply_for(application, 1, (entry, 1, State.APPLIED))
        story.mine()
        subject = digest(f"application for {entry.hex()}")
        story.step(1, Step.PASS, State.FORWARDED, centre, subject=subject)
        story.reply(1, Answer.AGREE, 0b1111, entry)
        story.mine()
        assert replay(story).authorisations.by_id[1].state is State.AGREED

    def test_takes_an_authorisation_through_all_its_steps(self, story, city):
        police, education = story.heads[POLICE], story.heads[EDUCATION]
        last = digest("resumed")
        story.step(1, Step.DELIVER, State.DELIVERED, police, subject=last)
        story.step(1, Step.CONFIRM, State.ACTIVE, education, subject=last)
        story.step(1, Step.SUSPEND, State.SUSPENDED, police)
        story.step(1, Step.RECTIFY, State.RECTIFIED, education, subject=last)
        story.step(1, Step.RESUME, State.ACTIVE, police, subject=last)
        story.step(1, Step.SUSPEND, State.SUSPENDED, city["duty"])
        story.step(1, Step.TERMINATE_FOR_CAUSE, State.TERMINATED, story.heads[CENTRE])
        story.mine()
        assert replay(story).authorisations.by_id[1].state is State.TERMINATED


class TestWhatIsNot:
    @pytest.mark.parametrize("lie", LIES, ids=str)
    def test_is_found(self, told, lie):
        story, city = told
        english, tell = LIES[lie]
        with story.undone():
            tell(story, city)
            story.mine()
            with pytest.raises(EvidenceInvalid, match=english) as caught:
                replay(story)
        assert str(caught.value.facts["where"]).startswith("block ")
        assert caught.value.facts["text"]

    def test_is_found_before_anybody_is_enrolled(self, story):
        with story.saying(parent=POLICE):
            story.enrol(CENTRE)
        story.mine()
        with pytest.raises(EvidenceInvalid, match="first department"):
            replay(story)

    def test_screening_is_found_where_there_is_none(self, story, city):
        story.apply_for(city["application"], 4, (city["households"], 1, State.APPLIED))
        subject = digest(f"application for {city['households'].hex()}")
        story.step(4, Step.PASS, State.FORWARDED, story.heads[CENTRE], subject=subject)
        story.mine()
        with pytest.raises(EvidenceInvalid, match="no screening"):
            replay(story)


def test_every_event_with_a_number_has_its_rule(story, city):
    """An event that is added to a contract must be added to the story and the replay."""
    assert city
    declared = {
        kind.name
        for contract in CONTRACTS
        for kind in abi.event_types(contract).values()
        if any(parameter["name"] == "seq" for parameter in kind.inputs)
    }
    assert {event.name for event in read(story)} == declared
