"""A database on a server: which one is fit, whose turn it is to write, what a COMMIT promises."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from node.errors import ConfigInvalid, Unavailable
from node.storage import postgresql
from node.storage.engines import READING
from node.storage.locking import StoreLock
from node.storage.stores import NAMES, Stores


@pytest.fixture
def engine(address):
    postgresql.prepare(address, ["log"])
    opened = postgresql.open_schema(address, "log")
    with opened.begin() as connection:
        connection.execute(text("CREATE TABLE word (n bigint)"))
    yield opened
    opened.dispose()


def words(engine):
    with engine.execution_options(**READING).connect() as connection:
        return list(connection.scalars(text("SELECT n FROM word ORDER BY n")))


class TestFitness:
    def test_schemas_are_made_once_whoever_comes_first(self, address, tmp_path):
        stores = Stores(tmp_path, address)
        assert stores.open_unchanged("log") is None
        threads = [threading.Thread(target=stores.prepare) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(postgresql.find_schema(address, name) for name in NAMES)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("made", "said"),
        [
            ({"encoding": "LATIN1"}, "LATIN1"),
            ({"order": "LOCALE_PROVIDER icu ICU_LOCALE 'zh'"}, "ICU"),
        ],
    )
    def test_another_encoding_or_order_is_refused(self, new_address, made, said):
        with pytest.raises(ConfigInvalid, match=f"{said}.*须为 UTF8 和 C"):
            postgresql.prepare(new_address(**made), NAMES)

    def test_an_old_server_is_refused(self, address, monkeypatch):
        monkeypatch.setattr(postgresql, "OLDEST", 99)
        with pytest.raises(ConfigInvalid, match="须 99 版以上"):
            postgresql.prepare(address, NAMES)

    def test_who_may_not_make_schemas_is_told_what_to_ask_for(self, address):
        with psycopg.connect(address[0]) as admin:
            admin.execute("CREATE ROLE poor LOGIN")
        poor = address[0].replace("admin@", "poor@"), None
        with pytest.raises(ConfigInvalid, match="GRANT CREATE ON DATABASE"):
            postgresql.prepare(poor, NAMES)

    @pytest.mark.parametrize(
        ("url", "kind", "said"),
        [
            ("postgresql://x@127.0.0.1:1/d", Unavailable, "连不上"),
            ("postgresql://x@nowhere.invalid/d", Unavailable, "连不上"),
        ],
    )
    def test_a_server_that_is_not_there_is_named(self, url, kind, said):
        with pytest.raises(kind, match=said) as caught:
            postgresql.prepare((url, "secret"), NAMES)
        assert "secret" not in str(caught.value)

    def test_an_unknown_user_or_database_is_named(self, address):
        base = address[0]
        with pytest.raises(ConfigInvalid, match="没有这个用户"):
            postgresql.prepare((base.replace("admin@", "nobody@"), None), NAMES)
        with pytest.raises(ConfigInvalid, match="没有这个数据库"):
            postgresql.prepare((f"{base}x", None), NAMES)


class TestTransactions:
    def test_a_writer_waits_for_the_other_and_sees_what_it_wrote(self, engine):
        with engine.begin() as first:
            first.execute(text("INSERT INTO word VALUES (1)"))
            seen = []

            def second():
                with engine.begin() as connection:
                    seen.append(connection.scalar(text("SELECT count(*) FROM word")))

            thread = threading.Thread(target=second)
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
        thread.join()
        assert seen == [1]

    def test_one_that_reads_waits_for_nobody_sees_one_state_and_writes_nothing(self, engine):
        with engine.execution_options(**READING).connect() as reader:
            assert reader.scalar(text("SELECT count(*) FROM word")) == 0
            with engine.begin() as writer:
                writer.execute(text("INSERT INTO word VALUES (1)"))
            assert reader.scalar(text("SELECT count(*) FROM word")) == 0
            with pytest.raises(Exception, match="read-only transaction"):
                reader.execute(text("INSERT INTO word VALUES (2)"))
        assert words(engine) == [1]

    def test_a_connection_that_failed_goes_on_with_the_next_transaction(self, engine):
        with engine.connect() as connection:
            with pytest.raises(Exception, match="nothere"), connection.begin():
                connection.execute(text("SELECT nothere"))
            with connection.begin():
                connection.execute(text("INSERT INTO word VALUES (3)"))
        assert words(engine) == [3]

    def test_a_warning_instead_of_a_commit_is_a_failure(self, engine):
        """As PostgreSQL warns where the wait for a synchronous standby was cancelled."""
        with engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE WARNING 'canceling wait'; RETURN NULL; END $$"
                )
            )
            connection.execute(
                text(
                    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON word"
                    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()"
                )
            )
        with pytest.raises(Exception, match="not replicated: canceling wait"):  # noqa: SIM117 - the inner one's end raises
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO word VALUES (1)"))
        with engine.begin() as connection:
            connection.execute(text("DROP TRIGGER late ON word"))
            connection.execute(text("INSERT INTO word VALUES (2)"))

    @pytest.mark.parametrize("options", [{}, READING], ids=["writing", "reading"])
    def test_a_connection_the_server_ended_is_not_taken_again(self, engine, address, options):
        using = engine.execution_options(**options)
        with using.connect() as connection:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(address[0], autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        with pytest.raises(OperationalError), using.connect() as connection:
            connection.scalar(text("SELECT 1"))
        with using.connect() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) != pid

    def test_both_ends_find_out_soon_that_the_other_is_gone(self, engine):
        with engine.connect() as connection:
            info = connection.connection.dbapi_connection.info
            idle = connection.scalar(text("SHOW tcp_keepalives_idle"))
            unheard = connection.scalar(text("SHOW tcp_user_timeout"))
        assert (idle, unheard) == ("2", "5000")
        mine = info.get_parameters()
        assert (mine["keepalives_idle"], mine["tcp_user_timeout"]) == ("2", "5000")

    def test_a_lock_is_one_holders_and_ends_with_him(self, engine):
        lock, other = StoreLock(engine, "outbox"), StoreLock(engine, "another")
        with lock.held() as mine, StoreLock(engine, "outbox").held() as yours, other.held() as also:
            assert (mine, yours, also) == (True, False, True)
        with lock.held() as mine:
            assert mine
