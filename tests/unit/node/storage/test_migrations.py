"""The revisions of office.db make what its models say, and go back."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from node.office.tables import METADATA
from node.storage import migrations
from node.storage.engines import open_engine


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    yield engine
    engine.dispose()


def test_the_revisions_make_what_the_models_say(engine):
    migrations.upgrade(engine)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_revision_is_the_one_that_is_applied(engine):
    with engine.begin() as connection:
        script = ScriptDirectory.from_config(migrations.configuration(connection))
        assert script.get_current_head() == migrations.HEAD


def test_every_revision_goes_back(engine):
    migrations.upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
