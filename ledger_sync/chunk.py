"""Headers and events of a range of blocks, complete and linked, as one endpoint tells them.

`eth_getLogs` may leave logs out without a word (chain.md section 8): what came is held against the
headers, see `completeness`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from node.chain.events import decode
from node.errors import ChainInconsistent, ChainUnavailable, MalformedEvent

from .completeness import concerned, find_suspects, proven_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.chain.gateway import BlockHeader, RawLog
    from node.protocol.evm.abi import ChainEvent
    from node.protocol.evm.blocks import BlockRef

    from .identity import Identity


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


def fetch(
    source: ChainSource, identity: Identity, first: int, last: int, *, proven: bool = False
) -> Chunk:
    """Fetch blocks first..last; `proven` takes every log from receipts, none from an index.

    Raises:
        ChainUnavailable: the endpoint does not answer, or not with all; ask again, or for less.
        ChainInconsistent: it knows another block at a height, or a log is no event of ours.
    """
    headers = source.headers(first, last)
    if [header.number for header in headers] != list(range(first, last + 1)):
        raise ChainUnavailable(f"headers of blocks {first} to {last} are missing or out of order")
    addresses = sorted(identity.names)
    logs = _by_block([] if proven else source.logs(first, last, addresses), headers)
    doubted = concerned(headers, addresses) if proven else find_suspects(headers, logs, addresses)
    for header in doubted:
        receipts = source.block_receipts(header.number)
        logs[header.number] = proven_logs(header, receipts, addresses)
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
        if log.block_number not in hashes:
            raise ChainUnavailable(f"a log of block {log.block_number} was not asked for")
        if hashes[log.block_number] != log.block_hash:
            raise ChainInconsistent(
                f"a log of block {log.block_number} is not of the block with its header",
                block=log.block_number,
            )
        grouped[log.block_number].append(log)
    for found in grouped.values():
        found.sort(key=lambda log: log.log_index)
    return grouped
