"""Revisions make what a store's tables are declared as, once, whoever comes first."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, select, update
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError

from api.operating.kept import KEPT, tables_of
from node.errors import ConfigInvalid
from node.log.indexes import load_fresh
from node.log.parts import unpack_parts
from node.log.published import published
from node.log.ranges import make_room
from node.log.tables import batch, entry, head, position
from node.storage import postgresql
from node.storage.engines import open_engine
from node.storage.migrations import HEADS, configuration, mark, upgrade
from tests.common.pgstores import new_database

both = pytest.mark.parametrize("server", [False, True], ids=["sqlite", "postgresql"])


@pytest.fixture
def opened(tmp_path):
    """Open stores by name; on a server each is a schema of one database."""
    engines = []

    def open_store(name, *, server=False):
        if server:
            address = new_database()
            postgresql.prepare(address, [name])
            engines.append(postgresql.open_schema(address, name))
        else:
            engines.append(open_engine(tmp_path / f"{name}.db"))
        return engines[-1]

    yield open_store
    for engine in engines:
        engine.dispose()


def revised(engine, store):
    """Bring a store to the newest revision by its revisions alone."""
    with engine.begin() as connection:
        command.upgrade(configuration(connection, store), HEADS[store])


def described(engine):
    """Return what a store's tables are: SQLite's own text of them, or the server's, in any schema.

    Without defaults: those of columns that a revision added are for the rows that were there.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master"
                " WHERE sql <> '' AND tbl_name <> 'alembic_version'"
            )
            return {
                name: sorted(
                    re.split(r",\s*(?![^(]*\))", re.sub(r"(?: DEFAULT '[^']*'|[\s\"])+", " ", sql))
                )
                for name, sql in rows
            }
        columns = connection.exec_driver_sql(
            "SELECT table_name, column_name, data_type, is_nullable"
            " FROM information_schema.columns WHERE table_schema = current_schema()"
        )
        indexes = connection.exec_driver_sql(
            "SELECT indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes"
            " WHERE schemaname = current_schema()"
        )
        return {tuple(row) for row in (*columns, *indexes) if mark.name not in str(row)}


@pytest.mark.parametrize("store", KEPT)
def test_the_newest_revision_is_the_one_that_is_named(opened, store):
    with opened(store).begin() as connection:
        script = ScriptDirectory.from_config(configuration(connection, store))
    assert script.get_heads() == [HEADS[store]]


@both
@pytest.mark.parametrize("store", KEPT)
def test_revisions_make_the_tables_as_they_are_declared(opened, store, server):
    by_revisions = opened(store, server=server)
    revised(by_revisions, store)
    declared = MetaData()
    for table in tables_of(store):
        table.to_metadata(declared)
    with by_revisions.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, declared) == []
    at_once = opened(f"new-{store}") if not server else opened(store, server=True)
    upgrade(at_once, store, tables_of(store))
    assert described(at_once) == described(by_revisions)


@both
@pytest.mark.parametrize("store", ["log", "node"])
def test_a_store_from_before_it_had_revisions_goes_on_with_its_rows(opened, store, server):
    """As the last version without them left it; of `node.db` some tables came with their use."""
    engine = opened(store, server=server)
    kept, values = entry, {"position": 7, "leaf": b"leaf"}
    if store == "node":
        digest = b"\x07" * 32
        kept = published
        values = {"log": digest, "size": 7, "root": digest, "checkpoint": b"signed", "at": 7}
    with engine.begin() as connection:
        command.upgrade(configuration(connection, store), "0001")
        mark.drop(connection)
        connection.execute(kept.insert().values(values))
    upgrade(engine, store, tables_of(store))
    with engine.connect() as connection:
        row = connection.execute(kept.select()).mappings().one()
        assert row == values
        assert connection.scalar(select(mark.c.version_num)) == HEADS[store]
        there = inspect(connection).get_table_names()
        assert {each.name for each in tables_of(store)} <= set(there)


@both
def test_what_was_kept_of_each_entry_is_kept_of_each_commit_afterwards_and_back(opened, server):
    engine = opened("log", server=server)
    leaf = b'{"authorisation":7,"event":"%s","number":%d}'
    with engine.begin() as connection:
        command.upgrade(configuration(connection, "log"), "0002")
        old = MetaData()
        old.reflect(connection)
        tables = old.tables
        number = {"number": 1, "log": b"l" * 32, "origin": "o", "department": b"d" * 32}
        stands = {"size": 5, "root": b"r" * 32, "checkpoint": b"5", "at": 9}
        connection.execute(tables["head"].insert(), {**number, **stands})
        make_room(connection, 1, 5)
        for index in range(5):
            event_id, place = bytes([index]) * 32, position(1, index)
            log = {"log": 1, "index": index}
            text = leaf % (event_id.hex().encode(), index)
            connection.execute(tables["entry"].insert(), {"position": place, "leaf": text})
            connection.execute(tables["event"].insert(), {**log, "event": event_id})
            connection.execute(tables["request"].insert(), {"position": place, "body": b"b"})
            if index:
                kept = {"position": place, "at": index, "size": 3 if index < 3 else 5}
                answer = None if index == 2 else b"a" * index
                result = {"text": event_id, "answer": answer}
                connection.execute(tables["recent"].insert(), {**kept, **result})
        for size in (3, 5):
            note = {"log": 1, "size": size, "checkpoint": b"%d" % size}
            connection.execute(tables["checkpoint"].insert(), note)

    def everything(*names):
        with engine.connect() as connection:
            return [sorted(map(tuple, connection.execute(tables[name].select()))) for name in names]

    names = ("head", "event", "request", "recent", "checkpoint")
    before = everything(*names)
    upgrade(engine, "log", tables_of("log"))
    with engine.connect() as connection:
        rows = connection.execute(batch.select().order_by(batch.c.position)).all()
        assert [(row.position, row.size, row.at) for row in rows] == [
            (position(1, 1), 3, 2), (position(1, 3), 5, 4),
        ]  # fmt: skip
        assert unpack_parts(rows[0].answers, 2) == [b"a", None]
        assert load_fresh(connection, 1, 5).indexed == 5
    with engine.begin() as connection:
        command.downgrade(configuration(connection, "log"), "0002")
    after = everything(*names)
    # The time of an entry is that of its commit's last one.
    assert [row[0] for row in after[3]] == [row[0] for row in before[3]]
    assert (after[:3], after[4]) == (before[:3], before[4])


@both
def test_thousands_of_commits_are_put_together_in_one_pass(opened, server):
    """Whose answers are long lies in several rows; back again nothing is read whole."""
    count, engine = 2000, opened("log", server=server)
    number = {"number": 1, "log": b"l" * 32, "origin": "o", "department": b"d" * 32}
    stands = {"size": count, "root": b"r" * 32, "checkpoint": b"5", "at": 9}
    rows: dict[str, list[dict[str, object]]] = {"entry": [], "recent": [], "checkpoint": []}
    for index in range(count):
        place, size = position(1, index), max(2, index + 1)  # two, and then one at a time
        rows["entry"].append({"position": place, "leaf": b'{"event":"%064x"}' % index})
        answer = b"a" * (700_000 if index < 2 else 1)
        kept = {"position": place, "at": index, "size": size, "text": bytes(32)}
        rows["recent"].append({**kept, "answer": answer})
        if index:
            rows["checkpoint"].append({"log": 1, "size": size, "checkpoint": b"note"})
    with engine.begin() as connection:
        command.upgrade(configuration(connection, "log"), "0002")
        old = MetaData()
        old.reflect(connection)
        make_room(connection, 1, count)
        connection.execute(old.tables["head"].insert(), {**number, **stands})
        for name, some in rows.items():
            connection.execute(old.tables[name].insert(), some)
    read: list[str] = []
    listen(engine, "before_cursor_execute", lambda *told: read.append(told[2]))

    def passes(of):
        return sum(each.startswith("SELECT") and f"FROM {of}" in each for each in read)

    upgrade(engine, "log", tables_of("log"))
    assert passes("recent") == 1
    with engine.connect() as connection:
        places = connection.scalars(select(batch.c.position).order_by(batch.c.position)).all()
    assert places == [position(1, index) for index in range(count)]
    with engine.begin() as connection:
        command.downgrade(configuration(connection, "log"), "0002")
        again = connection.execute(old.tables["recent"].select()).all()
    assert passes("batch") == 2  # the test's own, and one
    assert sorted((row.position, row.answer) for row in again) == [
        (row["position"], row["answer"]) for row in rows["recent"]
    ]


@both
@pytest.mark.parametrize(
    "make", [revised, lambda engine, name: upgrade(engine, name, tables_of(name))]
)
def test_the_indexes_of_a_log_are_never_beyond_it(opened, server, make):
    engine = opened("log", server=server)
    make(engine, "log")
    row = {"number": 1, "log": b"l", "origin": "o", "department": b"d", "checkpoint": b"", "at": 0}
    for indexed in (-1, 6):
        with engine.begin() as connection, pytest.raises(IntegrityError):
            connection.execute(
                head.insert(), {**row, "size": 5, "root": bytes(32), "indexed": indexed}
            )


def test_several_processes_may_open_it_at_once(opened):
    engines = [opened("office") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda engine: upgrade(engine, "office", tables_of("office")), engines))
    with engines[0].connect() as connection:
        assert connection.execute(select(mark)).all() == [(HEADS["office"],)]
        assert inspect(connection).has_table("office_session")


@pytest.mark.parametrize("store", KEPT)
def test_every_revision_goes_back(opened, store):
    engine = opened(store)
    revised(engine, store)
    with engine.begin() as connection:
        command.downgrade(configuration(connection, store), "base")
        assert inspect(connection).get_table_names() == [mark.name]


def test_a_store_of_a_later_version_is_left_alone(opened):
    engine = opened("log")
    upgrade(engine, "log", tables_of("log"))
    with engine.begin() as connection:
        connection.execute(update(mark).values(version_num="9999"))
    with pytest.raises(ConfigInvalid, match="请用新版程序"):
        upgrade(engine, "log", tables_of("log"))
