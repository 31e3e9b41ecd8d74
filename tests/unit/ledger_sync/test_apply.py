"""No lie of whoever runs the chain changes a row of the read model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ledger_sync.follower import Follower
from ledger_sync.queries import Queries
from node.errors import ChainInconsistent, WrongChain
from node.protocol.ledger.enums import (
    Answer,
    AuthorisationState,
    Role,
    Step,
)
from node.storage.engines import open_engine
from tests.common.fingerprints import fingerprint
from tests.common.lies import LIES, Liar
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    ZERO,
    digest,
    tell_city,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

State = AuthorisationState


def follow(engine: Engine, story: Liar) -> None:
    follower = Follower(engine, story.chain, story.chain.deployment)
    try:
        while follower.run_once():
            pass
    finally:
        follower.close()


@pytest.fixture
def story():
    return Liar.begin()


@pytest.fixture
def city(story: Liar) -> dict[str, Any]:
    return tell_city(story)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Liar, dict[str, Any], Engine]]:
    """A city told and followed once; tests undo what they tell."""
    story: Any = Liar.begin()
    city = tell_city(story)
    engine = open_engine(tmp_path_factory.mktemp("rules") / "ledger.db")
    follow(engine, story)
    yield story, city, engine
    engine.dispose()


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_no_lie_is_followed(told, lie):
    story, city, engine = told
    _, tell = LIES[lie]
    before = fingerprint(engine)
    with story.undone():
        tell(story, city)
        story.mine()
        with pytest.raises((ChainInconsistent, WrongChain)):
            follow(engine, story)
    assert fingerprint(engine) == before


def test_no_lie_is_followed_from_the_start_either(story, city, tmp_path: Path):
    """In one chunk: what the rules read is then in no table yet."""
    assert city
    with story.saying(state=int(State.AGREED)):
        story.apply_for(city["application"], 4, (city["households"], 1, State.APPLIED))
        story.reply(4, Answer.REFUSE, 0, city["households"])
    story.mine()
    engine = open_engine(tmp_path / "other.db")
    with pytest.raises(ChainInconsistent, match="member=state, expected=6, found=5"):
        follow(engine, story)
    engine.dispose()


def test_a_consumers_own_reply_is_refused(story, city, engine):
    """The whole point: a registered officer's good signature, and nothing else to be seen."""
    story.apply_for(city["application"], 4, (city["households"], 1, State.APPLIED))
    story.mine()
    police = story.heads[POLICE]
    story.heads[POLICE] = story.heads[EDUCATION]
    story.reply(4, Answer.AGREE, 0b1111, city["households"])
    story.heads[POLICE] = police
    story.mine()
    with pytest.raises(ChainInconsistent, match="RoleMissing"):
        follow(engine, story)


def test_screening_and_every_step_are_followed(story, engine):
    centre = story.enrol(CENTRE, screening=True)
    for department in (POLICE, EDUCATION):
        head = story.enrol(department)
        story.grant(department, head.public_key.key_id, Role(6))
    story.grant(CENTRE, centre.public_key.key_id, Role(14))
    application = story.register_application(EDUCATION, "ZHSX")
    [entry] = story.submit(POLICE, ("30/1", 1, 2))
    story.review(("30/1", 1, True))
    story.apply_for(application, 1, (entry, 1, State.APPLIED))
    subject = digest(f"application for {entry.hex()}")
    story.step(1, Step.PASS, State.FORWARDED, centre, subject=subject)
    story.mine()
    story.reply(1, Answer.AGREE, 0b1111, entry)
    last, police, education = digest("reply 1"), story.heads[POLICE], story.heads[EDUCATION]
    story.step(1, Step.DELIVER, State.DELIVERED, police, subject=last)
    story.step(1, Step.CONFIRM, State.ACTIVE, education, subject=last)
    story.mine()
    story.step(1, Step.SUSPEND, State.SUSPENDED, police)
    story.step(1, Step.RECTIFY, State.RECTIFIED, education, subject=last)
    story.step(1, Step.RESUME, State.ACTIVE, police, subject=last)
    story.step(1, Step.SUSPEND, State.SUSPENDED, centre, subject=ZERO)
    story.mine()
    story.step(1, Step.RESUME, State.ACTIVE, centre, subject=last)
    story.step(1, Step.SUSPEND, State.SUSPENDED, police)
    story.step(1, Step.TERMINATE_FOR_CAUSE, State.TERMINATED, centre)
    story.mine()
    follow(engine, story)
    assert Queries(engine).get_authorisation(1).state == State.TERMINATED


def test_the_root_department_is_found_from_a_key_far_below_it(story, engine):
    story.enrol(CENTRE)
    below = [story.enrol(POLICE)]
    with story.saying(parent=POLICE):
        below.append(story.enrol(EDUCATION))
    for head in below:
        story.grant(CENTRE, head.public_key.key_id, Role.DEPARTMENT_HEAD)
    story.mine()
    story.heads[CENTRE] = below[1]
    story.list_contract("AccessAnchors")
    story.mine()
    follow(engine, story)
    assert [one.name for one in Queries(engine).contracts()] == ["AccessAnchors"]
