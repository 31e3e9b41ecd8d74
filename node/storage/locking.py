"""Work that one process at a time does on a store, however many have it open."""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigInvalid
from .dialects import is_postgresql
from .engines import READING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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


class ActLocks:
    """Locks beside a store for acts known by 32 bytes; they hold and end as a `StoreLock` does.

    Each act has its own: who holds one holds nobody else up.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        """Name them; letters, digits and hyphens.

        Raises:
            ConfigInvalid: as `StoreLock`.
        """
        self._engine = engine
        self._path = None if is_postgresql(engine) else _path(engine, name)

    @contextmanager
    def held(self, acts: Collection[bytes]) -> Iterator[bool]:
        """Hold those of all `acts`, which differ, for a while; False if somebody has one of them.

        On a server the acts of the whole database share one space, whatever the name.
        """
        with self._filed(self._path, acts) if self._path is not None else self._asked(acts) as mine:
            yield mine

    @contextmanager
    def _filed(self, path: Path, acts: Collection[bytes]) -> Iterator[bool]:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # One byte of the file an act: the file stays empty. Locks of the open file, not of the
            # process, whose threads would give up the locks of all when the first closes the file.
            yield all(_taken(descriptor, int.from_bytes(act[:6], "big")) for act in acts)
        finally:
            os.close(descriptor)

    @contextmanager
    def _asked(self, acts: Collection[bytes]) -> Iterator[bool]:
        pooled = self._engine.raw_connection()
        raw: Any = pooled.dbapi_connection
        # Out of the pool, whose places are for those who do the work meanwhile.
        pooled.detach()
        try:
            raw.isolation_level = None
            numbers = [int.from_bytes(act[:8], "big", signed=True) for act in acts]
            found = raw.execute(
                "SELECT bool_and(pg_try_advisory_xact_lock(act)) FROM unnest(%s::bigint[]) act",
                (numbers,),
            )
            yield bool(found.fetchone()[0])
        finally:
            raw.close()


def _taken(descriptor: int, place: int) -> bool:
    # A `struct flock` for one byte of a file (fcntl(2), 64-bit Linux).
    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, lock)
    except (BlockingIOError, PermissionError):  # EAGAIN, EACCES: somebody else's
        return False
    return True


def _path(engine: Engine, name: str) -> Path:
    with engine.execution_options(**READING).connect() as connection:
        databases = connection.exec_driver_sql("PRAGMA database_list").all()
    file = next((row.file for row in databases if row.name == "main"), "")
    if not file:
        raise ConfigInvalid("a database file is needed: a lock stands beside it")
    return Path(f"{file}.{name}.lock")
