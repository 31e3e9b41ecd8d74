"""A database file is opened for writing only if it is one; who waits for whom in it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from node.errors import ConfigInvalid
from node.storage import engines as store
from node.storage.engines import READING, open_engine


@pytest.fixture
def engines(tmp_path, monkeypatch):
    """Two engines on one database, as a node and a command have; nobody waits long."""
    monkeypatch.setattr(store, "BUSY_TIMEOUT_MILLISECONDS", 10)
    first, second = (open_engine(tmp_path / "node.db") for _ in range(2))
    with first.begin() as connection:
        connection.execute(text("create table kept (value integer)"))
    yield first, second
    first.dispose()
    second.dispose()


def count(connection):
    return connection.scalar(text("select count(*) from kept"))


def test_one_writer_waits_for_another(engines):
    writer, other = engines
    with writer.begin(), pytest.raises(OperationalError, match="locked"), other.begin():
        pass


def test_what_only_reads_waits_for_no_writer_and_sees_what_was_committed(engines):
    writer, other = engines
    with writer.begin() as connection:
        connection.execute(text("insert into kept values (1)"))
        with other.execution_options(**READING).connect() as reading:
            assert count(reading) == 0
    with other.execution_options(**READING).connect() as reading:
        assert count(reading) == 1


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path):
    path = tmp_path / "log.db"
    path.write_bytes(b"no database" * 1000)
    engine = open_engine(path)
    with pytest.raises(ConfigInvalid, match=r"log\.db"):
        engine.connect()
    engine.dispose()
    assert path.read_bytes() == b"no database" * 1000
