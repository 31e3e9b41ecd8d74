"""Headers and events of a range of blocks, complete and linked, as one endpoint tells them.

`eth_getLogs` may leave logs out without a word (chain.md section 8); blooms tell of it and receipts
settle it. A gap in the middle shows in the contracts' own `seq`. What `seq` cannot show is the end:
a block of which nothing came though its bloom names a contract of ours, and the last block of each
contract, of which less may have come than there is. Then the block's receipts decide, proven by the
header's receipts root: an index that lags behind its blocks is a fault that passes, and no lie goes
through. A bloom's chance hit costs that one request and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from node.chain.answers import decode
from node.chain.gateway import RawLog
from node.errors import (
    ChainInconsistent,
    ChainUnavailable,
    MalformedEvent,
    MalformedEvidence,
)
from node.protocol.evm.abicodec import WORD
from node.protocol.evm.blocks import (
    bloom_bits,
    encode_receipt,
    parse_receipt,
    receipts_root,
)

from .anchored import ANCHORED, ANCHORS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from node.chain.gateway import BlockHeader
    from node.protocol.evm.abi import ChainEvent
    from node.protocol.evm.blocks import BlockRef

    from .model import Identity


class ChainSource(Protocol):
    """What the follower needs of a chain endpoint; `node.chain.gateway.Gateway` is one.

    Every method raises ChainUnavailable when the endpoint does not answer.
    """

    def head(self) -> int: ...

    def headers(self, first: int, last: int) -> list[BlockHeader]: ...

    def logs(self, first: int, last: int, addresses: list[bytes]) -> list[RawLog]: ...

    def block_receipts(self, number: int) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Chunk:
    """A range of blocks, ready to be applied."""

    headers: Sequence[BlockHeader]
    logs: Sequence[RawLog]
    """Of our contracts, in the order of the chain."""
    names: Mapping[bytes, str]
    """Our contracts, by address."""

    @cached_property
    def _timestamps(self) -> dict[int, int]:
        return {header.number: header.timestamp for header in self.headers}

    def runs(self) -> Iterator[tuple[bool, list[RawLog]]]:
        """Yield the logs in runs: of anchors (True), of others (False), in turns."""
        # A deployment without this contract has no anchors.
        anchors = next((address for address, name in self.names.items() if name == ANCHORS), None)
        named = ANCHORED.topic, ANCHORED.topic_count

        def is_anchor(log: RawLog) -> bool:
            return (log.words[:WORD], log.topic_count) == named and log.address == anchors

        return ((are, list(logs)) for are, logs in groupby(self.logs, is_anchor))

    def events(self, logs: Iterable[RawLog]) -> Iterator[ChainEvent]:
        """Yield logs of this chunk decoded, each when it is wanted: few are in memory at a time.

        Raises:
            ChainInconsistent: a log is no event of ours.
        """
        try:
            for log in logs:
                yield decode(log, self.names, self._timestamps)
        except MalformedEvent as err:
            raise ChainInconsistent(f"a log of our contracts is no event of theirs: {err}") from err


def fetch(
    source: ChainSource, identity: Identity, first: int, last: int, *, proven: bool = False
) -> Chunk:
    """Fetch blocks first..last; `proven` takes every log from receipts, none from an index.

    Raises:
        ChainUnavailable: the endpoint does not answer, or not with all; ask again, or for less.
        ChainInconsistent: it knows another block at a height.
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
    return Chunk(headers, flat, identity.names)


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


BLOOM_SAYS_LITTLE = 1024
"""Set bits of 2048 above which a bloom names most addresses by chance."""


def find_suspects(
    headers: Sequence[BlockHeader], logs: Mapping[int, Sequence[RawLog]], addresses: Sequence[bytes]
) -> list[BlockHeader]:
    """List the blocks of which something of ours may be missing or made up; `logs` by block."""
    last = {log.address: log.block_number for header in headers for log in logs[header.number]}
    ends = set(last.values())
    return [
        header
        for header in headers
        if _differs(header, logs[header.number], addresses)
        or (header.number in ends and _lacks_topic(header, logs[header.number]))
    ]


def concerned(headers: Iterable[BlockHeader], addresses: Iterable[bytes]) -> list[BlockHeader]:
    """List the blocks whose bloom names a contract of ours."""
    bits = [_bits(address) for address in addresses]
    return [header for header in headers if any(not bit & ~_bloom(header) for bit in bits)]


def proven_logs(
    header: BlockHeader, raw_receipts: Sequence[dict[str, Any]], addresses: Collection[bytes]
) -> list[RawLog]:
    """Return the logs of these contracts in a block, as the receipts of its header have them.

    Raises:
        ChainUnavailable: these are not the header's receipts. They prove nothing, neither that the
            chain has changed; whoever answers so is asked again.
    """
    number = header.number
    try:
        receipts = [encode_receipt(receipt) for receipt in raw_receipts]
        hashes = [bytes.fromhex(receipt["transactionHash"][2:]) for receipt in raw_receipts]
    except (MalformedEvidence, KeyError, TypeError, ValueError) as err:
        raise ChainUnavailable(f"a receipt of block {number} is none: {err}") from err
    if receipts_root(receipts) != bytes.fromhex(header.raw["receiptsRoot"][2:]):
        raise ChainUnavailable(f"the receipts of block {number} are not those of its header")
    emitted = (
        (tx_index, log) for tx_index, each in enumerate(receipts) for log in parse_receipt(each)
    )
    return [
        RawLog(
            address=log.address,
            words=b"".join((*log.topics, log.data)),
            topic_count=len(log.topics),
            block_number=number,
            block_hash=header.hash,
            tx_hash=hashes[tx_index],
            tx_index=tx_index,
            log_index=log_index,
        )
        for log_index, (tx_index, log) in enumerate(emitted)
        if log.address in addresses
    ]


def _differs(header: BlockHeader, logs: Sequence[RawLog], addresses: Sequence[bytes]) -> bool:
    """Tell whether the bloom names other contracts of ours than those of which logs came."""
    bloom = _bloom(header)
    came = {log.address for log in logs}
    named = {address for address in addresses if not _bits(address) & ~bloom}
    if came and came <= named and bloom.bit_count() > BLOOM_SAYS_LITTLE:
        return False  # by chance it names them all
    return named != came


def _lacks_topic(header: BlockHeader, logs: Iterable[RawLog]) -> bool:
    """Tell whether the bloom has a bit that the logs that came do not explain."""
    explained = 0
    for log in logs:
        explained |= _bits(log.address)
        for topic in log.topics:
            explained |= bloom_bits(topic)
    return bool(_bloom(header) & ~explained)


def _bloom(header: BlockHeader) -> int:
    return int(header.raw["logsBloom"], 16)


_bits = lru_cache(maxsize=64)(bloom_bits)
