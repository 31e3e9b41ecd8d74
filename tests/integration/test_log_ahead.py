"""What follows a commit is judged while that is on its way to the disk, and holds or is redone."""

from __future__ import annotations

import sqlite3
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from threading import Event, Thread

import pytest
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError

from node.errors import CallReplayed, LogUnavailable, QuotaRefusals
from node.log import Committed, Committer, LogReader, check_log, heads
from node.log import batch as module
from node.log.batch import YOUNG_SECONDS, Batch
from node.log.indexes import BATCHES
from node.log.tree import get_last_paths
from node.protocol.wire.leaf import parse_leaf
from node.protocol.wire.receipt import verify_receipt
from node.storage.engines import open_engine
from tests.common.codes import department_code
from tests.common.logs import NOON, SECOND, Clock, commit_all, new_draft, new_identity

SECONDS = 20
NIGHT = NOON + 12 * 60 * 60 * 1000
"""The midnight after noon, in ms."""


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


@pytest.fixture
def told(monkeypatch):
    """What each try to judge ahead has told."""
    found, judge = [], Batch.judge_ahead

    def tell(self, beside):
        found.append(judge(self, beside))
        return found[-1]

    monkeypatch.setattr(Batch, "judge_ahead", tell)
    return found


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
        self, path, tmp_path, identity, clock, told
    ):
        batches = [
            [new_draft(identity, n, authorisation=n % 3) for n in range(first, first + 40)]
            for first in range(0, 40 * (2 * BATCHES + 3), 40)
        ]
        with closing(Committer(open_engine(path), [identity], clock=clock)) as committer:
            done = commit_in_turn(committer, batches)
        with closing(Committer(open_engine(tmp_path / "b.db"), [identity], clock=clock)) as other:
            plain = [one for batch in batches for one in commit_all(other, batch)]
        assert told == [True] * (len(batches) - 1)
        assert [(one.leaf, one.index, one.size, one.proof) for one in done] == [
            (one.leaf, one.index, one.size, one.proof) for one in plain
        ]
        keys = {"sm2": identity.sm2.public_key, "ed25519": identity.ed25519.public}
        for one in done[::7]:
            verify_receipt(one.receipt(), **keys, origin=identity.origin)
        assert size_on_disk(path, identity) == len(done)

    @pytest.mark.parametrize(("calls", "rows"), [(4, 9), (9, 4)])
    def test_a_quota_ends_across_it(self, committer, identity, told, calls, rows):
        batches = [
            [new_draft(identity, n, calls_per_day=calls, rows_per_day=rows)] for n in range(1, 6)
        ]
        outcomes = [one.outcome for one in commit_in_turn(committer, batches)]
        assert outcomes == ["served"] * 3 + ["quota-calls" if calls < rows else "quota-rows"] * 2
        assert told == [True] * 4

    def test_a_call_is_of_the_day_it_was_judged_on(self, committer, identity, clock, told):
        clock.milliseconds = NIGHT - 100
        now = clock.seconds
        calls = [
            new_draft(identity, n, calls_per_day=2, judged=now, second=now) for n in range(1, 4)
        ]
        committer.commit(calls[:1], following=lambda: calls[1:2])
        clock.milliseconds = NIGHT + 100
        done = committer.commit(calls[1:2], following=lambda: calls[2:])
        done += committer.commit(calls[2:])
        assert [one.outcome for one in done] == ["quota-calls", "served"]
        assert [parse_leaf(one.leaf).at for one in done] == [NIGHT - 100, NIGHT + 100]
        assert told == [True, True]

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

    def test_calls_no_authorisation_counts_wait_for_their_transaction(self, path, identity, told):
        new_call = partial(
            new_draft, identity, counted=False, refusal="authorisation-unknown", key=b"\x07" * 32
        )
        with closing(
            Committer(open_engine(path), [identity], clock=Clock(), strangers_per_day=2)
        ) as committer:
            done = commit_in_turn(committer, [[new_call(n)] for n in range(3)])
        assert [type(one) for one in done] == [Committed, Committed, QuotaRefusals]
        assert told == [False, False]

    @pytest.mark.usefixtures("committer")
    def test_an_authorisation_that_is_not_in_memory_goes_on_counting(
        self, path, identity, clock, told
    ):
        batches = [[new_draft(identity, 1, authorisation=13)], [new_draft(identity, 2)]]
        with closing(Committer(open_engine(path), [identity], clock=clock)) as other:
            assert [one.number for one in commit_in_turn(other, batches)] == [1, 2]
        assert told == [False]

    def test_an_old_event_waits_for_its_transaction(self, committer, identity, clock, told):
        clock.milliseconds = (SECOND + 10) * 1000
        now = clock.seconds
        new_call = partial(new_draft, identity, judged=now)
        batches = [
            [new_call(1, second=now)],
            [new_call(2, second=now), new_call(3, second=now - YOUNG_SECONDS - 1)],
            [new_call(4, second=now - YOUNG_SECONDS), new_call(5, second=now)],
        ]
        commit_in_turn(committer, batches)
        assert told == [False, True]

    def test_an_event_of_the_commit_before_waits_for_its_transaction(
        self, committer, identity, told
    ):
        first, again = commit_in_turn(committer, [[new_draft(identity, 1)]] * 2)
        assert (again.fresh, again.receipt()) == (False, first.receipt())
        assert told == [False]

    def test_no_thread_is_started_within_a_commit(self, committer, identity, monkeypatch):
        def start(_self):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(Thread, "start", start)
        done = commit_in_turn(committer, [[new_draft(identity, n)] for n in range(1, 4)])
        committer.require_ahead()
        assert [one.number for one in done] == [2, 3, 4]

    def test_room_is_asked_for_what_is_written_and_no_more(self, committer, identity, monkeypatch):
        asked = []

        def make_room(_connection, _number, size):
            asked.append(size)
            return size

        monkeypatch.setattr(heads, "make_room", make_room)
        committer._logs[identity.log].room = 0
        calls = [new_draft(identity, n) for n in range(1, 5)]
        commit_in_turn(committer, [calls[:2], calls[2:]])
        assert asked == [3, 5]


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

    def test_not_on_a_log_that_has_to_be_loaded_again(self, path, identity, told):
        other = new_identity(department_code(2))
        with closing(Committer(open_engine(path), [identity, other], clock=Clock())) as committer:
            two = [new_draft(other, 1), new_draft(other, 6, authorisation=13)]
            commit_all(committer, [new_draft(identity, 0), *two])
            committer.commit([new_draft(identity, 2)], following=lambda: [new_draft(other, 3)])
            # Its counter is in memory still.
            following = [new_draft(other, 5, authorisation=13)]
            committer.commit([new_draft(identity, 4)], following=lambda: following)
            [done] = commit_all(committer, following)
        assert told == [True, False]
        assert (done.index, done.number) == (2, 2)
        assert [size_on_disk(path, one) for one in (identity, other)] == [3, 3]

    def test_with_the_counters_it_has_not_moved(self, committer, path, identity, told):
        def new_call(number, authorisation):
            return new_draft(identity, number, authorisation=authorisation)

        commit_all(committer, [new_call(1, 13), new_call(2, 14)])
        committer.commit([new_call(3, 13)], following=lambda: [new_call(4, 14)])
        unmoved, moved = [new_call(6, 12)], [new_call(7, 14)]
        committer.commit([new_call(5, 13)], following=lambda: unmoved)
        committer.commit(unmoved, following=lambda: moved)
        [done] = commit_all(committer, moved)
        assert told == [True, True, False]
        assert done.number == 2
        assert size_on_disk(path, identity) == 7


class TestFailure:
    def test_proofs_that_could_not_be_made_beside_the_commit_are_made_after(
        self, committer, identity, monkeypatch
    ):
        def fail_once(*_given):
            monkeypatch.setattr(module, "get_last_paths", get_last_paths)
            raise MemoryError("once")

        monkeypatch.setattr(module, "get_last_paths", fail_once)
        [done] = committer.commit([new_draft(identity, 1)], following=list)
        keys = {"sm2": identity.sm2.public_key, "ed25519": identity.ed25519.public}
        verify_receipt(done.receipt(), **keys, origin=identity.origin)
        with pytest.raises(MemoryError):
            committer.require_ahead()
        with pytest.raises(MemoryError):
            committer.commit([new_draft(identity, 2)])
        with pytest.raises(LogUnavailable):
            committer.commit([new_draft(identity, 2)])

    @pytest.mark.parametrize(
        "error",
        [
            OSError("gone"),
            OperationalError("BEGIN", None, sqlite3.OperationalError("disk I/O error")),
        ],
    )
    def test_nothing_is_built_on_it_when_a_commit_cannot_begin(
        self, committer, path, identity, monkeypatch, error
    ):
        def begin():
            raise error

        following = [new_draft(identity, 2)]
        committer.commit([new_draft(identity, 1)], following=lambda: following)
        with monkeypatch.context() as patched:
            patched.setattr(committer._connection, "begin", begin)
            with pytest.raises(type(error)):
                committer.commit(following)
        with pytest.raises(LogUnavailable):
            committer.commit([new_draft(identity, 3)])
        assert size_on_disk(path, identity) == 2

    @pytest.mark.parametrize("fails", [False, True])
    def test_nobody_looks_ahead_any_more_when_a_commit_has_ended(self, path, identity, fails):
        engine, ended = open_engine(path), Event()

        def fail(_connection):
            raise OSError("the disk has gone")

        def following():
            Event().wait(0.3)  # as long as a thread may wait for the processor
            ended.set()
            return []

        with closing(Committer(engine, [identity], clock=Clock())) as committer:
            if fails:
                listen(engine, "commit", fail)
            with pytest.raises(OSError, match="disk") if fails else nullcontext():
                committer.commit([new_draft(identity, 1)], following=following)
            assert ended.is_set()

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
