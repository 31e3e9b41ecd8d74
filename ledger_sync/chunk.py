"""Headers and events of a range of blocks, complete and linked, as one endpoint tells them.

Completeness without trust in `eth_getLogs` (chain.md section 8): what a header's bloom names must
have come, or the block's receipts, proven against the header's receipts root, show why not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from node.chain.events import decode
from node.errors import ChainInconsistent, MalformedEvent, MalformedEvidence
from node.protocol.blocks import bloom_bits, encode_receipt, parse_receipt, receipts_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.chain.gateway import BlockHeader, RawLog
    from node.protocol.abi import ChainEvent
    from node.protocol.facts import BlockRef

    from .identity import Identity

BLOOM_SAYS_LITTLE = 1024
"""Set bits of 2048 above which a bloom names most addresses by chance."""


class ChainSource(Protocol):
    """What the follower needs of a chain endpoint; `node.chain.gateway.Gateway` is one.

    Every method raises ChainUnavailable when the endpoint does not answer.
    """

    def head(self) -> int:
        """Return the number of the newest block."""
        ...

    def headers(self, first: int, last: int) -> list[BlockHeader]:
        """Return the headers first..last, in order."""
        ...

    def logs(self, first: int, last: int, addresses: list[bytes]) -> list[RawLog]:
        """Return the logs of these contracts in blocks first..last."""
        ...

    def block_receipts(self, number: int) -> list[dict[str, Any]]:
        """Return all receipts of a block as JSON-RPC gives them."""
        ...


@dataclass(frozen=True)
class Chunk:
    """A range of blocks, ready to be applied."""

    headers: Sequence[BlockHeader]
    events: Sequence[ChainEvent]
    """In the order of the chain."""


def fetch(source: ChainSource, identity: Identity, first: int, last: int) -> Chunk:
    """Fetch blocks first..last.

    Raises:
        ChainUnavailable: the endpoint does not answer; ask again, or for less.
        ChainInconsistent: logs do not belong to the headers, or some are withheld.
    """
    headers = source.headers(first, last)
    if [header.number for header in headers] != list(range(first, last + 1)):
        raise ChainInconsistent("headers are missing or out of order", first=first, last=last)
    addresses = sorted(identity.names)
    logs = _by_block(source.logs(first, last, addresses), headers)
    for header in headers:
        if _withheld(header, logs[header.number], addresses):
            again = source.logs(header.number, header.number, addresses)
            logs[header.number] = _by_block(again, [header])[header.number]
            if suspects := _withheld(header, logs[header.number], addresses):
                _settle(source, header, suspects)
    flat = [log for header in headers for log in logs[header.number]]
    timestamps = {header.number: header.timestamp for header in headers}
    try:
        return Chunk(headers, decode(flat, identity.names, timestamps))
    except MalformedEvent as err:
        raise ChainInconsistent(f"a log of our contracts is no event of theirs: {err}") from err


def check_links(headers: Sequence[BlockHeader], last: BlockRef | None) -> None:
    """Check that each header names the one before it; the first names the cursor's block.

    Raises:
        ChainInconsistent: a final chain has changed.
    """
    parent = last.hash if last else headers[0].parent_hash
    for header in headers:
        if header.parent_hash != parent:
            raise ChainInconsistent(
                f"block {header.number} does not follow the block applied before it",
                block=header.number,
                expected=parent.hex(),
                found=header.parent_hash.hex(),
            )
        parent = header.hash


def _by_block(logs: Iterable[RawLog], headers: Sequence[BlockHeader]) -> dict[int, list[RawLog]]:
    hashes = {header.number: header.hash for header in headers}
    grouped: dict[int, list[RawLog]] = {number: [] for number in hashes}
    for log in logs:
        if hashes.get(log.block_number) != log.block_hash:
            raise ChainInconsistent(
                f"a log of block {log.block_number} is not of the block with its header",
                block=log.block_number,
            )
        grouped[log.block_number].append(log)
    for found in grouped.values():
        found.sort(key=lambda log: log.log_index)
    return grouped


def _withheld(header: BlockHeader, logs: list[RawLog], addresses: list[bytes]) -> list[bytes]:
    """List the contracts that the bloom names and no log came from."""
    bloom = int(header.raw["logsBloom"], 16)
    came = {log.address for log in logs}
    named = {address for address in addresses if _names(bloom, address)}
    if not came <= named:
        raise ChainInconsistent(
            f"a log of block {header.number} is not in its bloom", block=header.number
        )
    if came and bloom.bit_count() > BLOOM_SAYS_LITTLE:
        return []  # by chance it names them all; the contracts' own seq tells of a gap
    return sorted(named - came)


def _names(bloom: int, address: bytes) -> bool:
    bits = _bits(address)
    return bloom & bits == bits


_bits = lru_cache(maxsize=64)(bloom_bits)


def _settle(source: ChainSource, header: BlockHeader, suspects: list[bytes]) -> None:
    """Tell a bloom's chance hit from a withheld log by the block's receipts, proven complete."""
    try:
        receipts = [encode_receipt(receipt) for receipt in source.block_receipts(header.number)]
    except MalformedEvidence as err:
        raise ChainInconsistent(f"a receipt of block {header.number} is none: {err}") from err
    if receipts_root(receipts) != bytes.fromhex(header.raw["receiptsRoot"][2:]):
        raise ChainInconsistent(
            f"the receipts of block {header.number} are not those of its header",
            block=header.number,
        )
    found = {log.address for receipt in receipts for log in parse_receipt(receipt)}
    if withheld := found.intersection(suspects):
        raise ChainInconsistent(
            f"block {header.number} holds logs that eth_getLogs does not give",
            block=header.number,
            contract=min(withheld).hex(),
        )
