"""The embedded chain's blocks on disk, and their replay, which must give the same hashes.

One SQLite file, one writer (held by `flock`). A block's row is committed before anyone is told
of it, so after kill -9 at any point the rows are exactly the blocks that were ever visible.

A block's hash covers its parent, time, transactions and their effects, so a row edited by hand
anywhere is found by replaying. Not found is a tail cut off: nothing in the rest knows of it (a
follower whose cursor is above the head alarms).
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert, select

from ...errors import (
    ChainTampered,
    ConfigInvalid,
    MalformedEvidence,
    TransactionRefused,
    WrongChain,
)
from ...protocol.evm import rlp
from ...storage.engines import open_engine, private_folder
from ..transactions import parse_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .admission import Doors
    from .anvil import Anvil


_metadata = MetaData()
_identity = Table(
    "identity",
    _metadata,
    Column("chain_id", Integer, primary_key=True, autoincrement=False),
    Column("genesis_hash", LargeBinary(32), nullable=False),
)
_block = Table(
    "block",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("timestamp", Integer, nullable=False),
    Column("parent_hash", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("transactions", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """One sealed block."""

    number: int
    timestamp: int
    parent_hash: bytes
    hash: bytes
    transactions: Sequence[bytes]
    """Raw transactions in the block's order."""


class BlockStore:
    """The blocks of one embedded chain."""

    def __init__(self, folder: Path) -> None:
        """Open or create the store in `folder`.

        Raises:
            ConfigInvalid: another process seals this chain.
        """
        private_folder(folder)
        self._lock = os.open(folder / "chain.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise ConfigInvalid(f"another process seals the chain in {folder}") from error
        self._engine = open_engine(folder / "chain.db")
        _metadata.create_all(self._engine)

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._engine.dispose()
        os.close(self._lock)

    def claim(self, chain_id: int, genesis_hash: bytes) -> None:
        """Bind an empty store to a chain, or check that it is bound to this one.

        Raises:
            WrongChain: the store belongs to another chain id.
            ChainTampered: same chain id, another genesis block.
        """
        with self._engine.begin() as connection:
            row = connection.execute(select(_identity)).one_or_none()
            if row is None:
                values = {"chain_id": chain_id, "genesis_hash": genesis_hash}
                connection.execute(insert(_identity).values(values))
                return
        if row.chain_id != chain_id:
            raise WrongChain(f"the stored chain is {row.chain_id}, the configured one {chain_id}")
        if row.genesis_hash != genesis_hash:
            raise ChainTampered("the stored genesis hash is not the one of this chain id")

    def append(self, block: StoredBlock) -> None:
        """Commit one block; when this returns it survives kill -9 and power loss."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(_block).values(
                    number=block.number,
                    timestamp=block.timestamp,
                    parent_hash=block.parent_hash,
                    hash=block.hash,
                    transactions=rlp.encode(list(block.transactions)),
                )
            )

    def blocks(self) -> Iterator[StoredBlock]:
        """Read all blocks in order.

        Raises:
            ChainTampered: a row's transactions are not what `append` wrote.
        """
        last = 0
        while rows := self._page(last):
            yield from rows
            last = rows[-1].number

    def _page(self, after: int, size: int = 256) -> list[StoredBlock]:
        query = select(_block).where(_block.c.number > after).order_by(_block.c.number).limit(size)
        with self._engine.connect() as connection:
            return [
                StoredBlock(
                    row.number, row.timestamp, row.parent_hash, row.hash, _parse(row.transactions)
                )
                for row in connection.execute(query)
            ]


def _parse(encoded: bytes) -> list[bytes]:
    try:
        items = rlp.decode(encoded)
    except MalformedEvidence as error:
        raise ChainTampered(f"a stored block's transactions cannot be read: {error}") from error
    raws = [item for item in items if isinstance(item, bytes)] if isinstance(items, list) else []
    if not isinstance(items, list) or len(raws) != len(items):
        raise ChainTampered("a stored block's transactions are not a list of transactions")
    return raws


@dataclass(frozen=True, slots=True)
class Head:
    """The last sealed block."""

    number: int
    timestamp: int
    hash: bytes


def stored_block(block: dict[str, Any], raws: list[bytes]) -> StoredBlock:
    """Make the row of a block anvil answered with."""
    return StoredBlock(
        number=int(block["number"], 16),
        timestamp=int(block["timestamp"], 16),
        parent_hash=bytes.fromhex(block["parentHash"][2:]),
        hash=bytes.fromhex(block["hash"][2:]),
        transactions=raws,
    )


def replay(store: BlockStore, anvil: Anvil, chain_id: int, doors: Doors) -> Head:
    """Bring a fresh anvil to the stored head, one transaction at a time, comparing every hash.

    The doors learn from every block, as they did when it was sealed.

    Raises:
        ChainTampered: the rows do not replay to themselves.
        WrongChain: they belong to another chain id.
        ChainUnavailable: anvil does not answer.
    """
    genesis = stored_block(anvil.result("eth_getBlockByNumber", "0x0", False), [])  # noqa: FBT003 - JSON
    store.claim(chain_id, genesis.hash)
    head = Head(0, genesis.timestamp, genesis.hash)
    for block in store.blocks():
        try:
            for raw in block.transactions:
                anvil.send(raw)
            replayed = stored_block(anvil.mine(block.timestamp), list(block.transactions))
        except TransactionRefused as refusal:
            raise ChainTampered(
                f"stored block {block.number} does not replay: {refusal}"
            ) from refusal
        if replayed != block:
            raise ChainTampered(f"stored block {block.number} does not replay to its stored hash")
        doors.learn(
            [parse_transaction(raw) for raw in block.transactions],
            partial(anvil.receipts, block.number),
        )
        head = Head(block.number, block.timestamp, block.hash)
    return head
