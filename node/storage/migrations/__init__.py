"""Revisions of a node's stores, applied when one is opened, by whichever process comes first.

A folder for each store that is not made again from other things: `office` in `versions`, `log` and
`node` in folders of their own. A store that is new gets its tables as they are declared now, and
the mark of the newest revision; a test holds the revisions to the same tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    Column,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from ...errors import ConfigInvalid
from ..engines import READING

if TYPE_CHECKING:
    from collections.abc import Collection

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

HEADS: Final = {"office": "0006", "node": "0002", "log": "0003"}
"""The newest revision of each store; a test holds it to that."""
FOLDERS: Final = {"office": "versions", "node": "versions_node", "log": "versions_log"}
mark = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32)),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Which revision a store is at; Alembic's own."""


def upgrade(engine: Engine, store: str, declared: Collection[Table]) -> None:
    """Bring a store to its newest revision, in one transaction.

    One that has none of its tables gets them as they are `declared`; else Alembic runs what is
    missing, all of it where the store is from before it had revisions. It is imported only then:
    that takes a fifth of a second.

    Raises:
        ConfigInvalid: a later version of this program has written it.
    """
    head = HEADS[store]
    with engine.execution_options(**READING).connect() as connection:
        if _is_at(connection, head):  # nearly always: nobody is held up
            return
    with engine.begin() as connection:  # others wait here, and find it done
        if _is_at(connection, head):
            return
        there = set(inspect(connection).get_table_names())
        if there.isdisjoint(each.name for each in declared):
            for table in declared:
                table.create(connection)
            mark.create(connection)
            connection.execute(insert(mark).values(version_num=head))
            return
        from alembic import command

        command.upgrade(configuration(connection, store), head)


def require_newest(connection: Connection, store: str) -> None:
    """Read no store of another revision as if it were damaged: nothing is changed here.

    Raises:
        ConfigInvalid: an earlier or later version of this program has written it.
    """
    if not _is_at(connection, HEADS[store]):
        raise ConfigInvalid(
            "数据库是较早的版本写的：请复制一份（连同 -wal），用本程序在副本上启动节点一次，"
            f"使其升到修订 {HEADS[store]}，再行核对；或用写它的那个版本核对"
            " / written by an earlier version of this program: start a node of this version on a"
            " copy, which brings the copy up, or use the version that wrote it",
            revision=HEADS[store],
        )


def configuration(connection: Connection, store: str) -> Config:
    """Return Alembic's configuration for a connection whose transaction is the caller's."""
    from alembic.config import Config

    here = Path(__file__).parent
    config = Config()
    config.set_main_option("script_location", str(here))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(here / FOLDERS[store]))
    config.attributes["connection"] = connection
    return config


def _is_at(connection: Connection, head: str) -> bool:
    """Tell whether nothing is to be done."""
    if not inspect(connection).has_table(mark.name):
        return False
    found: str | None = connection.scalar(select(mark.c.version_num))
    if found is not None and found > head:
        raise ConfigInvalid(
            f"数据库是更新的版本写的（修订 {found}，本程序到 {head}）：请用新版程序"
            " / written by a later version of this program",
            revision=found,
        )
    return found == head
