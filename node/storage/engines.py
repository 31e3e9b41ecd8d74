"""SQLite engines as every store of this project opens them.

WAL, synchronous=FULL: a COMMIT that returned survives kill -9 and power loss. Writers begin
IMMEDIATE, so that two processes queue for the lock instead of failing half-way.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event

from ..errors import ConfigInvalid

if TYPE_CHECKING:
    from pathlib import Path

BUSY_TIMEOUT_MILLISECONDS = 60_000
"""How long a writer queues: a round of the fetcher after a large filing holds the lock for seconds
on a loaded machine, and a loop that gives up ends its node."""
READING = {"reads": True}
"""Execution options of connections that write nothing and so need not queue for the lock."""


def open_engine(path: Path | str, *, readonly: bool = False) -> Engine:
    """Open the database file at `path`; a writer creates it when it is missing.

    A read-only engine begins deferred transactions: each sees one snapshot and blocks nobody. So
    does a writer's under the execution options READING, which must not write.
    Connecting a writer raises ConfigInvalid when the file is something else than a database.
    """
    uri = f"file:{path}?mode={'ro' if readonly else 'rwc'}"
    engine = create_engine(
        f"sqlite+pysqlite:///{uri}&uri=true", connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - DBAPI object
        # None hands BEGIN to us; pysqlite would otherwise begin late, and deferred.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("PRAGMA foreign_keys=ON")
        if not readonly:
            _prepare_writing(connection, path)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy event argument
        deferred = readonly or READING.items() <= connection.get_execution_options().items()
        connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")

    return engine


def _prepare_writing(connection: Any, path: Path | str) -> None:  # noqa: ANN401 - DBAPI object
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise ConfigInvalid(f"{path}: {error}", path=str(path)) from error
