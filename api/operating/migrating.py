"""A node's tables from the files in its folder into its PostgreSQL database, once, while it stands.

What follows from other things is left behind and made again: the read model from the chain, the
catalogue's index from the documents, the tallies from the logs. All the rest is copied row by row;
each store is one transaction there, and the logs, without which nothing is served, are the last.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, inspect, select, text

from node.chain.outbox_rows import outbox
from node.errors import AlreadyExists, ConfigInvalid, LogTampered
from node.log import LogReader
from node.log.ranges import make_room
from node.log.tables import head
from node.storage.migrations import upgrade
from node.storage.stores import Stores

from .kept import KEPT, tables_of
from .reasons import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine, Table

    from ..settings import Settings

BATCH_ROWS = 1_000
GO_ON = text("SELECT setval(pg_get_serial_sequence('outbox', 'id'), max(id)) FROM outbox")
"""The next row's number comes after those that were copied."""


def migrate(settings: Settings, tell: Callable[[str, int], None]) -> None:
    """Copy a node's stores; `tell` is told each one's name and its rows once they are there.

    Raises:
        ConfigInvalid: the settings name no database, it is not fit, there is nothing to copy, or
            the node runs.
        AlreadyExists: the database has a node's logs already.
        LogTampered: a head there is not the one it was copied from.
    """
    here, there = Stores(settings.data_dir), settings.stores
    if there.address is None:
        raise ConfigInvalid("请先在配置里写明 [storage] url / the settings name no database")
    if not here.has("log"):
        raise ConfigInvalid(
            f"data_dir = {settings.data_dir}：没有 log.db，没有可迁移的 / there is nothing to copy"
        )
    there.prepare()
    # Who has the port is the node; while it is ours, it cannot be started.
    with listen(settings.host, settings.port):
        with _open(there, "log") as engine:
            if inspect(engine).has_table("head") and LogReader(engine).logs():
                raise AlreadyExists("数据库里已有一个节点的日志，不能覆盖 / there are logs already")
        for name in KEPT:
            if here.has(name):
                with _open(here, name) as source, _open(there, name) as target:
                    tell(name, _copy(name, source, target))
        with _open(here, "log") as source, _open(there, "log") as target:
            _compare_heads(LogReader(source), LogReader(target))


@contextmanager
def _open(stores: Stores, name: str) -> Iterator[Engine]:
    engine = stores.open(name)
    try:
        yield engine
    finally:
        engine.dispose()


def _copy(name: str, source: Engine, target: Engine) -> int:
    """Copy a store whole, both at the newest revision; return how many rows there were."""
    tables = tables_of(name)
    for engine in (source, target):
        upgrade(engine, name, tables)
    # Both are held as a writer holds them: nobody changes what is being copied.
    with source.begin() as reading, target.begin() as writing:
        if name == "log":
            for number, size in reading.execute(select(head.c.number, head.c.size)).all():
                make_room(writing, number, size)
        return sum(_copy_table(reading, writing, table) for table in tables)


def _copy_table(reading: Connection, writing: Connection, table: Table) -> int:
    writing.execute(delete(table))  # a copy before this one, of a node that ran on in its files
    rows = reading.execute(select(table).order_by(*table.primary_key)).mappings()
    for batch in rows.partitions(BATCH_ROWS):
        writing.execute(insert(table), [dict(row) for row in batch])
    if table is outbox:
        writing.execute(GO_ON)
    return writing.scalar(select(func.count()).select_from(table)) or 0


def _compare_heads(mine: LogReader, theirs: LogReader) -> None:
    for identity, origin in mine.logs():
        if mine.head(identity) != theirs.head(identity):
            raise LogTampered(
                f"{origin} 的日志头与原来的不同，请清空该数据库后重迁 / the head is another there",
                what="head",
            )
