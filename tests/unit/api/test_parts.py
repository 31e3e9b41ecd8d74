"""A node that only looks reads what is kept as it lies there."""

from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from api.operating.kept import tables_of
from api.parts.documentparts import DocumentParts
from node.storage.engines import open_engine
from node.storage.migrations import configuration, upgrade
from node.storage.stores import Stores


@pytest.fixture
def parts(tmp_path):
    settings: Any = SimpleNamespace(data_dir=tmp_path, stores=Stores(tmp_path))
    return DocumentParts(settings)


def revision_of(engine):
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_an_older_database_is_not_brought_to_its_newest_revision(parts, tmp_path):
    engine = open_engine(tmp_path / "node.db")
    upgrade(engine, "node", tables_of("node"))
    with engine.begin() as connection:
        command.downgrade(configuration(connection, "node"), "-1")
    before, tables = revision_of(engine), inspect(engine).get_table_names()
    parts.is_looking = True
    assert parts.store.find(bytes(32)) is None
    assert (revision_of(engine), inspect(engine).get_table_names()) == (before, tables)


def test_a_missing_database_is_not_made(parts, tmp_path):
    parts.is_looking = True
    with pytest.raises(OperationalError):
        parts.store.find(bytes(32))
    assert not (tmp_path / "node.db").exists()
