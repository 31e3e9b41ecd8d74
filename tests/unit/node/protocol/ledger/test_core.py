"""The core believes no event for being on the chain: each lie of a chain's operator is found.

The lies are those of `tests.common.lies`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from node.errors import DecisionRefused
from node.protocol.evidence import CONTRACTS
from node.protocol.evm import abi
from node.protocol.evm.decision import DECISIONS
from node.protocol.ledger import core, enums, facts
from node.protocol.ledger.core import Ledger, Origin
from node.protocol.ledger.signed import OURS
from node.protocol.ledger.surroundings import Memory, Sm2Outside
from tests.common.lies import LIES, Liar
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    Story,
    digest,
    tell_city,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def replay(story: Story) -> Memory:
    deployment, root = story.deployment, story.root.public_key
    registry = deployment.contracts["DepartmentRegistry"].address
    store = Memory()
    ledger = Ledger(store, Origin(deployment.chain_id, registry, (root.x, root.y)), Sm2Outside())
    for event in read(story):
        ledger.apply(event)
    return store


def authorisation(store: Memory, number: int) -> facts.AuthorisationFact:
    found = store.find(facts.AuthorisationFact, number)
    assert found
    return found


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
        store = replay(story)
        one = authorisation(store, 1)
        assert one.state == State.AGREED
        assert one.items == 0b0101
        assert authorisation(store, 2).calls_per_day == 50
        officer = store.find(facts.KeyFact, city["officer"].public_key.key_id)
        assert officer
        assert officer.revoked_at
        log = store.find(facts.LogFact, city["log"])
        assert log
        assert log.size == 40

    def test_counts_every_decision(self, story, city):
        assert city
        signed = [event for event in read(story) if event.name != "Anchored"]
        assert len(list(replay(story).all(facts.NonceFact))) == len(signed)

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
        assert authorisation(replay(story), 1).state == State.AGREED

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
        assert authorisation(replay(story), 1).state == State.TERMINATED


class TestWhatIsNot:
    @pytest.mark.parametrize("lie", LIES, ids=str)
    def test_is_found(self, told, lie):
        story, city = told
        error, tell = LIES[lie]
        with story.undone():
            tell(story, city)
            story.mine()
            with pytest.raises(DecisionRefused) as caught:
                replay(story)
        assert caught.value.facts["name"] == error

    def test_is_found_before_anybody_is_enrolled(self, story):
        with story.saying(parent=POLICE):
            story.enrol(CENTRE)
        story.mine()
        with pytest.raises(DecisionRefused, match="RootNotItsOwn"):
            replay(story)

    def test_screening_is_found_where_there_is_none(self, story, city):
        story.apply_for(city["application"], 4, (city["households"], 1, State.APPLIED))
        subject = digest(f"application for {city['households'].hex()}")
        story.step(4, Step.PASS, State.FORWARDED, story.heads[CENTRE], subject=subject)
        story.mine()
        with pytest.raises(DecisionRefused, match="ScreeningUnsuitable"):
            replay(story)


def test_every_event_with_a_number_has_its_rule():
    """A kind of decision that is added to a contract must be added to the core."""
    declared = {
        kind.name
        for contract in CONTRACTS
        for kind in abi.event_types(contract).values()
        if any(parameter["name"] == "seq" for parameter in kind.inputs)
    }
    origin = Origin(1, bytes(20), (0, 0))
    judged = set(Ledger(Memory(), origin, Sm2Outside()).handlers)
    assert judged == set(DECISIONS)
    assert declared - {kind.event for kind in DECISIONS.values()} == {"Anchored", "LogFrozen"}


def refusals() -> Iterator[tuple[str, int]]:
    """Yield every error the rules name, with how many values they give it."""
    for path in Path(core.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refuse":
                name = node.args[0]
                if path.name != "judge.py" and isinstance(name, ast.Constant):
                    yield str(name.value), len(node.args) - 1


def test_every_refusal_is_an_error_of_the_contracts_with_its_values():
    found = [(name, values) for name, values in refusals() if name not in OURS]
    assert len(found) > 80
    for name, values in found:
        assert values == len(abi.error_members()[name]), name
