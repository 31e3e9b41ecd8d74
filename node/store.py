"""SQLite engines as every store of this project opens them.

WAL, synchronous=FULL: a COMMIT that returned survives kill -9 and power loss. Writers begin
IMMEDIATE, so that two processes queue for the lock instead of failing half-way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event

if TYPE_CHECKING:
    from pathlib import Path

BUSY_TIMEOUT_MILLISECONDS = 10_000


def open_engine(path: Path | str, *, readonly: bool = False) -> Engine:
    """Open the database file at `path`; a writer creates it when it is missing.

    A read-only engine begins deferred transactions: each sees one snapshot and blocks nobody.
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
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy event argument
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return engine
