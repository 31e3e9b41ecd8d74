"""A log and its archive: filled once, copied for whoever changes it; and a process that archives.

`python -m tests.common.archives FOLDER [PORT]` archives such a copy and says each step, until it is
killed: into its folder `tiles`, or into the bucket of the S3 server at that port.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from node.log import (
    Archivist,
    Committer,
    LogReader,
    Place,
    TileStore,
    find_archived,
    mark_published,
)
from node.log.archiving import metadata as archived_tables
from node.log.fartiles import prefix_of
from node.log.published import metadata as published_tables
from node.storage.engines import open_engine
from tests.common import pgstores
from tests.common.logs import NOON, Clock, commit_all, forget_resends, new_draft, new_identity
from tests.common.objectstore import ObjectStore

if TYPE_CHECKING:
    from sqlalchemy import Table

    from node.log.archiving import Archived

SIZE, LOCAL = 1_500, 600
FULL, MOVED = 1_280, 512
"""Leaves of the full tiles, and of those that leave when so many stay of the full ones."""
IDENTITY = new_identity()
LOG = IDENTITY.log


def fill(folder: Path, size: int = SIZE) -> None:
    """Write a log whose calls are all too old to be answered again, published at its size."""
    committer = Committer(open_engine(folder / "log.db"), [IDENTITY], clock=Clock())
    for start in range(0, size, 500):
        commit_all(committer, [new_draft(IDENTITY, n) for n in range(start, start + 500)])
    committer.close()
    engine, memory = open_engine(folder / "log.db"), open_engine(folder / "node.db")
    for tables in (archived_tables, published_tables):
        tables.create_all(memory)
    head = LogReader(engine).head(LOG)
    mark_published(memory, LOG, head.size, head.root, head.checkpoint, NOON)
    forget_resends(engine)
    for each in (engine, memory):
        each.dispose()
    (folder / "tiles").mkdir()


@dataclass
class Kept:
    """A copy of it that may be changed."""

    folder: Path
    place: Place | None = None
    anchored: int = SIZE

    def __post_init__(self) -> None:
        self.engine = open_engine(self.folder / "log.db")
        self.readonly = open_engine(self.folder / "log.db", readonly=True)
        self.memory = open_engine(self.folder / "node.db")
        self.store = TileStore(self.place or Place(f"file://{self.folder}/tiles"))
        self.reader = self.new_reader()

    @classmethod
    def copied(cls, filled: Path, folder: Path, place: Place | None = None) -> Kept:
        if pgstores.ON_SERVER:  # where files stand for schemas, which are not copied with them
            folder.mkdir()
            fill(folder)
        else:
            shutil.copytree(filled, folder)
        return cls(folder, place)

    def close(self) -> None:
        for engine in (self.engine, self.readonly, self.memory):
            engine.dispose()

    def new_reader(self, store: TileStore | None = None) -> LogReader:
        """Return one that has read nothing yet, as after a restart."""
        return LogReader(self.readonly, published=self.memory, store=store or self.store)

    def archivist(self, local: int | None = None, store: TileStore | None = None) -> Archivist:
        store = store or self.store
        return Archivist(
            self.engine,
            self.memory,
            self.new_reader(store),
            store,
            anchored=lambda log: self.anchored if log == LOG else 0,
            local_entries=local,
        )

    def archive(self, local: int | None = None) -> None:
        archivist = self.archivist(local)
        while archivist.run_once() < 1:
            assert archivist.status.failures == 0, archivist.status
        assert archivist.status.failures == 0, archivist.status

    def path(self, place: str) -> Path:
        return self.folder / "tiles" / prefix_of(IDENTITY.origin) / place

    @property
    def progress(self) -> Archived | None:
        return find_archived(self.memory, self.store.url).get(LOG)

    def rows(self, table: Table, *where: Any) -> int:
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(table).where(*where)
            return connection.scalar(query) or 0


def main(folder: str, port: str | None = None) -> None:
    place = None if port is None else ObjectStore(int(port)).place("node")
    kept = Kept(Path(folder), place)
    archivist = kept.archivist(LOCAL)
    while True:
        pause = archivist.run_once()
        os.write(1, f"{archivist.status.error} {pause}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
