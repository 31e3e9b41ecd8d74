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

from api.operating.kept import KEPT, tables_of
from node.errors import ConfigInvalid
from node.log.published import published
from node.log.tables import entry
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
