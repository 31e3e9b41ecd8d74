"""What follows a commit is judged while that is on its way to the disk, and holds or is redone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from threading import Event

import pytest
from sqlalchemy.event import listen

from node.errors import CallReplayed, LogUnavailable
from node.log import Committed, Committer, LogReader, check_log
from node.log.indexes import BATCHES
from node.protocol.wire.leaf import parse_leaf
from node.protocol.wire.receipt import verify_receipt
from node.storage.engines import open_engine
from tests.common.logs import NOON, Clock, commit_all, new_draft, new_identity

SECONDS = 20


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


@pytest.fixture
def committer(path, identity, clock):
    with closing(Committer(open_engine(path), [identity], clock=clock)) as opened:
        # An authorisation that has been called: its counter is in memory.
        commit_all(opened, [new_draft(identity, 0)])
        yield opened


def commit_in_turn(committer, batches):
    """Commit each batch while the one before is on its way; return all results."""
    results = []
    for batch, following in zip(batches, [*batches[1:], None], strict=True):
        ahead = None if following is None else lambda following=following: following
        results += committer.commit(batch, following=ahead)
    return results


def size_on_disk(path, identity):
    return check_log(open_engine(path, readonly=True), identity.log).size


class Damaged:
    """A signer that signs no head of a size."""

    def __init__(self, identity, size):
        self._identity, self._size = identity, size
        self.public = identity.ed25519.public

    def sign(self, message):
        if b"\n%d\n" % self._size in message:
            raise OSError("the token does not answer")
        return self._identity.ed25519.sign(message)


class TestAhead:
    def test_it_is_judged_before_the_commit_is_through(self, path, identity):
        engine, asked = open_engine(path), Event()
        with closing(Committer(engine, [identity], clock=Clock())) as committer:
            commit_all(committer, [new_draft(identity, 0)])
            seen = []
            listen(engine, "commit", lambda _: seen.append(asked.wait(SECONDS)))

            def following():
                asked.set()
                return [new_draft(identity, 2)]

            committer.commit([new_draft(identity, 1)], following=following)
            assert seen == [True]

    def test_entries_numbers_links_and_receipts_are_those_of_commits_one_by_one(
        self, path, tmp_path, identity, clock
    ):
        batches = [
            [new_draft(identity, n, authorisation=n % 3) for n in range(first, first + 40)]
            for first in range(0, 40 * (2 * BATCHES + 3), 40)
        ]
        with closing(Committer(open_engine(path), [identity], clock=clock)) as committer:
            done = commit_in_turn(committer, batches)
        with closing(Committer(open_engine(tmp_path / "b.db"), [identity], clock=clock)) as other:
            plain = [one for batch in batches for one in commit_all(other, batch)]
        assert [(one.leaf, one.index, one.size, one.proof) for one in done] == [
            (one.leaf, one.index, one.size, one.proof) for one in plain
        ]
        keys = {"sm2": identity.sm2.public_key, "ed25519": identity.ed25519.public}
        for one in done[::7]:
            verify_receipt(one.receipt(), **keys, origin=identity.origin)
        assert size_on_disk(path, identity) == len(done)

    def test_a_quota_ends_across_it(self, committer, identity):
        batches = [[new_draft(identity, n, calls_per_day=4)] for n in range(1, 6)]
        outcomes = [one.outcome for one in commit_in_turn(committer, batches)]
        assert outcomes == ["served"] * 3 + ["quota-calls"] * 2

    def test_what_comes_again_is_told_wherever_its_event_is(self, committer, path, identity):
        first = [new_draft(identity, n) for n in range(1, 41)]
        done = commit_in_turn(committer, [[one] for one in first])
        indexed, waiting = first[3], first[-1]
        results = commit_in_turn(
            committer,
            [
                [new_draft(identity, 50), indexed],
                [indexed, new_draft(identity, 51)],
                [waiting, new_draft(identity, 52)],
                [replace(indexed, text=b"another"), new_draft(identity, 53)],
                [new_draft(identity, 53), new_draft(identity, 54)],
            ],
        )
        assert [type(one) for one in results].count(CallReplayed) == 1
        assert isinstance(results[6], CallReplayed)
        for place, index in ((1, 3), (2, 3), (4, 39)):
            assert not results[place].fresh
            assert results[place].receipt() == done[index].receipt()
        assert not results[8].fresh
        assert [results[place].number for place in (0, 3, 5, 7, 9)] == [42, 43, 44, 45, 46]
        assert size_on_disk(path, identity) == 46

    def test_calls_no_authorisation_counts_wait_for_their_transaction(self, committer, identity):
        batches = [
            [new_draft(identity, n, counted=False, refusal="authorisation-unknown")]
            for n in range(1, 4)
        ]
        assert [one.number for one in commit_in_turn(committer, batches)] == [0, 0, 0]


class TestDoneAnew:
    def test_after_a_lock_of_somebody_else(self, committer, path, identity):
        first, second = [new_draft(identity, 1)], [new_draft(identity, 2), new_draft(identity, 3)]
        committer.commit(first, following=lambda: second)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert [type(one) for one in committer.commit(second)] == [LogUnavailable] * 2
            other.rollback()
        [done] = commit_all(committer, [new_draft(identity, 3)])
        assert (done.index, done.number) == (2, 3)
        assert size_on_disk(path, identity) == 3

    def test_after_another_writer(self, committer, path, identity, clock):
        following = [new_draft(identity, 2)]
        committer.commit([new_draft(identity, 1)], following=lambda: following)
        with closing(Committer(open_engine(path), [identity], clock=clock)) as other:
            commit_all(other, [new_draft(identity, 3)])
        [done] = commit_all(committer, following)
        assert (done.index, done.number) == (3, 4)
        assert size_on_disk(path, identity) == 4

    def test_after_a_long_wait(self, committer, path, identity, clock):
        following = [new_draft(identity, 2)]
        committer.commit([new_draft(identity, 1)], following=lambda: following)
        clock.milliseconds += 5_000
        [done] = commit_all(committer, following)
        assert parse_leaf(done.leaf).at == NOON + 5_000
        assert size_on_disk(path, identity) == 3

    def test_if_other_calls_come(self, committer, path, identity):
        committer.commit([new_draft(identity, 1)], following=lambda: [new_draft(identity, 2)])
        [done] = commit_all(committer, [new_draft(identity, 3)])
        assert (done.index, done.number) == (2, 3)
        assert size_on_disk(path, identity) == 3


class TestFailure:
    def test_a_commit_that_fails_takes_along_what_was_judged_on_it(self, path, identity):
        engine, asked = open_engine(path), Event()
        with closing(Committer(engine, [identity], clock=Clock())) as committer:
            commit_all(committer, [new_draft(identity, 0)])

            def following():
                asked.set()
                return [new_draft(identity, 2)]

            def fail(_connection):
                assert asked.wait(SECONDS)
                raise OSError("the disk has gone")

            listen(engine, "commit", fail)
            with pytest.raises(OSError, match="disk"):
                committer.commit([new_draft(identity, 1)], following=following)
            with pytest.raises(LogUnavailable):
                committer.commit([new_draft(identity, 2)])
        assert size_on_disk(path, identity) == 1

    def test_a_head_that_cannot_be_signed_fails_its_own_commit(self, path, identity):
        broken = replace(identity, ed25519=Damaged(identity, 3))
        with closing(Committer(open_engine(path), [broken], clock=Clock())) as committer:
            commit_all(committer, [new_draft(identity, 0)])
            following = [new_draft(identity, 2)]
            [done] = committer.commit([new_draft(identity, 1)], following=lambda: following)
            assert isinstance(done, Committed)
            with pytest.raises(OSError, match="token"):
                committer.commit(following)
            with pytest.raises(LogUnavailable):
                committer.commit([new_draft(identity, 3)])
        assert LogReader(open_engine(path, readonly=True)).head(identity.log).size == 2
        assert size_on_disk(path, identity) == 2

    def test_whoever_cannot_say_what_follows_fails_the_next_commit(self, committer, identity):
        def following():
            raise ValueError("nobody knows")

        [done] = committer.commit([new_draft(identity, 1)], following=following)
        assert isinstance(done, Committed)
        with pytest.raises(ValueError, match="nobody"):
            committer.commit([new_draft(identity, 2)])
