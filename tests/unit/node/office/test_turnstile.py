"""Strangers' downloads a minute: counted in the database, for all who count there."""

import pytest
from sqlalchemy import func, select

from node.errors import Overloaded
from node.office.tables import OpenTaken
from node.office.turnstile import IN_ALL, PER_ENTRY, Turnstile
from node.storage.engines import open_engine
from node.storage.migrations import upgrade


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def test_an_entry_is_downloaded_so_often_a_minute_whoever_counts(engine):
    now = [0.0]
    fronts = [Turnstile(engine, clock=lambda: now[0]) for _ in range(2)]
    for number in range(PER_ENTRY):
        fronts[number % 2].take(b"a")
    with pytest.raises(Overloaded):
        fronts[0].take(b"a")
    fronts[0].take(b"b")
    now[0] = 60.0
    fronts[1].take(b"a")
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(OpenTaken)) == 1


def test_all_entries_together_have_a_bound(engine):
    gate = Turnstile(engine, clock=lambda: 0.0)
    for number in range(IN_ALL):
        gate.take(bytes([number]))
    with pytest.raises(Overloaded):
        gate.take(b"one more")
