"""Calls counted once each: the sums are those of the leaves, whatever stops, repeats or is lost."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from node.errors import LogUnavailable
from node.log import Committer, LogReader, Tallier, Tallies, strips, tallies
from node.protocol.wire.days import DAY_SECONDS, beijing_day
from node.protocol.wire.ids import ZERO
from node.protocol.wire.leaf import AUDIT, CALL, KINDS, parse_leaf
from node.storage.engines import open_engine
from tests.common import archives
from tests.common.codes import department_code
from tests.common.logs import (
    NOON,
    Clock,
    commit_all,
    new_draft,
    new_identity,
    other_draft,
    with_members,
)

ENTRY = b"\x0e" * 32
HOUR_MS = 3_600_000
TODAY = beijing_day(NOON // 1000)


class Town:
    """A log that grows by calls, and what counts it."""

    def __init__(self, folder):
        self.folder, self.identity, self.clock = folder, new_identity(), Clock()
        self.committer = Committer(
            open_engine(folder / "log.db"), [self.identity], clock=self.clock
        )
        self.leaves = []
        self.reader = LogReader(open_engine(folder / "log.db", readonly=True))
        self.count = 0

    def call(self, authorisation=12, refusal=None):
        self.count += 1
        draft = new_draft(
            self.identity,
            self.count,
            authorisation=authorisation,
            refusal=refusal,
            counted=refusal != tallies.STRANGE,
            judged=self.clock.seconds,
        )
        entry = (ZERO if refusal == tallies.STRANGE else ENTRY).hex()
        draft = with_members(draft, entry=entry)
        self.leaves += [done.leaf for done in commit_all(self.committer, [draft])]

    def tallier(self):
        engine = open_engine(self.folder / "tally.db")
        return Tallier(self.reader, engine, clock=lambda: self.clock.seconds)

    def tallies(self):
        return Tallies(open_engine(self.folder / "tally.db", readonly=True))

    def hours(self):
        """Return the sums as every leaf says them."""
        sums: dict[int, Counter[str]] = {}
        for data in self.leaves:
            leaf = parse_leaf(data, KINDS)
            if leaf.kind != CALL:
                continue
            one = sums.setdefault(leaf.at // HOUR_MS, Counter())
            one["served" if leaf.outcome == "served" else "refused"] += 1
            one["rows"] += leaf.rows
        return {hour: (one["served"], one["refused"], one["rows"]) for hour, one in sums.items()}


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.committer.close()


def test_the_sums_are_those_of_the_leaves(town, monkeypatch):
    monkeypatch.setattr(tallies, "STRETCH", 4)
    for number in range(9):
        town.call(authorisation=1 + number % 2)
        town.clock.milliseconds += HOUR_MS // 4
    town.call(refusal="quota-calls")
    town.call(authorisation=77, refusal=tallies.STRANGE)
    town.call(authorisation=78, refusal=tallies.STRANGE)
    other = other_draft(town.identity, 1_000, AUDIT, b"x")
    other = with_members(other, judged=town.clock.seconds)
    town.leaves += [done.leaf for done in commit_all(town.committer, [other])]
    tallier, found = town.tallier(), town.tallies()
    steps = 0
    while tallier.advance():
        steps += 1
    assert steps == 3
    assert found.sizes() == {town.identity.log: 13}
    assert found.hours(0) == town.hours()
    assert found.hours(max(town.hours())) == {max(town.hours()): town.hours()[max(town.hours())]}
    assert found.busiest(TODAY, 5) == [(ENTRY, 9)]
    assert found.used(TODAY, 5) == [(1, 5), (2, 4)]
    assert found.used(TODAY, 1) == [(1, 5)]
    # What strangers name is no number of ours: they are one line, however many they name.
    assert found.refusals(TODAY, 5) == [(tallies.STRANGE, 2), ("quota-calls", 1)]
    assert found.used(TODAY + 1, 5) == found.busiest(TODAY + 1, 5) == []


def test_no_call_is_counted_twice_by_two_that_count(town):
    first, second = town.tallier(), town.tallier()
    for _ in range(3):
        town.call()
        first.advance()
        second.advance()
    assert town.tallies().hours(0) == town.hours()


def test_a_file_that_was_lost_is_counted_again(town):
    town.call()
    town.tallier().advance()
    before = town.tallies().hours(0)
    for path in town.folder.glob("tally.db*"):
        path.unlink()
    town.tallier().advance()
    assert town.tallies().hours(0) == before


def test_a_log_that_was_put_back_is_counted_anew(town):
    for _ in range(3):
        town.call()
    tallier = town.tallier()
    tallier.advance()
    with open_engine(town.folder / "tally.db").begin() as connection:
        connection.execute(strips.tallied.update().values(size=9))
    tallier.advance()
    assert town.tallies().sizes() == {town.identity.log: 3}
    assert town.tallies().hours(0) == town.hours()


def test_what_is_old_is_forgotten_and_not_read_again(town):
    town.call()
    tallier, found = town.tallier(), town.tallies()
    tallier.advance()
    town.clock.milliseconds += 2 * DAY_SECONDS * 1000
    town.call()
    tallier.advance()
    assert found.used(TODAY, 5) == []
    assert found.hours(0) == town.hours()
    town.clock.milliseconds += 40 * DAY_SECONDS * 1000
    town.call()
    tallier.advance()
    assert [*found.hours(0)] == [max(town.hours())]
    # Counted from nothing, what is older than is kept is passed over.
    for path in town.folder.glob("tally.db*"):
        path.unlink()
    town.tallier().advance()
    assert town.tallies().hours(0) == found.hours(0)


def test_a_disk_that_fails_holds_nothing_up(town, monkeypatch, caplog):
    monkeypatch.setattr(tallies, "AGAIN_SECONDS", 0.0)
    town.call()
    tallier, stop = town.tallier(), threading.Event()
    full, advance = [OperationalError("INSERT", {}, Exception("disk full"))], tallier.advance

    def advance_on_a_full_disk():
        if full:
            raise full.pop()
        stop.set()
        return advance()

    monkeypatch.setattr(tallier, "advance", advance_on_a_full_disk)
    tallier.run(stop)
    assert "写不进 tally.db" in caplog.text
    assert town.tallies().hours(0) == town.hours()


def test_a_log_whose_tile_is_away_waits_and_others_do_not(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tallies, "AGAIN_SECONDS", 0.0)
    archives.fill(tmp_path)
    kept, other = archives.Kept(tmp_path), new_identity(department_code(2))
    kept.archive(archives.LOCAL)
    committer = Committer(kept.engine, [other], clock=Clock())
    commit_all(committer, [new_draft(other, number) for number in range(3)])
    committer.close()
    engine = open_engine(tmp_path / "tally.db")
    found = Tallies(open_engine(tmp_path / "tally.db", readonly=True))
    bundle, tiles = kept.path("tile/entries/001"), tmp_path / "tiles"
    data = bundle.read_bytes()
    losses = [
        (lambda: tiles.rename(tmp_path / "away"), lambda: (tmp_path / "away").rename(tiles)),
        (bundle.unlink, lambda: bundle.write_bytes(data)),
        (lambda: bundle.write_bytes(data[:-1]), lambda: bundle.write_bytes(data)),
    ]
    for lose, mend in losses:
        tallier = Tallier(kept.new_reader(), engine, clock=lambda: NOON // 1000)
        lose()
        assert not tallier.advance()
        assert found.sizes() == {other.log: 3}
        mend()
    assert caplog.text.count("not counted") == len(losses)
    tallier.advance()
    assert found.sizes() == {other.log: 3, archives.LOG: archives.SIZE}
    kept.close()


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path):
    engine = create_engine(f"sqlite:///file:{tmp_path}/none.db?mode=ro&uri=true")
    with pytest.raises(LogUnavailable):
        Tallies(engine).hours(0)
