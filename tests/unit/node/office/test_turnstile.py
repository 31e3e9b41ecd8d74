"""Strangers' downloads a minute: counted in the database, for all who count there."""

import pytest
from sqlalchemy import func, select

from node.errors import Overloaded
from node.office.tables import METADATA, OpenTaken
from node.office.turnstile import IN_ALL, PER_ENTRY, PREVIEWS, Turnstile
from node.storage.engines import open_engine
from node.storage.migrations import upgrade

ONE, OTHER = b"a" * 32, b"b" * 32


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine, "office", METADATA.sorted_tables)
    yield engine
    engine.dispose()


def test_an_entry_is_downloaded_so_often_a_minute_whoever_counts(engine):
    now = [0.0]
    fronts = [Turnstile(engine, clock=lambda: now[0]) for _ in range(2)]
    for number in range(PER_ENTRY):
        fronts[number % 2].take(ONE)
    with pytest.raises(Overloaded):
        fronts[0].take(ONE)
    fronts[0].take(OTHER)
    now[0] = 60.0
    fronts[1].take(ONE)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(OpenTaken)) == 1


def test_all_entries_together_have_a_bound(engine):
    gate = Turnstile(engine, clock=lambda: 0.0)
    for number in range(IN_ALL):
        gate.take(bytes([number]) * 32)
    with pytest.raises(Overloaded):
        gate.take(b"\xff" * 32)


def test_officers_previews_are_counted_apart_from_strangers_downloads(engine):
    gate = Turnstile(engine, clock=lambda: 0.0)
    for number in range(IN_ALL):
        gate.take(bytes([number]) * 32)
    for _ in range(PREVIEWS.each):
        gate.take(ONE, PREVIEWS)
    with pytest.raises(Overloaded, match="预览太频繁"):
        gate.take(ONE, PREVIEWS)
    gate.take(OTHER, PREVIEWS)
