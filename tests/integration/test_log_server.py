"""The log on PostgreSQL: as on SQLite, and one writer at a time across hosts."""

from __future__ import annotations

import itertools
import threading

import psycopg
import pytest
from sqlalchemy import func, select, text

from node.errors import LogUnavailable
from node.log import Committed, Committer, Draft, LogReader, Resend, check_log, ranges
from node.log.commit import LOCK_MILLISECONDS
from node.log.logpairs import LogPair
from node.log.tables import entry
from node.protocol.wire.receipt import verify_receipt
from node.storage import postgresql
from tests.common.logs import Clock, commit_all, new_draft, new_identity
from tests.common.nodes import until
from tests.common.replicas import replicated


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture
def engine(address):
    postgresql.prepare(address, ["log"])
    opened = postgresql.open_schema(address, "log")
    yield opened
    opened.dispose()


@pytest.fixture
def committer(engine, identity):
    opened = Committer(engine, [identity], clock=Clock())
    yield opened
    opened.close()


def test_calls_are_logged_proved_repeated_and_checked(address, committer, identity):
    first = commit_all(committer, [new_draft(identity, number) for number in range(300)])
    again = commit_all(committer, [new_draft(identity, number) for number in (7, 300)])
    assert [done.fresh for done in again] == [False, True]
    assert again[0].leaf == first[7].leaf
    readonly = postgresql.open_schema(address, "log", readonly=True)
    reader = LogReader(readonly)
    for done in (first[0], first[299], again[1]):
        verify_receipt(
            done.receipt(), origin=identity.origin, sm2=identity.sm2.public_key,
            ed25519=identity.ed25519.public,
        )  # fmt: skip
        assert reader.entry(identity.log, done.index) == done.leaf
    sent = new_draft(identity, 7)
    same = Resend(sent.event, sent.text, sent.authorisation)
    resent = reader.resend(identity.log, same, Clock().milliseconds)
    assert resent is not None
    assert (resent.leaf, resent.answer) == (first[7].leaf, sent.answer)
    checked = check_log(
        readonly, identity.log, pairs=[LogPair(identity.sm2.public_key, identity.ed25519.public)]
    )
    assert checked.size == 301
    readonly.dispose()


def test_a_commit_waits_no_longer_than_a_call_for_the_store(engine, committer, identity):
    with engine.begin():
        [refused] = committer.commit([new_draft(identity, 1)])
    assert isinstance(refused, LogUnavailable)
    assert LOCK_MILLISECONDS < 2_000
    assert commit_all(committer, [new_draft(identity, 1)])[0].fresh


def test_a_second_writer_stands_by_and_takes_over_when_the_first_is_gone(
    address, engine, committer, identity
):
    commit_all(committer, [new_draft(identity, 1)])
    taken = []

    def stand_by():
        taken.append(Committer(engine, [identity], clock=Clock()))

    standby = threading.Thread(target=stand_by)
    standby.start()
    with psycopg.connect(address[0], autocommit=True) as admin:
        until(lambda: waiting(admin))
        # Who waits is in nobody's way.
        assert commit_all(committer, [new_draft(identity, 2)])[0].index == 1
        assert not taken
        # As the server does when the first one's host is gone.
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND granted AND database = (SELECT oid FROM pg_database WHERE datname ="
            " current_database())"
        )
    standby.join(10)
    [second] = taken
    assert commit_all(second, [new_draft(identity, 3)])[0].index == 2
    with pytest.raises(Exception, match="connection"):
        committer.commit([new_draft(identity, 4)])
    second.close()


def waiting(admin):
    query = (
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return admin.execute(query).fetchone() is not None


def test_a_writer_whose_epoch_is_over_cannot_commit(address, engine, committer, identity):
    commit_all(committer, [new_draft(identity, 1)])
    with psycopg.connect(address[0], autocommit=True) as admin:
        admin.execute("UPDATE log.tenure SET epoch = epoch + 1")
    with pytest.raises(LogUnavailable, match="another node took over"):
        committer.commit([new_draft(identity, 2)])
    assert LogReader(engine).head(identity.log).size == 1


def test_entries_lie_in_ranges_and_a_reader_holds_no_new_one_up(
    address, engine, committer, identity, monkeypatch
):
    monkeypatch.setattr(ranges, "RANGE_BITS", 4)
    done = commit_all(committer, [new_draft(identity, number) for number in range(10)])
    readonly = postgresql.open_schema(address, "log", readonly=True)
    with readonly.connect() as reading:
        assert len(reading.execute(select(entry.c.position)).all()) == 10
        done += commit_all(committer, [new_draft(identity, number) for number in range(10, 80)])
    with engine.connect() as connection:
        rows = connection.execute(
            select(text("tableoid::regclass::text"), func.count())
            .select_from(entry)
            .group_by(text("1"))
        )
        assert dict(tuple(row) for row in rows) == {f"entry_1_{n}": 16 for n in range(5)}
        # As an administrator moves an old one to another disk.
        connection.execute(text("ALTER TABLE entry_1_0 SET TABLESPACE pg_default"))
        connection.commit()
    [again, fresh] = commit_all(committer, [new_draft(identity, 1), new_draft(identity, 80)])
    assert (again.leaf, again.fresh, fresh.index) == (done[1].leaf, False, 80)
    reader = LogReader(readonly)
    assert reader.entries(identity.log, 0, 80) == [each.leaf for each in done]
    assert check_log(readonly, identity.log).size == 81
    readonly.dispose()


@pytest.fixture
def unreplicated(address):
    """The server waits for a standby that is not there."""
    with psycopg.connect(address[0], autocommit=True) as admin:
        admin.execute("SET synchronous_commit = local")
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield admin
        finally:
            admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            admin.execute("SELECT pg_reload_conf()")


def test_a_commit_the_standby_has_not_got_fails_when_its_wait_is_cancelled(
    committer, identity, unreplicated
):
    """PostgreSQL answers such a COMMIT with success and a warning."""
    raised = []

    def commit():
        # Until the setting has reached its session a commit does not wait.
        try:
            for number in itertools.count(1):
                committer.commit([new_draft(identity, number)])
        except Exception as error:  # noqa: BLE001 - looked at below
            raised.append(error)

    thread = threading.Thread(target=commit)
    thread.start()
    cancel = (
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        " AND datname = current_database()"
    )
    until(lambda: unreplicated.execute(cancel).fetchone() is not None)
    thread.join(10)
    [error] = raised
    assert "not replicated" in str(error)
    with pytest.raises(LogUnavailable, match="an earlier commit failed"):
        committer.commit([new_draft(identity, 3)])


def test_no_entry_is_lost_with_its_server_where_a_standby_has_it(identity):
    """The server is killed while calls are committed; the standby is promoted and has them all."""
    with replicated() as pair:
        address = pair.new_database()
        postgresql.prepare(address, ["log"])
        engine = postgresql.open_schema(address, "log")
        committed: list[Committed] = []
        under_way: list[Draft] = []
        raised: list[Exception] = []

        def commit():
            committer = Committer(engine, [identity], clock=Clock())
            try:
                for number in itertools.count():
                    drafts = [new_draft(identity, 3 * number + each) for each in range(3)]
                    under_way[:] = drafts
                    committed.extend(commit_all(committer, drafts))
            except Exception as error:  # noqa: BLE001 - looked at below
                raised.append(error)
            finally:
                committer.close()

        thread = threading.Thread(target=commit)
        thread.start()
        until(lambda: len(committed) > 60)
        pair.primary.kill()
        thread.join(20)
        assert len(raised) == 1
        pair.promote()
        engine.dispose()  # a node's next process has none of its connections

        committer = Committer(engine, [identity], clock=Clock())
        reader = LogReader(engine)
        assert [reader.entry(identity.log, done.index) for done in committed] == [
            done.leaf for done in committed
        ]
        # Sent again, each of those whose answer never came is there once.
        again = commit_all(committer, under_way)
        assert {done.index for done in again} == set(range(len(committed), len(committed) + 3))
        committer.close()
        assert check_log(engine, identity.log).size == len(committed) + 3
        engine.dispose()
