"""Work that one process at a time does on a store, however many have it open."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigInvalid
from .dialects import is_postgresql
from .engines import READING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

LOCKS = 0x5368_6C64
"""First number of every advisory lock of a node ("Shld"); the second says what is locked."""


class StoreLock:
    """A lock beside a store: between processes, and between threads of one; it dies with both."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Name the lock; `name` has letters, digits and hyphens.

        Raises:
            ConfigInvalid: the store is in memory, where no lock can stand beside it.
        """
        self._engine, self._name = engine, name
        self._path = None if is_postgresql(engine) else _path(engine, name)

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold it for a while; False if somebody else does."""
        with self._filed(self._path) if self._path is not None else self._asked() as mine:
            yield mine

    @contextmanager
    def _filed(self, path: Path) -> Iterator[bool]:
        # A new description each time: flock then also holds between threads of one process.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    @contextmanager
    def _asked(self) -> Iterator[bool]:
        # The transaction's, so that it goes with the connection, and with the server's session.
        pooled = self._engine.raw_connection()
        try:
            raw: Any = pooled.dbapi_connection
            raw.isolation_level = None  # no snapshot is kept while the work is done
            found = raw.execute(
                "SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema() || %s))",
                (LOCKS, f" {self._name}"),
            )
            yield bool(found.fetchone()[0])
        finally:
            pooled.close()


def _path(engine: Engine, name: str) -> Path:
    with engine.execution_options(**READING).connect() as connection:
        databases = connection.exec_driver_sql("PRAGMA database_list").all()
    file = next((row.file for row in databases if row.name == "main"), "")
    if not file:
        raise ConfigInvalid("the outbox needs a database file: a lock stands beside it")
    return Path(f"{file}.{name}.lock")
