"""The log writer behind its socket: what it shares, whom it refuses, and whom it outlives."""

from __future__ import annotations

import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from node.errors import CallReplayed, InvalidInput, LogUnavailable, Overloaded
from node.log import FarWriter, LogHost, LogReader, check_log, listen_at
from node.log import writerhost as module
from node.log.farwriter import _short
from node.log.framing import FRAME_BYTES, frames_of, pack_draft
from node.storage.engines import open_engine
from tests.common.logs import Clock, new_draft, new_identity
from tests.integration.test_log_writer import SECONDS, Gate


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture
def folder(tmp_path):
    # Longer than the address of a Unix socket may be.
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    return deep


class Host(threading.Thread):
    """A writer in a thread of its own, on a socket that outlives it."""

    def __init__(self, folder, identity, listener=None, engine=None, **options):
        super().__init__()
        self.path = folder / "log.sock"
        self.database = folder / "log.db"
        self.listener = listener or listen_at(self.path)
        self.error: BaseException | None = None
        self._host = LogHost(
            engine or open_engine(self.database),
            [identity],
            self.listener.dup(),
            **{"clock": Clock(), **options},
        )

    def run(self):
        try:
            self._host.run()
        except Exception as error:  # noqa: BLE001 - told by the test
            self.error = error

    def end(self):
        self._host.stop()

    def die(self):
        """End as a process does that is killed: every connection is gone, nobody was told."""
        for peer in list(self._host._peers):
            with suppress(OSError):  # it has gone already
                peer.connection.shutdown(socket.SHUT_RDWR)
        self.end()
        self.join(SECONDS)
        assert not self.is_alive()


@contextmanager
def hosting(folder, identity, **options):
    host = Host(folder, identity, **options)
    host.start()
    try:
        yield host
    finally:
        host.end()
        host.join(SECONDS)
        host.listener.close()
    assert not host.is_alive()


@pytest.fixture
def host(folder, identity):
    with hosting(folder, identity) as host:
        yield host


@contextmanager
def writing(path, **options):
    writer = FarWriter(path, **options)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()


@contextmanager
def connected(path):
    """A connection that says and reads what the test does."""
    with socket.socket(socket.AF_UNIX) as connection, _short(path) as short:
        connection.settimeout(SECONDS)
        connection.connect(short)
        yield connection


class TestSocket:
    def test_is_its_owners_alone_however_deep_it_lies(self, host):
        assert len(str(host.path)) > 108
        assert stat.S_IMODE(host.path.stat().st_mode) == 0o600

    def test_takes_the_place_of_one_that_was_left(self, folder):
        listen_at(folder / "log.sock").close()
        listen_at(folder / "log.sock").close()

    def test_where_nobody_listens_no_front_begins(self, folder):
        with pytest.raises(LogUnavailable, match="no log writer"):
            FarWriter(folder / "log.sock").start()


class TestResults:
    def test_are_those_of_the_log_each_with_its_own_answer(self, host, identity):
        with writing(host.path) as one, writing(host.path) as two:
            for n in range(6):
                draft = new_draft(identity, n)
                done = (one, two)[n % 2].submit(draft).result(SECONDS)
                assert (done.index, done.answer) == (n, draft.answer)
                again = (one, two)[(n + 1) % 2].submit(new_draft(identity, n)).result(SECONDS)
                assert (again.index, again.answer, again.fresh) == (n, draft.answer, False)
        assert check_log(open_engine(host.database, readonly=True), identity.log).size == 6

    def test_an_error_of_one_call_is_its_own(self, host, identity):
        with writing(host.path) as writer:
            futures = [
                writer.submit(new_draft(identity, 0)),
                writer.submit(new_draft(identity, 0, text=b"other")),
                writer.submit(new_draft(identity, 1)),
            ]
            with pytest.raises(CallReplayed) as caught:
                futures[1].result(SECONDS)
            assert caught.value.facts["receipt"] == futures[0].result().receipt().render()
            assert futures[2].result(SECONDS).index == 1

    def test_calls_of_all_fronts_that_wait_together_share_one_checkpoint(self, folder, identity):
        gate = Gate()
        with (
            hosting(folder, identity, clock=gate) as host,
            writing(host.path) as one,
            writing(host.path) as two,
        ):
            first = one.submit(new_draft(identity, 0))
            assert gate.entered.wait(SECONDS)
            waiting = [(one, two)[n % 2].submit(new_draft(identity, n)) for n in range(1, 41)]
            gate.opened.set()
            assert first.result(SECONDS).size == 1
            results = [each.result(SECONDS) for each in waiting]
            assert sorted(done.index for done in results) == list(range(1, 41))
            assert {done.size for done in results} == {41}

    def test_many_threads_of_many_fronts_get_gapless_numbers(self, host, identity):
        with (
            writing(host.path) as one,
            writing(host.path) as two,
            ThreadPoolExecutor(8) as pool,
        ):
            done = list(
                pool.map(
                    lambda n: (one, two)[n % 2].submit(new_draft(identity, n)).result(SECONDS),
                    range(600),
                )
            )
        assert sorted(each.number for each in done) == list(range(1, 601))
        assert check_log(open_engine(host.database, readonly=True), identity.log).size == 600


class TestBounds:
    def test_a_front_with_too_many_waiting_calls_refuses(self, folder, identity):
        gate = Gate()
        with (
            hosting(folder, identity, clock=gate) as host,
            writing(host.path, waiting_drafts=5) as writer,
        ):
            accepted = [writer.submit(new_draft(identity, n)) for n in range(5)]
            with pytest.raises(Overloaded):
                writer.submit(new_draft(identity, 5))
            gate.opened.set()
            assert [each.result(SECONDS).index for each in accepted] == list(range(5))

    @pytest.mark.parametrize("said", [b"\xff" * 64, b"\0\0\0\x08garbage!"])
    def test_whoever_speaks_otherwise_is_cut_off_and_nobody_else(self, host, identity, said):
        with writing(host.path) as writer:
            with connected(host.path) as stranger:
                stranger.sendall(said)
                assert stranger.recv(1) == b""
            assert writer.submit(new_draft(identity, 0)).result(SECONDS).index == 0

    def test_a_front_that_reads_nothing_is_cut_off(self, host, identity, monkeypatch):
        monkeypatch.setattr(module, "UNREAD_BYTES", 100_000)
        first = new_draft(identity, 0)
        with writing(host.path) as writer:
            writer.submit(first).result(SECONDS)
            other = new_draft(identity, 0, text=b"other")
            frame = b"".join(frames_of([pack_draft(n, other) for n in range(500)]))
            with connected(host.path) as deaf, pytest.raises(OSError, match=r"(?i)broken|reset"):
                deaf.sendall(100 * frame)
            assert writer.submit(new_draft(identity, 1)).result(SECONDS).index == 1

    def test_a_writer_that_is_silent_too_long_is_given_up(self, folder, identity):
        gate = Gate()
        with (
            hosting(folder, identity, clock=gate) as host,
            writing(host.path, patience_seconds=0.3) as writer,
        ):
            with pytest.raises(LogUnavailable, match="gone"):
                writer.submit(new_draft(identity, 0)).result(SECONDS)
            gate.opened.set()
            assert writer.submit(new_draft(identity, 0)).result(SECONDS).index == 0


class TestEnding:
    def test_after_a_writer_that_died_the_next_call_finds_its_successor(self, folder, identity):
        gate = Gate()
        with hosting(folder, identity, clock=gate) as first, writing(first.path) as writer:
            lost = writer.submit(new_draft(identity, 0))
            assert gate.entered.wait(SECONDS)
            late = writer.submit(new_draft(identity, 1))
            for peer in list(first._host._peers):
                peer.connection.shutdown(socket.SHUT_RDWR)
            for future in (lost, late):
                with pytest.raises(LogUnavailable, match="gone"):
                    future.result(SECONDS)
            gate.opened.set()
            first.die()
            with hosting(folder, identity, listener=first.listener.dup()):
                # The first was logged and not answered: the same call again gets what is there.
                again = [writer.submit(new_draft(identity, n)).result(SECONDS) for n in (0, 1)]
                writer.stop()
        assert [each.index for each in again] == [0, 1]

    def test_a_writer_told_to_end_commits_for_its_fronts_until_they_go(self, folder, identity):
        with hosting(folder, identity) as host:
            with writing(host.path) as writer:
                writer.submit(new_draft(identity, 0)).result(SECONDS)
                host.end()
                assert writer.submit(new_draft(identity, 1)).result(SECONDS).index == 1
                assert host.is_alive()
            host.join(SECONDS)
            assert not host.is_alive()
        assert host.error is None

    def test_a_front_that_ends_waits_for_what_is_under_way_and_takes_no_more(self, host, identity):
        with writing(host.path) as writer:
            futures = [writer.submit(new_draft(identity, n)) for n in range(50)]
            writer.stop()
            assert [each.result(0).index for each in futures] == list(range(50))
            with pytest.raises(LogUnavailable):
                writer.submit(new_draft(identity, 50))

    def test_a_draft_longer_than_the_log_takes_is_the_callers_error(self, host, identity):
        with writing(host.path) as writer:
            draft = new_draft(identity, 0)
            object.__setattr__(draft, "answer", b"x" * (FRAME_BYTES + 1))
            with pytest.raises(InvalidInput, match="too long"):
                writer.submit(draft)

    def test_a_full_disk_refuses_all_that_wait_and_is_told(self, folder, identity):
        engine = open_engine(folder / "log.db")
        with hosting(folder, identity, engine=engine) as host, writing(host.path) as writer:
            served = writer.submit(new_draft(identity, 0)).result(SECONDS)
            host._host._committer._connection.exec_driver_sql("PRAGMA max_page_count=30")
            host._host._committer._connection.rollback()
            refused = 0
            for n in range(1, 2000):
                try:
                    writer.submit(new_draft(identity, n)).result(SECONDS)
                except LogUnavailable:
                    refused += 1
                    break
            host.join(SECONDS)
        assert refused == 1
        assert "full" in str(host.error)
        readonly = open_engine(host.database, readonly=True)
        assert LogReader(readonly).entry(identity.log, 0) == served.leaf
        assert check_log(readonly, identity.log).size == n
