"""SQLite engines as every store of this project opens them.

WAL, synchronous=FULL: a COMMIT that returned survives kill -9 and power loss. Writers begin
IMMEDIATE, so that two processes queue for the lock instead of failing half-way.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event

from ..errors import ConfigInvalid, reason

BUSY_TIMEOUT_MILLISECONDS = 60_000
"""How long a writer queues: a round of the fetcher after a large filing holds the lock for seconds
on a loaded machine, and a loop that gives up ends its node."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
READING = {"reads": True}
"""Execution options of connections that write nothing and so need not queue for the lock."""


def private_folder(path: Path) -> None:
    """Make a folder that nobody but its owner may look into; one that is there becomes so.

    Raises:
        ConfigInvalid: it cannot be made, or belongs to somebody else.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)
        if path.stat().st_mode & OTHERS:
            path.chmod(stat.S_IRWXU)
    except OSError as error:
        said = f"文件夹 {path} 不能用：{reason(error)} / cannot be used"
        raise ConfigInvalid(said, path=str(path)) from error


def open_engine(path: Path | str, *, readonly: bool = False, immutable: bool = False) -> Engine:
    """Open the database file at `path`; a writer creates it when it is missing.

    Nobody but its owner may read it: what is there already becomes so when a writer opens it.
    A read-only engine begins deferred transactions: each sees one snapshot and blocks nobody. So
    does a writer's under the execution options READING, which must not write.
    Connecting a writer raises ConfigInvalid when the file is something else than a database.
    """
    mode = f"mode={'ro' if readonly else 'rwc'}{'&immutable=1' if immutable else ''}"
    uri = f"file:{quote(str(path))}?{mode}"
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

    if not readonly:
        event.listen(engine, "do_connect", lambda *_: _make_private(path))

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy event argument
        if readonly or READING.items() <= connection.get_execution_options().items():
            # Locks nothing, so nothing is there to fail: SQLAlchemy's way costs as much as a read.
            connection.connection.driver_connection.execute("BEGIN")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def open_unchanged(path: Path) -> Engine:
    """Open a database that is there for reading, so that not even a file beside it is made.

    A reader of a WAL database makes `-wal` and `-shm` where whoever wrote it last has taken them
    away; SQLite makes none for a database it is told nobody changes. So that is said of one that
    no process has open.
    """
    return open_engine(path, readonly=True, immutable=not Path(f"{path}-wal").exists())


def _make_private(path: Path | str) -> None:
    """Make a database file before SQLite does, with its owner's rights only.

    SQLite gives `-wal` and `-shm` the rights of the database, when it makes them.
    """
    files = [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm")]
    # The file is never opened here: whoever closes it drops every lock this process has on it
    # (POSIX), those of SQLite's connections too, and another process then takes away the WAL.
    # An error here is SQLite's to tell, a moment later, of the same file.
    with contextlib.suppress(OSError):
        os.mknod(path, stat.S_IFREG | stat.S_IRUSR | stat.S_IWUSR)
    with contextlib.suppress(OSError):
        for file in files:
            if file.exists() and file.stat().st_mode & OTHERS:
                file.chmod(stat.S_IRUSR | stat.S_IWUSR)


def _prepare_writing(connection: Any, path: Path | str) -> None:  # noqa: ANN401 - DBAPI object
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise ConfigInvalid(
            f"{path}：不是数据库，或已损坏，请从备份恢复 / {error}", path=str(path)
        ) from error


def _use_wal(connection: Any) -> None:  # noqa: ANN401 - DBAPI object
    """Have a WAL; of two who open a new file, one waits, for which SQLite has no timeout here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(0.01)  # nobody tells when the other is done
