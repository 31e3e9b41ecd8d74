"""A command beside a running node: one database, two processes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import text

from node.storage.engines import open_engine

COMMAND = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("insert into kept values (2)")
connection.commit()
connection.close()
"""
READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("select value from kept order by value").fetchall())
"""


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "node.db")
    with engine.begin() as connection:
        connection.execute(text("create table kept (value integer)"))
    yield engine
    engine.dispose()


def test_a_command_that_ends_does_not_take_the_journal_away_from_the_node(tmp_path, engine):
    path = tmp_path / "node.db"
    journal = tmp_path / "node.db-wal"
    before = journal.stat().st_ino
    # The node's second thread connects while the first one's connection is there.
    with engine.connect(), open_engine(path).connect():
        subprocess.run([sys.executable, "-c", COMMAND, path], check=True, timeout=60)  # noqa: S603
    assert journal.exists()
    assert journal.stat().st_ino == before
    with engine.begin() as connection:
        connection.execute(text("insert into kept values (3)"))
    # What a process sees that has never had the file open.
    seen = subprocess.run(  # noqa: S603
        [sys.executable, "-c", READER, path], check=True, timeout=60, capture_output=True
    )
    assert seen.stdout.decode().strip() == "[(2,), (3,)]"
