"""The writer's thread: grouping, backpressure, a disk that is full, stopping."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Event

import pytest
from sqlalchemy.event import listens_for

from node.errors import (
    CallReplayed,
    LogTampered,
    LogUnavailable,
    Overloaded,
)
from node.log import LogReader, LogWriter, check_log
from node.log import writer as module
from node.log.tables import tile
from node.storage.engines import open_engine
from tests.common.logs import Clock, new_draft, new_identity

SECONDS = 20


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


class Gate:
    """A clock that holds the commit that reads it until it is opened."""

    def __init__(self):
        self.entered, self.opened = Event(), Event()
        self.clock = Clock()

    def __call__(self):
        self.entered.set()
        assert self.opened.wait(SECONDS)
        return self.clock()


@pytest.fixture
def running(path, identity):
    writer = LogWriter(open_engine(path), [identity], clock=Clock())
    writer.start()
    yield writer
    writer.stop()


class TestGrouping:
    def test_a_lone_call_is_committed_alone(self, running, identity):
        for n in range(3):
            done = running.submit(new_draft(identity, n)).result(SECONDS)
            assert (done.index, done.size) == (n, n + 1)

    def test_a_lone_call_waits_for_no_company(self, running, identity, monkeypatch):
        monkeypatch.setattr(module, "GATHER_SECONDS", 10 * SECONDS)
        for n in range(3):
            running.submit(new_draft(identity, n)).result(SECONDS)

    def test_after_a_shared_commit_the_next_company_gathers_until_the_writer_stops(
        self, path, identity, monkeypatch
    ):
        monkeypatch.setattr(module, "GATHER_SECONDS", 10 * SECONDS)
        gate = Gate()
        writer = LogWriter(open_engine(path), [identity], clock=gate)
        writer.start()
        first = writer.submit(new_draft(identity, 0))
        assert gate.entered.wait(SECONDS)
        shared = [writer.submit(new_draft(identity, n)) for n in (1, 2)]
        gate.opened.set()
        first.result(SECONDS)
        assert {each.result(SECONDS).size for each in shared} == {3}
        gathering = [writer.submit(new_draft(identity, n)) for n in (3, 4, 5)]
        writer.stop()
        assert [each.result(SECONDS).size for each in gathering] == [6, 6, 6]

    def test_calls_that_wait_together_share_one_checkpoint(self, path, identity):
        gate = Gate()
        writer = LogWriter(open_engine(path), [identity], clock=gate)
        writer.start()
        first = writer.submit(new_draft(identity, 0))
        assert gate.entered.wait(SECONDS)
        waiting = [writer.submit(new_draft(identity, n)) for n in range(1, 301)]
        gate.opened.set()
        assert first.result(SECONDS).size == 1
        results = [future.result(SECONDS) for future in waiting]
        assert [done.index for done in results] == list(range(1, 301))
        assert {done.size for done in results} == {257, 301}
        writer.stop()

    def test_many_threads_get_gapless_numbers(self, running, path, identity):
        with ThreadPoolExecutor(8) as pool:
            drafts = [new_draft(identity, n) for n in range(1000)]
            done = list(pool.map(lambda draft: running.submit(draft).result(SECONDS), drafts))
        assert sorted(one.number for one in done) == list(range(1, 1001))
        assert check_log(open_engine(path, readonly=True), identity.log).size == 1000

    def test_an_error_of_one_call_is_its_own(self, running, identity):
        futures = [
            running.submit(new_draft(identity, 0)),
            running.submit(new_draft(identity, 0, text=b"other")),
            running.submit(new_draft(identity, 1)),
        ]
        with pytest.raises(CallReplayed):
            futures[1].result(SECONDS)
        assert futures[2].result(SECONDS).index == 1

    def test_a_call_given_up_while_it_waited_is_not_logged(self, path, identity):
        gate = Gate()
        writer = LogWriter(open_engine(path), [identity], clock=gate)
        writer.start()
        writer.submit(new_draft(identity, 0))
        assert gate.entered.wait(SECONDS)
        given_up, kept = (writer.submit(new_draft(identity, n)) for n in (1, 2))
        assert given_up.cancel()
        gate.opened.set()
        assert kept.result(SECONDS).index == 1
        writer.stop()


class TestBackpressure:
    def test_too_many_waiting_calls_are_refused(self, path, identity):
        gate = Gate()
        writer = LogWriter(open_engine(path), [identity], clock=gate, waiting_drafts=5)
        writer.start()
        accepted = [writer.submit(new_draft(identity, 0))]
        assert gate.entered.wait(SECONDS)
        accepted += [writer.submit(new_draft(identity, n)) for n in range(1, 6)]
        with pytest.raises(Overloaded) as caught:
            writer.submit(new_draft(identity, 6))
        assert caught.value.retryable
        gate.opened.set()
        assert [future.result(SECONDS).index for future in accepted] == list(range(6))
        writer.stop()


class TestStopping:
    def test_what_waits_is_committed_first(self, path, identity):
        gate = Gate()
        writer = LogWriter(open_engine(path), [identity], clock=gate)
        writer.start()
        futures = [writer.submit(new_draft(identity, n)) for n in range(50)]
        gate.opened.set()
        writer.stop()
        assert [future.result(0).index for future in futures] == list(range(50))

    def test_a_writer_that_does_not_run_refuses(self, path, identity):
        writer = LogWriter(open_engine(path), [identity])
        writer.stop()
        with pytest.raises(LogUnavailable):
            writer.submit(new_draft(identity, 0))
        writer.start()
        writer.stop()
        writer.stop()
        with pytest.raises(LogUnavailable):
            writer.submit(new_draft(identity, 0))

    def test_a_writer_continues_where_the_one_before_it_ended(self, path, identity):
        for n in range(3):
            writer = LogWriter(open_engine(path), [identity], clock=Clock())
            writer.start()
            done = writer.submit(new_draft(identity, n)).result(SECONDS)
            writer.stop()
        assert (done.index, done.number) == (2, 3)

    def test_a_damaged_tree_is_not_continued(self, running, path, identity):
        running.submit(new_draft(identity, 0)).result(SECONDS)
        running.stop()
        with open_engine(path).begin() as connection:
            connection.execute(tile.update().values(hashes=bytes(32)))
        with pytest.raises(LogTampered):
            LogWriter(open_engine(path), [identity]).start()


class TestFailure:
    def test_a_full_disk_refuses_all_that_wait_and_stops_the_writer_for_good(self, path, identity):
        engine = open_engine(path)

        @listens_for(engine, "connect")
        def limit(connection, _record):
            # SQLite refuses to grow the file: the same SQLITE_FULL as of a full disk.
            connection.execute("PRAGMA max_page_count=150")

        errors: list[Exception] = []
        fatal = Event()

        def on_fatal(error: Exception) -> None:
            errors.append(error)
            fatal.set()

        writer = LogWriter(
            engine,
            [identity],
            clock=Clock(),
            batch_drafts=16,
            on_fatal=on_fatal,
        )
        writer.start()
        answered = [writer.submit(new_draft(identity, n)).result(SECONDS) for n in range(5)]
        futures = []
        with suppress(LogUnavailable):
            for n in range(5, 3000):
                futures.append(writer.submit(new_draft(identity, n)))  # noqa: PERF401 - kept when one raises
        assert fatal.wait(SECONDS)
        outcomes = [future.exception(SECONDS) for future in futures]
        served = outcomes.count(None)
        refused = outcomes[served:]
        assert refused
        assert all(isinstance(error, LogUnavailable) and error.retryable for error in refused)
        assert "full" in str(errors[0])
        with pytest.raises(LogUnavailable):
            writer.submit(new_draft(identity, 5000))
        writer.stop()
        engine.dispose()
        readonly = open_engine(path, readonly=True)
        assert check_log(readonly, identity.log).size == len(answered) + served
        assert LogReader(readonly).entry(identity.log, 4) == answered[4].leaf

    def test_a_signer_that_fails_stops_the_writer_with_nothing_written(self, path, identity):
        class Broken:
            public = identity.ed25519.public

            def sign(self, message):
                if b"\n1\n" in message:
                    raise OSError("the token does not answer")
                return identity.ed25519.sign(message)

        fatal = Event()
        writer = LogWriter(
            open_engine(path),
            [replace(identity, ed25519=Broken())],
            clock=Clock(),
            on_fatal=lambda _: fatal.set(),
        )
        writer.start()
        with pytest.raises(LogUnavailable):
            writer.submit(new_draft(identity, 0)).result(SECONDS)
        assert fatal.wait(SECONDS)
        assert LogReader(open_engine(path, readonly=True)).head(identity.log).size == 0

    def test_a_lock_held_by_another_is_answered_soon_and_outlived(self, path, identity):
        fatal: list[Exception] = []
        writer = LogWriter(open_engine(path), [identity], clock=Clock(), on_fatal=fatal.append)
        writer.start()
        writer.submit(new_draft(identity, 0)).result(SECONDS)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        futures = [writer.submit(new_draft(identity, n)) for n in range(1, 513)]
        refused = [future.exception(SECONDS) for future in futures]
        # Two seconds on a quiet machine; a writer that queues for the lock would take a minute.
        assert time.monotonic() - began < 30.0
        assert all(isinstance(error, LogUnavailable) and error.retryable for error in refused)
        other.rollback()
        other.close()
        done = writer.submit(new_draft(identity, 1)).result(SECONDS)
        assert (done.index, done.number) == (1, 2)
        writer.stop()
        assert fatal == []

    def test_a_lock_at_the_commit_is_fatal_like_any_error_there(self, path, identity):
        engine, fatal = open_engine(path), Event()
        writer = LogWriter(engine, [identity], clock=Clock(), on_fatal=lambda _: fatal.set())
        writer.start()

        @listens_for(engine, "commit")
        def locked(_connection):
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

        with pytest.raises(LogUnavailable):
            writer.submit(new_draft(identity, 0)).result(SECONDS)
        assert fatal.wait(SECONDS)
        with pytest.raises(LogUnavailable):
            writer.submit(new_draft(identity, 1))
        writer.stop()
        assert LogReader(open_engine(path, readonly=True)).head(identity.log).size == 0
