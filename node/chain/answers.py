"""What a chain endpoint answers, as values: headers and logs read strictly, receipts through web3.

Pure. In range reads hexadecimal becomes bytes and integers here (web3's formatters take twenty
times the decoding, and let much through); what has another shape raises the ordinary
errors of reading it (KeyError, ValueError, TypeError...), which the gateway turns into
ChainUnavailable: an endpoint that cannot be read is as good as none. A log is decoded as the
contract deployed at its address and as nothing else; a log of any other address is not ours and
must not have been asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ChainUnavailable, MalformedEvent
from ..protocol.evm.abi import ChainEvent, decode_words
from ..protocol.evm.abicodec import WORD
from .reverts import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


HASH_BYTES = 32
TOPIC_TEXT = 2 + 2 * WORD
"""Characters of a topic as it is told, with its 0x."""


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A block without its transactions."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    """Seconds since 1970."""
    raw: dict[str, Any]
    """The header's fields as the endpoint gave them."""


@dataclass(slots=True)
class RawLog:
    """A log as a contract emitted it, undecoded; nobody changes one, as with ChainEvent."""

    address: bytes
    words: bytes
    """Its topics, each 32 bytes, then its data."""
    topic_count: int
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    log_index: int

    @property
    def topics(self) -> list[bytes]:
        return [self.words[WORD * at : WORD * (at + 1)] for at in range(self.topic_count)]

    @property
    def data(self) -> bytes:
        return self.words[WORD * self.topic_count :]


@dataclass(frozen=True, slots=True)
class TxReceipt:
    """What became of a transaction."""

    tx_hash: bytes
    block_number: int
    tx_index: int
    succeeded: bool
    gas_used: int
    contract_address: bytes | None
    logs: list[RawLog]
    revert_data: bytes | None
    """Where the engine records it (Besu with `--revert-reason-enabled`)."""


def parse_headers(answers: list[dict[str, Any]], numbers: range) -> Iterator[BlockHeader]:
    """Order a batch's answers by id: engines may answer in any order."""
    by_id = {answer["id"]: answer for answer in answers}
    for number in numbers:
        answer = by_id[number]
        if answer.get("error") is not None:
            raise unavailable(answer["error"], f"block {number}")
        if answer["result"] is None:
            raise ChainUnavailable(f"there is no block {number} (yet)")
        header = _header(answer["result"])
        if header.number != number:
            raise ValueError(f"block {header.number} in the place of block {number}")
        yield header


def _header(block: dict[str, Any]) -> BlockHeader:
    return BlockHeader(
        number=parse_int(block["number"]),
        hash=parse_hash(block["hash"]),
        parent_hash=parse_hash(block["parentHash"]),
        timestamp=parse_int(block["timestamp"]),
        raw=block,
    )


def parse_logs(found: list[dict[str, Any]]) -> list[RawLog]:
    """Read the logs of `eth_getLogs`."""
    shared, numbers = _Shared(), _Numbers()
    return [_log(log, shared, numbers) for log in found]


class _Shared(dict[str, bytes]):
    """What many logs of an answer say alike, such as contract, block and event, read once."""

    def __missing__(self, text: str) -> bytes:
        found = self[text] = parse_bytes(text)
        return found


class _Numbers(dict[str, int]):
    """The same of numbers: a block's, and places in it."""

    def __missing__(self, text: str) -> int:
        found = self[text] = int(text, 16)
        return found


def _log(raw: dict[str, Any], shared: _Shared, numbers: _Numbers) -> RawLog:
    topics, data = raw["topics"], raw["data"]
    words = bytes.fromhex("".join([each[2:] for each in topics]) + data[2:])
    # Each topic by itself: what one lacks another may have too many. `fromhex` passes over spaces.
    fits = all(len(each) == TOPIC_TEXT for each in topics)
    if not fits or data[:2] != "0x" or len(words) != WORD * len(topics) + len(data) // 2 - 1:
        raise ValueError(f"not the topics and the data of a log: {topics!r:.80}, {data!r:.40}")
    return RawLog(
        shared[raw["address"]],
        words,
        len(topics),
        numbers[raw["blockNumber"]],
        shared[raw["blockHash"]],
        parse_bytes(raw["transactionHash"]),
        numbers[raw["transactionIndex"]],
        numbers[raw["logIndex"]],
    )


def parse_list(found: Any) -> list[dict[str, Any]] | None:  # noqa: ANN401 - JSON
    """Take a list of objects as it is; None when the block is not there."""
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TypeError("not a list of objects")
    return found


def parse_receipt(found: Mapping[str, Any] | None) -> TxReceipt | None:
    """Read a transaction's receipt; None when it is in no block."""
    if found is None:
        return None
    created, reason = found.get("contractAddress"), found.get("revertReason")
    return TxReceipt(
        tx_hash=parse_hash(found["transactionHash"]),
        block_number=parse_int(found["blockNumber"]),
        tx_index=parse_int(found["transactionIndex"]),
        succeeded=parse_int(found["status"]) == 1,
        gas_used=parse_int(found["gasUsed"]),
        contract_address=parse_bytes(created) if created else None,
        logs=parse_logs(found["logs"]),
        revert_data=parse_bytes(reason) if reason else None,
    )


def parse_int(quantity: str) -> int:
    """Read a quantity: hexadecimal after 0x."""
    if quantity[:2] != "0x" or not quantity[2:].isalnum():  # int() would take a sign as well
        raise ValueError(f"not a quantity: {quantity!r:.40}")
    return int(quantity, 16)


def parse_bytes(text: str) -> bytes:
    """Read data: whole bytes in hexadecimal after 0x."""
    if text[:2] != "0x":
        raise ValueError(f"not data: {text!r:.40}")
    return bytes.fromhex(text[2:])


def parse_hash(text: str) -> bytes:
    """Read a hash of 32 bytes."""
    data = parse_bytes(text)
    if len(data) != HASH_BYTES:
        raise ValueError(f"not a hash: {text!r:.80}")
    return data


def decode(
    log: RawLog, addresses: Mapping[bytes, str], timestamps: Mapping[int, int]
) -> ChainEvent:
    """Decode a log; `addresses` gives contract names, `timestamps` block times in seconds.

    Raises:
        MalformedEvent: it is of another address, of an unknown block or of no declared event.
    """
    contract, timestamp = addresses.get(log.address), timestamps.get(log.block_number)
    if contract is None or timestamp is None:
        raise MalformedEvent(
            f"a log of 0x{log.address.hex()} in block {log.block_number} was not asked for"
        )
    name, args = decode_words(contract, log.words, log.topic_count)
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
        words=log.words,
        topic_count=log.topic_count,
    )
