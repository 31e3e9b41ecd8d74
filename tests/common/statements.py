"""Statements compiled once a process, whichever engine runs them: `share_compiled` sees to it.

SQLAlchemy keeps what it has compiled by engine. A process of the product opens a handful for its
life; one of the tests opens thousands, each for a second, and two fifths of what tests of documents
took was to compile the same statements again. SQLite's engines are of one dialect here, by its
class and not by its object, and keep what is compiled in one place.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as Dialect
from sqlalchemy.util import LRUCache

STATEMENTS = 4_000
"""More than the product has; an engine of its own would keep 500."""


class _Compiled:
    """What an engine has compiled: of SQLite's, one for all."""

    def __init__(self) -> None:
        self._shared: LRUCache[Any, Any] = LRUCache(STATEMENTS)

    def __get__(self, engine: Engine, _: type[Engine]) -> Any:
        if type(engine.dialect) is Dialect:
            return self._shared
        return engine.__dict__["_compiled_cache"]

    def __set__(self, engine: Engine, own: Any) -> None:
        engine.__dict__["_compiled_cache"] = own


def share_compiled() -> None:
    """From here on, SQLite's engines of this process share what they compile."""
    patch.object(Engine, "_compiled_cache", _Compiled(), create=True).start()
    patch.object(Dialect, "__hash__", lambda self: hash((type(self), self.paramstyle))).start()
    patch.object(
        Dialect,
        "__eq__",
        lambda self, other: type(self) is type(other) and self.paramstyle == other.paramstyle,
    ).start()
