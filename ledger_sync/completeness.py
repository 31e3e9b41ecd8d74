"""Logs an endpoint may have left out, found by blooms and settled by receipts.

A gap in the middle shows in the contracts' own `seq`. What `seq` cannot show is the end: a block of
which nothing came though its bloom names a contract of ours, and the last block of each contract,
of which less may have come than there is. Then the block's receipts decide, proven by the header's
receipts root: an index that lags behind its blocks is a fault that passes, and no lie goes through.
A bloom's chance hit costs that one request and nothing else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from node.chain.gateway import RawLog
from node.errors import ChainUnavailable, MalformedEvidence
from node.protocol.evm.blocks import (
    bloom_bits,
    encode_receipt,
    parse_receipt,
    receipts_root,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from node.chain.gateway import BlockHeader

BLOOM_SAYS_LITTLE = 1024
"""Set bits of 2048 above which a bloom names most addresses by chance."""


def find_suspects(
    headers: Sequence[BlockHeader],
    logs: Mapping[int, Sequence[RawLog]],
    addresses: Sequence[bytes],
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
            topics=list(log.topics),
            data=log.data,
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
