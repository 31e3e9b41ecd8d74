"""office.db's revisions make what its tables are declared as, once, whoever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from node.office.tables import METADATA
from node.storage.engines import open_engine
from node.storage.migrations import HEAD, configuration, upgrade


def test_the_newest_revision_is_the_one_that_is_named(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    with engine.begin() as connection:
        script = ScriptDirectory.from_config(configuration(connection))
    assert script.get_heads() == [HEAD]
    engine.dispose()


def test_revisions_make_the_tables_as_they_are_declared(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_several_processes_may_open_it_at_once(tmp_path):
    engines = [open_engine(tmp_path / "office.db") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, engines))
    with engines[0].connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            (HEAD,)
        ]
        assert inspect(connection).has_table("office_session")
    for engine in engines:
        engine.dispose()


def test_every_revision_goes_back(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
