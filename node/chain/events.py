"""Raw logs of our contracts as decoded events, in chain order.

What an address emits is decoded as the contract deployed there and as nothing else; a log of any
other address is not ours and must not have been asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import MalformedEvent
from ..protocol.evm.abi import ChainEvent, decode_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .gateway import RawLog


def decode(
    raw_logs: Iterable[RawLog], addresses: Mapping[bytes, str], timestamps: Mapping[int, int]
) -> list[ChainEvent]:
    """Decode logs; `addresses` gives contract names, `timestamps` block times in seconds.

    Raises:
        MalformedEvent: a log is of another address, of an unknown block or of no declared event.
    """
    return [_decode(log, addresses, timestamps) for log in raw_logs]


def _decode(
    log: RawLog, addresses: Mapping[bytes, str], timestamps: Mapping[int, int]
) -> ChainEvent:
    contract, timestamp = addresses.get(log.address), timestamps.get(log.block_number)
    if contract is None or timestamp is None:
        raise MalformedEvent(
            f"a log of 0x{log.address.hex()} in block {log.block_number} was not asked for"
        )
    name, args = decode_log(contract, log.topics, log.data)
    return ChainEvent(
        contract=contract,
        name=name,
        args=args,
        seq=args["seq"],
        block_number=log.block_number,
        block_hash=log.block_hash,
        timestamp=timestamp,
        tx_hash=log.tx_hash,
        tx_index=log.tx_index,
        log_index=log.log_index,
        address=log.address,
        topics=log.topics,
        data=log.data,
    )
