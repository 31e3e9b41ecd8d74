"""The commit: numbering, quota, replays, one transaction over several logs, several writers."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.event import listen

from node.crypto import sm3
from node.errors import (
    CallReplayed,
    ConfigInvalid,
    InvalidInput,
    LogRolledBack,
    LogTampered,
    LogUnavailable,
    NotFound,
    Overloaded,
    QuotaRefusals,
)
from node.log import (
    Committed,
    Committer,
    LogIdentity,
    LogReader,
    Resend,
    check_log,
)
from node.log.batchrows import newer_events
from node.log.indexes import BATCHES, count_calls
from node.log.logpairs import LogPair
from node.log.tables import batch, call, event, head, position
from node.protocol.wire.ids import ZERO, log_id
from node.protocol.wire.leaf import (
    AUDIT,
    KINDS,
    OPEN,
    PREVIEW,
    parse_leaf,
)
from node.protocol.wire.merkle import leaf_hash
from node.protocol.wire.receipt import Receipt, verify_receipt
from node.storage.engines import open_engine
from tests.common.codes import department_code
from tests.common.logs import (
    CODE,
    NOON,
    Clock,
    commit_all,
    new_draft,
    new_identity,
    other_draft,
    with_members,
)
from tests.common.trees import root_of

OTHER_CODE = department_code(2)
MINUTE = 60_000


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
    opened = Committer(open_engine(path), [identity], clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def reader(path, committer):  # noqa: ARG001 - the committer creates the file
    return LogReader(open_engine(path, readonly=True))


def verify(identity, receipt):
    keys = {"sm2": identity.sm2.public_key, "ed25519": identity.ed25519.public}
    verify_receipt(receipt, **keys, origin=identity.origin)


def commit_one(committer, draft):
    (result,) = committer.commit([draft])
    return result


class TestEntries:
    def test_each_result_carries_a_receipt_that_verifies(self, committer, identity):
        results = committer.commit([new_draft(identity, n) for n in range(300)])
        assert [one.index for one in results] == list(range(300))
        for one in results:
            assert one.size == 300
            verify(identity, one.receipt())
            verify(identity, Receipt.parse(one.receipt().render()))

    def test_calls_of_one_authorisation_are_numbered_and_linked(self, committer, identity):
        drafts = [new_draft(identity, n, authorisation=n % 2) for n in range(6)]
        results = committer.commit(drafts[:3]) + committer.commit(drafts[3:])
        leaves = [parse_leaf(one.leaf) for one in results]
        assert [leaf.number for leaf in leaves] == [1, 1, 2, 2, 3, 3]
        for place, leaf in enumerate(leaves):
            assert leaf.prev == (leaf_hash(results[place - 2].leaf) if place >= 2 else ZERO)

    def test_a_stranger_gets_number_zero_outside_the_chain(self, committer, identity):
        first, stranger, second = committer.commit(
            [
                new_draft(identity, 0),
                new_draft(identity, 1, counted=False, refusal="authorisation-unknown"),
                new_draft(identity, 2),
            ]
        )
        leaf = parse_leaf(stranger.leaf)
        assert (leaf.number, leaf.prev, leaf.outcome) == (0, ZERO, "authorisation-unknown")
        assert parse_leaf(second.leaf).prev == leaf_hash(first.leaf)

    def test_a_refusal_is_numbered_but_uses_nothing_up(self, committer, identity):
        refused, served = committer.commit(
            [
                new_draft(identity, 0, refusal="item-not-granted", calls_per_day=1),
                new_draft(identity, 1, calls_per_day=1),
            ]
        )
        assert (refused.number, refused.outcome, refused.answer) == (1, "item-not-granted", None)
        assert (served.number, served.outcome) == (2, "served")

    def test_what_was_asked_and_logged_can_be_read_back(self, committer, reader, identity):
        draft = new_draft(identity, 7)
        done = commit_one(committer, draft)
        assert reader.entry(identity.log, done.index) == done.leaf
        assert reader.request(identity.log, done.index) == draft.request
        assert reader.find_event(identity.log, draft.event) == done.index
        assert reader.calls(identity.log, draft.authorisation) == [(1, 0)]

    def test_a_draft_without_a_body_keeps_none(self, committer, reader, identity):
        commit_one(committer, replace(new_draft(identity, 7), request=None))
        assert reader.request(identity.log, 0) is None

    def test_a_leaf_too_large_fails_alone(self, committer, identity):
        large = new_draft(identity, 1, base=b"x" * 4096)
        before, refused, after = committer.commit(
            [new_draft(identity, 0), large, new_draft(identity, 2)]
        )
        assert isinstance(refused, InvalidInput)
        assert (before.number, after.number, after.index) == (1, 2, 1)

    def test_the_event_of_a_draft_that_failed_is_not_used_up(self, committer, identity):
        results = committer.commit(
            [new_draft(identity, 1, base=b"x" * 4096), new_draft(identity, 1)]
        )
        assert isinstance(results[0], InvalidInput)
        assert (results[1].index, results[1].fresh) == (0, True)

    def test_a_leaf_with_other_than_ascii_is_still_canonical(self, committer, identity):
        draft = new_draft(identity, 0)
        done = commit_one(committer, with_members(draft, custody="own é"))
        assert b'"custody":"own \xc3\xa9"' in done.leaf

    def test_a_log_of_another_node_is_refused_alone(self, committer, identity):
        other, own = committer.commit(
            [new_draft(identity, 0, log=bytes(32)), new_draft(identity, 1)]
        )
        assert isinstance(other, NotFound)
        assert own.index == 0


class TestTime:
    def test_it_never_decreases_within_a_log(self, committer, identity, clock):
        commit_one(committer, new_draft(identity, 0))
        clock.milliseconds -= 30_000
        done = commit_one(committer, new_draft(identity, 1))
        assert parse_leaf(done.leaf).at == NOON

    def test_a_clock_far_behind_the_log_refuses_and_writes_nothing(
        self, committer, reader, identity, clock
    ):
        commit_one(committer, new_draft(identity, 0))
        clock.milliseconds -= 2 * MINUTE
        refused = commit_one(committer, new_draft(identity, 1, judged=clock.seconds))
        assert isinstance(refused, LogUnavailable)
        assert "the clock is 120 s behind" in refused.message
        assert reader.head(identity.log).size == 1
        clock.milliseconds += 2 * MINUTE
        assert commit_one(committer, new_draft(identity, 1, judged=clock.seconds)).index == 1

    def test_it_is_never_before_the_second_of_the_judgement(self, committer, identity, clock):
        """The chain's time may be ahead of the clock: a batch holds both."""
        ahead, now = committer.commit(
            [
                new_draft(identity, 0, judged=clock.seconds + 20),
                new_draft(identity, 1, judged=clock.seconds),
            ]
        )
        for done in (ahead, now):
            leaf = parse_leaf(done.leaf)
            assert leaf.at == NOON + 20_000
            leaf.verify_times()
        assert [ahead.reset, now.reset] == [NOON // 1000 + 12 * 3600] * 2

    def test_a_draft_is_committed_within_a_minute_of_its_judgement_or_never(
        self, committer, reader, identity, clock
    ):
        clock.milliseconds += 999
        last, late = committer.commit(
            [
                new_draft(identity, 0, judged=clock.seconds - 60),
                new_draft(identity, 1, judged=clock.seconds - 61),
            ]
        )
        parse_leaf(last.leaf).verify_times()
        assert isinstance(late, Overloaded)
        assert late.retryable
        assert reader.find_event(identity.log, new_draft(identity, 1).event) is None
        again = commit_one(committer, new_draft(identity, 1, judged=clock.seconds))
        assert (again.index, again.number, again.fresh) == (1, 2, True)

    def test_quota_days_follow_the_time_of_the_entry(self, committer, identity, clock):
        midnight = NOON + 12 * 3_600_000
        clock.milliseconds = midnight - 1_000
        before, after = committer.commit(
            [
                new_draft(identity, 0, calls_per_day=1, judged=clock.seconds),
                new_draft(identity, 1, calls_per_day=1, judged=clock.seconds + 1),
            ]
        )
        assert [before.outcome, after.outcome] == ["served", "served"]
        assert (before.reset, after.reset) == (midnight // 1000, midnight // 1000 + 86_400)


def strange(identity, number, **changes):
    """Return a call that no authorisation counts."""
    members: dict[str, Any] = {
        "counted": False,
        "refusal": "authorisation-unknown",
        "key": b"\x0a" * 32,
    } | changes
    return new_draft(identity, number, **members)


class TestStrangers:
    @pytest.fixture
    def committer(self, path, identity, clock):
        opened = Committer(open_engine(path), [identity], clock=clock, strangers_per_day=3)
        yield opened
        opened.close()

    def test_beyond_the_limit_of_a_day_a_key_gets_no_leaf(self, committer, reader, identity):
        results = committer.commit([strange(identity, n) for n in range(5)])
        assert [one.index for one in results[:3]] == [0, 1, 2]
        for refused in results[3:]:
            assert isinstance(refused, QuotaRefusals)
            assert refused.facts == {"reset": "2026-09-21T16:00:00Z"}
        assert reader.head(identity.log).size == 3

    def test_other_keys_and_counted_calls_are_not_held_up(self, committer, identity):
        committer.commit([strange(identity, n) for n in range(4)])
        other, own = committer.commit(
            [strange(identity, 10, key=b"\x0b" * 32), new_draft(identity, 11, key=b"\x0a" * 32)]
        )
        assert (other.outcome, own.outcome, own.number) == ("authorisation-unknown", "served", 1)

    def test_the_limit_survives_a_restart_and_ends_with_the_day(
        self, committer, path, identity, clock
    ):
        committer.commit([strange(identity, n) for n in range(3)])
        committer.close()
        again = Committer(open_engine(path), [identity], clock=clock, strangers_per_day=3)
        assert isinstance(commit_one(again, strange(identity, 3)), QuotaRefusals)
        clock.milliseconds += 12 * 60 * MINUTE
        assert commit_one(again, strange(identity, 3, judged=clock.seconds)).index == 3
        again.close()

    def test_a_resend_gets_its_first_refusal_beyond_the_limit_too(self, committer, identity):
        first = commit_one(committer, strange(identity, 0))
        committer.commit([strange(identity, n) for n in range(1, 5)])
        again = commit_one(committer, strange(identity, 0))
        assert (again.receipt(), again.fresh) == (first.receipt(), False)


class TestOtherKinds:
    """What is no call stands in the same log, outside all numbers, quotas and limits."""

    @pytest.mark.parametrize("kind", [AUDIT, OPEN, PREVIEW])
    def test_are_logged_and_read_back(self, committer, path, reader, identity, kind):
        answer = b"what was handed out"
        first = commit_one(committer, new_draft(identity, 0))
        done = commit_one(committer, other_draft(identity, 1, kind, answer))
        second = commit_one(committer, new_draft(identity, 2))
        leaf = parse_leaf(done.leaf, KINDS)
        assert (leaf.kind, leaf.at, leaf.answer) == (kind, NOON, sm3(answer))
        verify(identity, done.receipt())
        assert (done.outcome, done.number, done.answer) == ("served", 0, answer)
        assert parse_leaf(second.leaf).prev == leaf_hash(first.leaf)
        again = commit_one(committer, other_draft(identity, 1, kind, answer))
        assert (again.answer, again.receipt(), again.fresh) == (answer, done.receipt(), False)
        assert reader.find_event(identity.log, leaf.event) == 1
        assert check_log(open_engine(path, readonly=True), identity.log).size == 3

    def test_a_download_too_large_to_keep_is_logged_without_its_bytes(
        self, committer, path, identity
    ):
        done = commit_one(committer, replace(other_draft(identity, 1, OPEN, b"x"), answer=None))
        assert parse_leaf(done.leaf, KINDS).answer == sm3(b"x")
        assert check_log(open_engine(path, readonly=True), identity.log).size == 1


class TestLocked:
    def test_a_log_locked_by_another_is_unavailable_for_now(self, committer, path, identity):
        first = commit_one(committer, new_draft(identity, 0))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        results = committer.commit([new_draft(identity, n) for n in range(1, 41)])
        # One wait for the lock, not one for each: these would be 24 s.
        assert time.monotonic() - began < 12.0
        assert [type(one) for one in results] == [LogUnavailable] * 40
        other.rollback()
        other.close()
        done = commit_one(committer, new_draft(identity, 1))
        assert (first.index, done.index, done.number) == (0, 1, 2)

    def test_a_log_of_the_first_version_is_refused_by_name(self, committer, path, identity):
        commit_one(committer, new_draft(identity, 0))
        with open_engine(path).begin() as connection:
            connection.exec_driver_sql(
                """update entry set leaf = cast(replace(leaf, '"v":2', '"v":1') as blob)"""
            )
        with pytest.raises(ConfigInvalid, match="version 1"):
            Committer(open_engine(path), [identity])


class TestQuota:
    def test_it_ends_inside_a_batch(self, committer, identity):
        results = committer.commit([new_draft(identity, n, calls_per_day=3) for n in range(5)])
        assert [one.outcome for one in results] == ["served"] * 3 + ["quota-calls"] * 2
        assert [one.remaining_calls for one in results] == [2, 1, 0, 0, 0]
        leaf = parse_leaf(results[3].leaf)
        assert (leaf.number, leaf.outcome, leaf.rows, leaf.masked) == (4, "quota-calls", 0, 0)
        assert (leaf.answer, leaf.plain, results[3].answer) == (None, None, None)

    def test_rows_are_counted_too(self, committer, identity):
        results = committer.commit(
            [new_draft(identity, n, rows=rows, rows_per_day=10) for n, rows in enumerate([6, 5, 4])]
        )
        assert [one.outcome for one in results] == ["served", "quota-rows", "served"]
        assert [one.remaining_rows for one in results] == [4, 4, 0]

    def test_authorisations_do_not_share_it(self, committer, identity):
        results = committer.commit(
            [new_draft(identity, n, authorisation=n, calls_per_day=1) for n in range(3)]
        )
        assert {one.outcome for one in results} == {"served"}

    def test_it_starts_anew_at_midnight_in_beijing(self, committer, identity, clock):
        midnight = NOON + 12 * 3_600_000
        clock.milliseconds = midnight - 1
        seconds = clock.seconds
        last = commit_one(committer, new_draft(identity, 0, calls_per_day=1, judged=seconds))
        over = commit_one(committer, new_draft(identity, 1, calls_per_day=1, judged=seconds))
        assert (last.outcome, over.outcome, over.reset) == (
            "served",
            "quota-calls",
            midnight // 1000,
        )
        clock.milliseconds = midnight
        first = commit_one(committer, new_draft(identity, 2, calls_per_day=1, judged=clock.seconds))
        assert (first.outcome, first.number) == ("served", 3)

    def test_it_survives_a_restart(self, path, identity, clock):
        for n in range(2):
            committer = Committer(open_engine(path), [identity], clock=clock)
            done = commit_one(committer, new_draft(identity, n, calls_per_day=1))
            committer.close()
        assert (done.outcome, done.number) == ("quota-calls", 2)


class TestSuccession:
    """A department's later log goes on counting: nobody gets a second quota by it."""

    @pytest.fixture
    def generations(self, identity):
        """Return the logs 1, 2 and 3 of one department."""
        return [identity, *(successor(identity, generation) for generation in (2, 3))]

    def test_number_link_and_quota_go_on(self, path, clock, generations):
        done = [
            commit_in(path, clock, log, new_draft(log, n, calls_per_day=2))
            for n, log in enumerate(generations)
        ]
        leaves = [parse_leaf(one.leaf) for one in done]
        assert [leaf.outcome for leaf in leaves] == ["served", "served", "quota-calls"]
        assert [leaf.number for leaf in leaves] == [1, 2, 3]
        assert [leaf.prev for leaf in leaves[1:]] == [leaf_hash(one.leaf) for one in done[:2]]
        assert [one.index for one in done] == [0, 0, 0]

    def test_an_authorisation_not_called_between_is_found_further_back(
        self, path, clock, generations
    ):
        first, second, third = generations
        commit_in(path, clock, first, new_draft(first, 0, authorisation=7, calls_per_day=1))
        commit_in(path, clock, second, new_draft(second, 1))
        again = new_draft(third, 2, authorisation=7, calls_per_day=1)
        assert commit_in(path, clock, third, again).outcome == "quota-calls"

    def test_the_day_after_starts_anew_but_numbers_do_not(self, path, clock, generations):
        first, second, _ = generations
        commit_in(path, clock, first, new_draft(first, 0, calls_per_day=1))
        clock.milliseconds += 24 * 60 * MINUTE
        draft = new_draft(second, 1, calls_per_day=1, judged=clock.seconds)
        done = commit_in(path, clock, second, draft)
        assert (done.outcome, done.number) == ("served", 2)

    def test_a_stranger_gets_no_second_hundred(self, path, clock, generations):
        first, second, _ = generations
        refusals = [
            new_draft(log, n, counted=False, refusal="authorisation-unknown", key=b"s" * 32)
            for n, log in enumerate((first, second))
        ]
        commit_in(path, clock, first, refusals[0], strangers_per_day=1)
        refused = commit_in(path, clock, second, refusals[1], strangers_per_day=1)
        assert isinstance(refused, QuotaRefusals)

    def test_another_departments_log_counts_for_itself(self, path, clock, identity):
        other = successor(new_identity(OTHER_CODE), 2)
        commit_in(path, clock, identity, new_draft(identity, 0))
        assert commit_in(path, clock, other, new_draft(other, 1)).number == 1

    def test_each_log_is_checked_on_from_where_the_one_before_left_it(
        self, path, clock, generations
    ):
        first, second, _ = generations
        for n in range(3):
            commit_in(path, clock, first, new_draft(first, n, authorisation=n % 2))
        commit_in(path, clock, second, new_draft(second, 3, authorisation=1))
        committer = Committer(open_engine(path), [second], clock=clock)
        # The replay reads a counter into the new log that no entry there has moved.
        replayed = new_draft(second, 3, authorisation=0, text=b"another text")
        committer.commit([new_draft(second, 4, authorisation=1), replayed])
        committer.close()
        engine = open_engine(path, readonly=True)
        assert [check_log(engine, log.log).size for log in (first, second)] == [3, 2]
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE counter SET last = ? WHERE log = 1", (b"x" * 32,))
        with pytest.raises(LogTampered, match="entry 0"):
            check_log(engine, second.log)


def successor(identity: LogIdentity, generation: int) -> LogIdentity:
    """Return the department's log of a later generation, with the same keys."""
    origin = f"{identity.origin}:{generation}"
    return replace(identity, origin=origin, log=log_id(origin))


def commit_in(path, clock, identity, draft, **options) -> Any:
    """Open a log as a node does that starts with it, commit one draft, and close it."""
    committer = Committer(open_engine(path), [identity], clock=clock, **options)
    try:
        return commit_one(committer, draft)
    finally:
        committer.close()


class TestReplay:
    def test_an_identical_resend_gets_the_same_answer_and_receipt(
        self, committer, reader, identity, clock
    ):
        first = commit_one(committer, new_draft(identity, 0, calls_per_day=5))
        committer.commit([new_draft(identity, n) for n in range(1, 400)])
        clock.milliseconds += 10 * MINUTE
        again = commit_one(committer, new_draft(identity, 0, calls_per_day=500))
        assert (again.answer, again.receipt()) == (first.answer, first.receipt())
        assert (again.fresh, again.remaining_calls) == (False, 100)
        assert reader.head(identity.log).size == 400

    def test_a_refusal_is_repeated_too(self, committer, identity):
        first = commit_one(committer, new_draft(identity, 0, refusal="purpose-not-granted"))
        again = commit_one(committer, new_draft(identity, 0, refusal="purpose-not-granted"))
        assert (again.outcome, again.receipt()) == (first.outcome, first.receipt())

    def test_another_text_is_refused_with_the_first_receipt(self, committer, identity):
        first = commit_one(committer, new_draft(identity, 0))
        other = commit_one(committer, new_draft(identity, 0, text=b"another"))
        assert isinstance(other, CallReplayed)
        assert other.facts["receipt"] == first.receipt().render()

    def test_a_late_resend_is_refused_with_a_receipt_of_the_first_call(
        self, committer, identity, clock
    ):
        first = commit_one(committer, new_draft(identity, 0))
        clock.milliseconds += 10 * MINUTE + 1
        commit_one(committer, new_draft(identity, 1, judged=clock.seconds))
        late = commit_one(committer, new_draft(identity, 0))
        assert isinstance(late, CallReplayed)
        receipt = Receipt.parse(late.facts["receipt"])
        assert (receipt.leaf, receipt.index) == (first.leaf, 0)
        verify(identity, receipt)

    def test_two_of_one_event_in_a_batch_share_one_entry(self, committer, reader, identity):
        first, same, other = committer.commit(
            [
                new_draft(identity, 0),
                new_draft(identity, 0),
                new_draft(identity, 0, text=b"another"),
            ]
        )
        assert replace(same, fresh=True) == first
        assert isinstance(other, CallReplayed)
        assert other.facts["receipt"] == first.receipt().render()
        assert reader.head(identity.log).size == 1

    def test_a_resend_reads_its_own_answer_and_another_text_none(
        self, committer, path, identity, clock
    ):
        drafts = [replace(new_draft(identity, n), answer=b"a" * 700_000) for n in range(4)]
        commit_all(committer, drafts)
        engine = open_engine(path, readonly=True)
        with engine.connect() as connection:
            kept = connection.scalars(select(func.length(batch.c.answers))).all()
        assert kept == [700_004] * 4
        statements: list[str] = []
        listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        reader = LogReader(engine)

        def answers_read(draft, later=0):
            statements.clear()
            resend = Resend(draft.event, draft.text, draft.authorisation)
            with contextlib.suppress(CallReplayed):
                reader.resend(identity.log, resend, clock.milliseconds + later)
            return sum("batch.answers" in each for each in statements)

        assert answers_read(drafts[2]) == 1
        assert answers_read(replace(drafts[2], text=b"another")) == 0
        assert answers_read(drafts[2], later=10 * MINUTE + 1) == 0

    def test_resends_of_one_row_read_it_once(self, path, identity):
        engine, statements = open_engine(path), list[str]()
        committer = Committer(engine, [identity], clock=Clock())
        first = commit_all(committer, [new_draft(identity, n) for n in range(5)])
        listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        again = commit_all(committer, [new_draft(identity, n) for n in range(5)])
        assert [one.answer for one in again] == [one.answer for one in first]
        assert sum("batch.answers" in each for each in statements) == 1
        committer.close()

    @pytest.mark.parametrize("damage", [{"answers": b"\0"}, {"texts": bytes(31)}, {"size": 0}])
    def test_a_damaged_row_is_told_to_who_sends_the_call_again_and_to_no_other(
        self, committer, path, reader, identity, damage
    ):
        draft = new_draft(identity, 0)
        commit_one(committer, draft)
        with open_engine(path).begin() as connection:
            connection.execute(update(batch).values(**damage))
        resend = Resend(draft.event, draft.text, draft.authorisation)
        with pytest.raises(LogTampered):
            reader.resend(identity.log, resend, NOON)
        again, other = committer.commit([draft, new_draft(identity, 1)])
        assert isinstance(again, LogTampered)
        assert (other.index, commit_one(committer, new_draft(identity, 2)).index) == (1, 2)

    def test_rows_of_many_answers_are_purged_as_fast_as_they_are_made(
        self, committer, path, identity, clock, monkeypatch
    ):
        monkeypatch.setattr("node.log.parts.PORTION_BYTES", 1)
        for start in (0, 20):
            clock.milliseconds += 10 * MINUTE + 1
            some = range(start, start + 20)
            commit_all(committer, [new_draft(identity, n, judged=clock.seconds) for n in some])
        with open_engine(path, readonly=True).connect() as connection:
            kept = connection.scalars(select(batch.c.position).order_by(batch.c.position)).all()
        assert kept == [position(1, index) for index in range(20, 40)]

    def test_stored_answers_are_purged_after_the_window(self, committer, path, identity, clock):
        engine = open_engine(path, readonly=True)
        for start in range(0, 100, 10):
            committer.commit([new_draft(identity, n) for n in range(start, start + 10)])
        clock.milliseconds += 10 * MINUTE + 1
        for n in range(100, 110):
            commit_one(committer, new_draft(identity, n, judged=clock.seconds))
        with engine.connect() as connection:
            kept = connection.scalars(select(batch.c.position).order_by(batch.c.position)).all()
        assert kept == [position(1, index) for index in range(100, 110)]


class TestReaderResend:
    def test_it_answers_as_the_commit_would(self, committer, reader, identity, clock):
        draft = new_draft(identity, 0)
        first = commit_one(committer, draft)
        resend = Resend(draft.event, draft.text, draft.authorisation, 10, 10)
        again = reader.resend(identity.log, resend, clock.milliseconds)
        assert again == replace(first, fresh=False, remaining_calls=9, remaining_rows=9)
        with pytest.raises(CallReplayed):
            reader.resend(identity.log, replace(resend, text=b"other"), clock.milliseconds)
        unknown = replace(resend, event=bytes(32))
        assert reader.resend(identity.log, unknown, clock.milliseconds) is None


class TestIndexes:
    """Events and calls come into their indexes some commits later; nobody notices."""

    def counts(self, path):
        with open_engine(path, readonly=True).connect() as connection:
            rows = [
                connection.scalar(select(func.count()).select_from(event)),
                count_calls(connection, 1),
            ]
            return *rows, connection.scalar(select(head.c.indexed))

    def test_have_every_sixteenth_commit(self, committer, path, identity):
        for n in range(BATCHES - 1):
            commit_all(committer, [new_draft(identity, 2 * n), new_draft(identity, 2 * n + 1)])
        assert self.counts(path) == (0, 0, 0)
        commit_one(committer, new_draft(identity, 100))
        assert self.counts(path) == (31, 31, 31)

    def test_have_what_is_to_be_purged(self, committer, path, identity, clock):
        commit_one(committer, new_draft(identity, 0))
        clock.milliseconds += 10 * MINUTE + 1
        commit_one(committer, new_draft(identity, 1, judged=clock.seconds))
        assert self.counts(path) == (2, 2, 2)

    def test_no_reader_waits_for_what_another_asks_the_database(
        self, committer, reader, identity, monkeypatch
    ):
        asked: list[int | None] = []

        def ask(*given):
            if not asked:  # the first reader is asking: a second comes, and is sooner done
                asked.append(None)
                asked[0] = reader.find_event(identity.log, new_draft(identity, 1).event)
            return newer_events(*given)

        monkeypatch.setattr("node.log.indexes.newer_events", ask)
        commit_all(committer, [new_draft(identity, n) for n in range(3)])
        assert reader.find_event(identity.log, new_draft(identity, 2).event) == 2
        assert asked == [1]

    def test_whose_rows_were_cut_are_told_of(self, committer, path, reader, identity):
        for n in range(BATCHES):
            commit_one(committer, new_draft(identity, n))
        with open_engine(path).begin() as connection:
            connection.execute(update(call).values(others=b"\0"))
        with pytest.raises(LogTampered, match="authorisation 12 from 1 on"):
            reader.calls(identity.log, 12)

    @pytest.mark.parametrize("before", [3, BATCHES, 2 * BATCHES + 3])
    def test_a_writer_that_starts_knows_what_they_do_not_have(
        self, path, identity, committer, before
    ):
        reader = LogReader(open_engine(path, readonly=True))
        for n in range(before):
            commit_one(committer, new_draft(identity, n, authorisation=n % 2))
        committer.close()  # on a server's store the next one would wait for it
        again = Committer(open_engine(path), [identity], clock=Clock())
        for n in range(before):
            assert reader.find_event(identity.log, new_draft(identity, n).event) == n
            repeated = new_draft(identity, n, authorisation=n % 2)
            assert (commit_one(again, repeated).index, commit_one(again, repeated).fresh) == (
                n,
                False,
            )
        assert (
            reader.calls(identity.log, 1, after=1, limit=9)
            == [(1 + n // 2, n) for n in range(3, before, 2)][:9]
        )
        assert commit_one(again, new_draft(identity, before, authorisation=1)).index == before
        again.close()
        assert check_log(open_engine(path, readonly=True), identity.log).size == before + 1

    def test_answers_too_long_for_one_row_lie_in_several(
        self, committer, reader, identity, clock, monkeypatch
    ):
        monkeypatch.setattr("node.log.parts.PORTION_BYTES", 20)
        first = commit_all(committer, [new_draft(identity, n) for n in range(5)])
        for n in range(5):
            draft = new_draft(identity, n)
            resend = Resend(draft.event, draft.text, draft.authorisation)
            again = reader.resend(identity.log, resend, clock.milliseconds)
            assert (again.answer, again.receipt()) == (first[n].answer, first[n].receipt())
            assert reader.request(identity.log, n) == draft.request
            assert commit_one(committer, draft).index == n


class TestSeveralLogs:
    def test_one_commit_writes_each_its_own_entries(self, path, clock):
        identities = [new_identity(CODE), new_identity(OTHER_CODE)]
        committer = Committer(open_engine(path), identities, clock=clock)
        results = commit_all(committer, [new_draft(identities[n % 2], n) for n in range(10)])
        committer.close()
        assert [one.index for one in results] == [n // 2 for n in range(10)]
        engine = open_engine(path, readonly=True)
        for place, identity in enumerate(identities):
            verify(identity, results[place].receipt())
            assert check_log(engine, identity.log).size == 5
            assert check_log(engine, identity.log).department == [CODE, OTHER_CODE][place]


class TestSeveralWriters:
    def test_they_take_turns_on_one_tree(self, path, identity, clock):
        writers = [Committer(open_engine(path), [identity], clock=clock) for _ in range(2)]
        for n in range(60):
            (done,) = commit_all(writers[n % 2], [new_draft(identity, n)])
            assert (done.index, done.number) == (n, n + 1)
            verify(identity, done.receipt())
        replayed = commit_one(writers[1], new_draft(identity, 0))
        assert (replayed.index, replayed.fresh) == (0, False)
        for writer in writers:
            writer.close()
        assert check_log(open_engine(path, readonly=True), identity.log).size == 60

    def test_a_head_that_went_back_stops_the_writer(self, path, identity, committer):
        commit_one(committer, new_draft(identity, 0))
        old = LogReader(open_engine(path, readonly=True)).head(identity.log)
        commit_one(committer, new_draft(identity, 1))
        with open_engine(path).begin() as connection:
            connection.execute(head.update().values(size=old.size, root=old.root))
        with pytest.raises(LogRolledBack):
            commit_one(committer, new_draft(identity, 2))
        with pytest.raises(LogUnavailable):
            commit_one(committer, new_draft(identity, 2))

    def test_a_failed_commit_leaves_nothing(self, path, identity, clock, monkeypatch):
        committer = Committer(open_engine(path), [identity], clock=clock)
        commit_one(committer, new_draft(identity, 0))
        monkeypatch.setattr("node.log.batch.write_head", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            commit_one(committer, new_draft(identity, 1))
        monkeypatch.undo()
        with pytest.raises(LogUnavailable):
            commit_one(committer, new_draft(identity, 1))
        committer.close()
        again = Committer(open_engine(path), [identity], clock=clock)
        done = commit_one(again, new_draft(identity, 1))
        assert (done.index, done.number, done.fresh) == (1, 2, True)
        again.close()


class TestLaws:
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_any_batches_with_any_repeats_give_the_naive_tree(
        self, tmp_path_factory, identity, data
    ):
        path = tmp_path_factory.mktemp("law") / "log.db"
        numbers = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=120))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(numbers)), max_size=8)) | {0})
        committer = Committer(open_engine(path), [identity], clock=Clock())
        results: list[Committed] = []
        for start, end in zip(cuts, [*cuts[1:], len(numbers)], strict=True):
            drafts = [new_draft(identity, n, authorisation=n % 3) for n in numbers[start:end]]
            results += commit_all(committer, drafts)
        committer.close()
        first: dict[int, Committed] = {}
        for number, done in zip(numbers, results, strict=True):
            kept = first.setdefault(number, done)
            assert (done.receipt(), done.fresh) == (kept.receipt(), done is kept)
        leaves = sorted(first.values(), key=lambda done: done.index)
        checked = check_log(
            open_engine(path, readonly=True),
            identity.log,
            pairs=[LogPair(identity.sm2.public_key, identity.ed25519.public)],
        )
        assert checked.root == root_of([leaf_hash(done.leaf) for done in leaves])
        assert checked.size == len(set(numbers))
        for done in leaves:
            verify(identity, done.receipt())
