"""The read model as a whole: which chain it is filled from, how far it has come.

The cursor moves only in the COMMIT that writes what it has passed. `contact` is the follower's word
to every process that serves from this model: they share no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, inspect, select, update

from node.crypto import Sm2PublicKey
from node.errors import LedgerBehind, WrongChain
from node.protocol.evm.blocks import BlockRef

from .tables import (
    CONTACT,
    CURSOR,
    METADATA,
    PROJECTIONS,
    SCHEMA_VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine, RowMapping

    from node.chain.deployment import Deployment


REGISTRY = "DepartmentRegistry"
PROJECTED = ("DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
"""Contracts whose events make the read model."""


@dataclass(frozen=True)
class Identity:
    """A deployment as the follower needs it."""

    chain_id: int
    genesis_hash: bytes
    root_key: Sm2PublicKey
    """Signs the first enrolment and nothing else."""
    addresses: Mapping[str, bytes]
    """Of the projected contracts, by name."""
    deployed: Mapping[str, tuple[bytes, bytes]]
    """Address and code hash of every contract deployed, by name."""
    first_block: int
    """The first block that can hold an event of ours."""

    @classmethod
    def of(cls, deployment: Deployment) -> Identity:
        contracts = {name: deployment.contracts[name] for name in PROJECTED}
        return cls(
            chain_id=deployment.chain_id,
            genesis_hash=deployment.genesis_hash,
            root_key=Sm2PublicKey.from_raw(deployment.root_key),
            addresses={name: contract.address for name, contract in contracts.items()},
            deployed={
                name: (contract.address, contract.code_hash)
                for name, contract in deployment.contracts.items()
            },
            first_block=min(contract.block for contract in contracts.values()),
        )

    @property
    def registry(self) -> bytes:
        """Address of the DepartmentRegistry: with chain id and genesis it names this system."""
        return self.addresses[REGISTRY]

    @property
    def names(self) -> dict[bytes, str]:
        return {address: name for name, address in self.addresses.items()}


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the read model has come."""

    next_block: int
    """First block not applied."""
    block: BlockRef | None
    """The last block applied; None before the first."""
    filling: bool
    """True until the head has been reached once since the model was last emptied."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What the follower last saw of the chain; times are milliseconds of the wall clock."""

    seen_head: int
    contact_at_ms: int
    behind_since_ms: int | None
    """When a head above the cursor was first seen; None when caught up."""


ONE = 1
"""Primary key of either row."""
_SELECT_CURSOR = select(CURSOR)


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
    row = connection.execute(_SELECT_CURSOR).mappings().one_or_none()
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
