"""The read model's own two rows: how far it has come, and what was last seen of the chain.

The cursor moves only in the COMMIT that writes what it has passed. `contact` is the follower's word
to every process that serves from this model: they share no memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, inspect, select, update

from node.errors import LedgerBehind, WrongChain
from node.protocol.evm.blocks import BlockRef

from .facts import Contact, Cursor
from .tables import (
    CONTACT,
    CURSOR,
    METADATA,
    PROJECTIONS,
    SCHEMA_VERSION,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, RowMapping

    from .identity import Identity

ONE = 1
"""Primary key of either row."""


def prepare(engine: Engine, identity: Identity) -> None:
    """Create the tables, anew when they are of another schema, and the cursor if there is none.

    Raises:
        WrongChain: the model was filled from another chain or other contracts.
    """
    with engine.begin() as connection:
        if _is_outdated(connection):
            METADATA.drop_all(connection)
        METADATA.create_all(connection)
        row = connection.execute(select(CURSOR)).mappings().one_or_none()
        if row is None:
            _start(connection, identity)
            return
        found = (row["chain_id"], row["genesis_hash"], row["registry_address"])
        if found != (identity.chain_id, identity.genesis_hash, identity.registry):
            raise WrongChain("the read model was filled from another chain", found=found[0])


def empty(connection: Connection, identity: Identity) -> None:
    """Delete every projected row and move the cursor to the start, in the caller's transaction."""
    for table in PROJECTIONS:
        connection.execute(delete(table))
    connection.execute(delete(CURSOR))
    _start(connection, identity)


def read_cursor(connection: Connection) -> Cursor:
    """Return the cursor.

    Raises:
        LedgerBehind: no follower has ever started on this model.
    """
    row = connection.execute(select(CURSOR)).mappings().one_or_none()
    if row is None:
        raise LedgerBehind("the read model has never been filled")
    return _cursor(row)


def move_cursor(connection: Connection, block: BlockRef, *, filling: bool) -> None:
    """Pass `block`; the caller's transaction holds all that it brought."""
    connection.execute(
        update(CURSOR).values(
            next_block=block.number + 1, hash=block.hash, timestamp=block.timestamp, filling=filling
        )
    )


def stop_filling(connection: Connection) -> None:
    """Open the model to readers: the cursor has reached a head."""
    connection.execute(update(CURSOR).values(filling=False))


def find_contact(connection: Connection) -> Contact | None:
    """Return what was last seen of the chain; None when nothing ever was."""
    row = connection.execute(select(CONTACT)).mappings().one_or_none()
    if row is None:
        return None
    return Contact(row["seen_head"], row["contact_at"], row["behind_since"])


def write_contact(connection: Connection, contact: Contact) -> None:
    """Tell every reader what was last seen of the chain."""
    values = {
        "seen_head": contact.seen_head,
        "contact_at": contact.contact_at_ms,
        "behind_since": contact.behind_since_ms,
    }
    if connection.execute(update(CONTACT).values(values)).rowcount == 0:
        connection.execute(insert(CONTACT).values(id=ONE, **values))


def _is_outdated(connection: Connection) -> bool:
    if not inspect(connection).has_table(CURSOR.name):
        return False
    version = connection.execute(select(CURSOR.c.schema_version)).scalar_one_or_none()
    return version != SCHEMA_VERSION


def _start(connection: Connection, identity: Identity) -> None:
    connection.execute(
        insert(CURSOR).values(
            id=ONE,
            schema_version=SCHEMA_VERSION,
            chain_id=identity.chain_id,
            genesis_hash=identity.genesis_hash,
            registry_address=identity.registry,
            next_block=identity.first_block,
            hash=None,
            timestamp=0,
            filling=True,
        )
    )


def _cursor(row: RowMapping) -> Cursor:
    block = None
    if row["hash"] is not None:
        block = BlockRef(row["next_block"] - 1, row["hash"], row["timestamp"])
    return Cursor(row["next_block"], block, row["filling"])
