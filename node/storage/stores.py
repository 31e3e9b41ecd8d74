"""Where a node keeps its tables: files in its folder, or schemas of one PostgreSQL database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import ConfigInvalid
from .engines import open_engine, open_unchanged

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from sqlalchemy import Engine

    from .postgresql import Address

NAMES: Final = ("log", "node", "ledger", "office", "tally")
"""Of the stores: a file each (`log.db`), or a schema."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one node."""

    folder: Path
    """Where the files are."""
    address: Address | None = None
    """Of the database that has the schemas instead."""

    def prepare(self) -> None:
        """Make what must be there before a store is opened.

        Raises:
            ConfigInvalid, Unavailable: the database is not fit, or not there.
        """
        if self.address is not None:
            driver().prepare(self.address, NAMES)

    def open(self, name: str, *, readonly: bool = False) -> Engine:
        """Open a store; a file is made by its writer where it is missing."""
        if self.address is None:
            return open_engine(self.folder / f"{name}.db", readonly=readonly)
        opened: Engine = driver().open_schema(self.address, name, readonly=readonly)
        return opened

    def has(self, name: str) -> bool:
        """Tell whether a store is there; nothing is made.

        Raises:
            ConfigInvalid, Unavailable: as `prepare`.
        """
        if self.address is None:
            return (self.folder / f"{name}.db").exists()
        found: bool = driver().find_schema(self.address, name)
        return found

    def open_unchanged(self, name: str) -> Engine | None:
        """Open a store that is there for reading, making nothing; None: it is not there.

        Raises:
            ConfigInvalid, Unavailable: as `prepare`.
        """
        if not self.has(name):
            return None
        if self.address is None:
            return open_unchanged(self.folder / f"{name}.db")
        return self.open(name, readonly=True)


def driver() -> ModuleType:
    """Import `postgresql`, whose driver only nodes that keep their tables there have.

    Raises:
        ConfigInvalid: it is not installed.
    """
    try:
        from . import postgresql
    except ImportError as error:
        raise ConfigInvalid(
            "[storage] url：没有安装 PostgreSQL 的驱动，请执行 "
            f"pip install 'shareledger[postgresql]' / {error}"
        ) from error
    return postgresql
