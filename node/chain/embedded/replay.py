"""Replaying stored blocks: the same transactions at the same times give the same hashes.

A block's hash covers its parent, time, transactions and their effects, so a row edited by hand
anywhere is found here. Not found is a tail cut off: nothing in the rest knows of it (a follower
whose cursor is above the head alarms).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import ChainTampered, TransactionRefused
from ..transactions import parse_transaction
from .store import StoredBlock

if TYPE_CHECKING:
    from .admission import Doors
    from .anvil import Anvil
    from .store import BlockStore


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
