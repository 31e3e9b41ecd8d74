"""The checkpoints a node has shown to others, at most one a second (design.md section 9).

They are kept in another database than the log (`node.db`): a log restored from an old copy must
meet a memory that was not restored with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, LargeBinary, MetaData, Table, func, select

from node.errors import LogRolledBack
from node.storage.engines import READING

from ..storage.dialects import Whole, insert

if TYPE_CHECKING:
    from sqlalchemy import Engine

metadata = MetaData()

published = Table(
    "published",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("size", Whole, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
    Column("at", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""One row a published checkpoint; a size once published keeps its root for ever."""


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as it was published."""

    size: int
    root: bytes
    checkpoint: bytes
    at: int
    """Milliseconds since 1970."""


def mark_published(  # noqa: PLR0917 - a row in the order of its columns
    engine: Engine, log: bytes, size: int, root: bytes, checkpoint: bytes, at: int
) -> None:
    """Remember a checkpoint before it is shown; the same (size, root) again changes nothing.

    Raises:
        LogRolledBack: a larger size, or this size with another root, was published before.
    """
    with engine.begin() as connection:
        largest = connection.scalar(
            select(func.max(published.c.size)).where(published.c.log == log)
        )
        if largest is not None and largest > size:
            raise LogRolledBack(
                f"size {size} is to be published after size {largest}", log=log.hex(), size=size
            )
        row = {"log": log, "size": size, "root": root, "checkpoint": checkpoint, "at": at}
        connection.execute(insert(published).values(row).on_conflict_do_nothing())
        kept = connection.scalar(
            select(published.c.root).where(published.c.log == log, published.c.size == size)
        )
    if kept != root:
        raise LogRolledBack(
            f"size {size} was published with another root", log=log.hex(), size=size
        )


def last_published(engine: Engine, log: bytes) -> Published | None:
    """Return the largest published checkpoint of a log, or None before the first."""
    found = list_published(engine, log, newest_first=True, limit=1)
    return found[0] if found else None


def list_published(
    engine: Engine, log: bytes, *, from_size: int = 0, newest_first: bool = False, limit: int = 1000
) -> list[Published]:
    """List the published checkpoints of at least `from_size` leaves, by size."""
    size = published.c.size
    query = (
        select(size, published.c.root, published.c.checkpoint, published.c.at)
        .where(published.c.log == log, size >= from_size)
        .order_by(size.desc() if newest_first else size)
        .limit(limit)
    )
    with engine.execution_options(**READING).connect() as connection:
        return [Published(*row) for row in connection.execute(query)]
