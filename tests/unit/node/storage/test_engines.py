"""A database file is opened for writing only if it is one; who waits for whom in it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from node.errors import ConfigInvalid
from node.storage import engines as store
from node.storage.engines import READING, open_engine, private_folder

LEAVING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
with connection:
    connection.execute("delete from kept")
connection.close()
"""


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


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_nobody_but_its_owner_may_read_a_database_nor_what_is_beside_it(tmp_path, before):
    path = tmp_path / "log.db"
    if before is not None:
        path.touch()
        path.chmod(before)
    engine = open_engine(path)
    with engine.begin() as connection:
        connection.execute(text("create table kept (value integer)"))
    private = dict.fromkeys(("log.db", "log.db-wal", "log.db-shm"), 0o600)
    assert modes(tmp_path) == private
    for name in private:
        (tmp_path / name).chmod(0o644)
    open_engine(path).connect().close()
    assert modes(tmp_path) == private
    engine.dispose()


def test_a_data_folder_is_its_owners_alone(tmp_path):
    made, there = tmp_path / "a" / "b", tmp_path / "there"
    there.mkdir(mode=0o755)
    for folder in (made, there):
        private_folder(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(ConfigInvalid, match="file"):
        private_folder(tmp_path / "file" / "data")


def test_a_second_opening_drops_no_lock_of_the_first(tmp_path):
    """A process that closes a file loses every lock it has on it: SQLite's too."""
    path = tmp_path / "node.db"
    first = open_engine(path)
    with first.begin() as connection:
        connection.execute(text("create table kept (value integer)"))
    with first.connect():
        second = open_engine(path)
        second.connect().close()
        second.dispose()
        # The last to leave a database takes its WAL away: another process is not the last here.
        subprocess.run([sys.executable, "-c", LEAVING, str(path)], check=True)  # noqa: S603 - ours
        assert (tmp_path / "node.db-wal").exists()
    first.dispose()
