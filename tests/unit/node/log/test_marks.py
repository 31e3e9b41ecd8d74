"""A leaf is found by its hash: by its mark where it has one, in the tiles where not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.log import Committer, LogReader, LogScanner, Marks, marks
from node.log.strips import metadata
from node.protocol.wire.merkle import leaf_hash
from node.storage.engines import open_engine
from tests.common.logs import Clock, commit_all, new_draft, new_identity

SIZE, STRIP = 1_100, 64


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log's id, its hashes and what reads it."""
    path, identity = tmp_path_factory.mktemp("log") / "log.db", new_identity()
    committer = Committer(open_engine(path), [identity], clock=Clock())
    drafts = [new_draft(identity, number) for number in range(SIZE)]
    hashes = [leaf_hash(done.leaf) for done in commit_all(committer, drafts)]
    committer.close()
    engine = open_engine(path, readonly=True)
    yield identity.log, hashes, LogReader(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def make_marks(log, tmp_path_factory):
    """Make marks of stretches given by where each begins, and the last ends; strips are short."""

    def make(*borders):
        engine = open_engine(tmp_path_factory.mktemp("tally") / "tally.db")
        metadata.create_all(engine)
        for start, end in itertools.pairwise(borders):
            with engine.begin() as connection:
                marks.add_marks(connection, log[2], log[0], start, end)
        return Marks(engine)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(marks, "LEAVES", STRIP)
        yield make


@settings(max_examples=12, deadline=None)
@example(borders={0, SIZE})
@example(borders={0, 1, STRIP - 1, STRIP, 300})
@example(borders={STRIP + 5, 2 * STRIP + 5})  # the first strip was counted before there were marks
@given(borders=st.sets(st.integers(0, SIZE), max_size=8))
def test_every_leaf_is_found_however_far_they_are_marked(log, make_marks, borders):
    scanner = LogScanner(log[2], make_marks(*sorted(borders)))
    for index in {0, 1, STRIP - 1, STRIP, 255, 256, SIZE - 1, *(each - 1 for each in borders)}:
        if 0 <= index < SIZE:
            assert scanner.find_leaf(log[0], log[1][index]) == index


def test_the_tiles_of_marked_leaves_are_not_looked_through(log, make_marks, monkeypatch):
    scanner, read = LogScanner(log[2], make_marks(0, SIZE)), []
    tiles = log[2].tiles

    def counted(of, first, count):
        read.append(count)
        return tiles(of, first, count)

    monkeypatch.setattr(log[2], "tiles", counted)
    assert scanner.find_leaf(log[0], log[1][700]) == 700
    assert scanner.find_leaf(log[0], bytes(32)) is None
    assert sum(read) <= 3  # the last, which others may follow in, each time, and the one found


def test_what_begins_as_a_leaf_does_and_is_none_is_not_found(log, make_marks):
    scanner = LogScanner(log[2], make_marks(0, SIZE))
    like = log[1][700][: marks.MARK] + bytes(28)
    assert make_marks(0, SIZE).find(log[0], like).places == [700]
    assert scanner.find_leaf(log[0], like) is None


def test_marks_of_old_leaves_go(log, make_marks, monkeypatch):
    monkeypatch.setattr(marks, "NEWEST", 3)
    found = make_marks(0, 400, SIZE).find(log[0], log[1][0])
    assert found == ([], 15 * STRIP, SIZE)
