"""Logs an endpoint may have left out, found by blooms and settled by receipts.

A gap in the middle shows in the contracts' own `seq`. What `seq` cannot show is the end: a block of
which nothing came though its bloom names a contract of ours, and the last block of each contract,
of which less may have come than there is. A suspicion is settled by the block's receipts, proven by
the header's receipts root; a bloom's chance hit costs that one request and nothing else.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from node.errors import ChainInconsistent, MalformedEvidence
from node.protocol.evm.blocks import (
    bloom_bits,
    encode_receipt,
    parse_receipt,
    receipts_root,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.chain.gateway import BlockHeader, RawLog

BLOOM_SAYS_LITTLE = 1024
"""Set bits of 2048 above which a bloom names most addresses by chance."""


def find_suspects(
    headers: Sequence[BlockHeader],
    logs: Mapping[int, Sequence[RawLog]],
    addresses: Sequence[bytes],
) -> list[BlockHeader]:
    """List the blocks of which something of ours may be missing; `logs` by block.

    Raises:
        ChainInconsistent: a log came that its block's bloom does not name.
    """
    last = {log.address: log.block_number for header in headers for log in logs[header.number]}
    ends = set(last.values())
    return [
        header
        for header in headers
        if _lacks_contract(header, logs[header.number], addresses)
        or (header.number in ends and _lacks_topic(header, logs[header.number]))
    ]


def settle(
    header: BlockHeader,
    logs: Iterable[RawLog],
    raw_receipts: Iterable[dict[str, Any]],
    addresses: Sequence[bytes],
) -> None:
    """Compare what came of a block with its receipts.

    Raises:
        ChainInconsistent: logs are withheld, or the receipts are not those of the header.
    """
    number = header.number
    try:
        receipts = [encode_receipt(receipt) for receipt in raw_receipts]
    except MalformedEvidence as err:
        raise ChainInconsistent(f"a receipt of block {number} is none: {err}") from err
    if receipts_root(receipts) != bytes.fromhex(header.raw["receiptsRoot"][2:]):
        text = f"the receipts of block {number} are not those of its header"
        raise ChainInconsistent(text, block=number)
    emitted = [log for receipt in receipts for log in parse_receipt(receipt)]
    there = Counter(
        (log.address, tuple(log.topics), log.data) for log in emitted if log.address in addresses
    )
    came = Counter((log.address, tuple(log.topics), log.data) for log in logs)
    if there != came:
        text = f"block {number} holds other logs than eth_getLogs gives"
        raise ChainInconsistent(text, block=number, expected=there.total(), found=came.total())


def _lacks_contract(
    header: BlockHeader, logs: Sequence[RawLog], addresses: Sequence[bytes]
) -> bool:
    """Tell whether the bloom names a contract of ours of which no log came."""
    bloom = _bloom(header)
    came = {log.address for log in logs}
    named = {address for address in addresses if not _bits(address) & ~bloom}
    if not came <= named:
        text = f"a log of block {header.number} is not in its bloom"
        raise ChainInconsistent(text, block=header.number)
    if came and bloom.bit_count() > BLOOM_SAYS_LITTLE:
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
