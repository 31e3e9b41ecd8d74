"""A told city and the read model filled from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ledger_sync.follower import Follower
from node.storage.engines import open_engine
from tests.common.fakes import FixedClock
from tests.common.story import Story, tell_city

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def city() -> tuple[Story, dict[str, Any]]:
    """Told once: no test may add to it."""
    story = Story.begin()
    return story, tell_city(story)


@pytest.fixture
def story(city: tuple[Story, dict[str, Any]]) -> Story:
    return city[0]


@pytest.fixture
def named(city: tuple[Story, dict[str, Any]]) -> dict[str, Any]:
    return city[1]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "ledger.db")
    yield engine
    engine.dispose()


@pytest.fixture
def filled(engine: Engine, story: Story, clock: FixedClock) -> Engine:
    """The model at the head of the told city."""
    follower = Follower(engine, story.chain, story.chain.deployment, clock=clock)
    while follower.run_once():
        pass
    follower.close()
    return engine
