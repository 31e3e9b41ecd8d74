"""Chains that do what a test says: `FakeChain` holds blocks, `Scripted` lies about them.

A block of a FakeChain is hashed, bloomed and rooted like a real one, so that everything the
follower checks can be checked, and every lie has to be told on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.chain.deployment import DeployedContract, Deployment
from node.chain.gateway import BlockHeader, RawLog
from node.crypto import SoftwareSigner, keccak256
from node.errors import ChainUnavailable
from node.protocol.evm.abi import event_types
from node.protocol.evm.blocks import (
    bloom_bits,
    encode_header,
    encode_receipt,
    header_hash,
    receipts_root,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.crypto import Sm2PublicKey

CHAIN_ID = 77_001
START = 1_790_000_000

Emitted = tuple[str, str, dict[str, Any]]
"""Contract, event, arguments."""


@dataclass
class FixedClock:
    """A clock that moves when it is told to; seconds."""

    now: float = float(START)

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeChain:
    """A chain in memory, every block with one transaction per event."""

    def __init__(self, root: Sm2PublicKey | None = None) -> None:
        self.root = root or SoftwareSigner.generate().public_key
        self._headers: list[BlockHeader] = []
        self._logs: list[list[RawLog]] = []
        self._receipts: list[list[dict[str, Any]]] = []
        self.mine([], timestamp=START)

    @property
    def deployment(self) -> Deployment:
        names = ("DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
        contracts = {
            name: DeployedContract(address_of(name), keccak256(name.encode()), 1) for name in names
        }
        return Deployment(CHAIN_ID, self._headers[0].hash, self.root.raw, contracts)

    def mine(self, events: Sequence[Emitted], *, timestamp: int | None = None) -> BlockHeader:
        number = len(self._headers)
        parent = self._headers[-1] if self._headers else None
        logs = [_log(number, index, *emitted) for index, emitted in enumerate(events)]
        receipts = [_receipt(log) for log in logs]
        bloom = 0
        for log in logs:
            bloom |= _bloom(log)
        if timestamp is None:
            timestamp = parent.timestamp + 1 if parent else START
        raw = _raw_header(number, parent, timestamp, bloom, receipts)
        block_hash = header_hash(encode_header(raw))
        header = BlockHeader(number, block_hash, _hex(raw["parentHash"]), timestamp, raw)
        self._headers.append(header)
        self._logs.append([_placed(log, block_hash) for log in logs])
        self._receipts.append(receipts)
        return header

    def fork(self, number: int) -> None:
        """Forget block `number` and all after it."""
        for blocks in (self._headers, self._logs, self._receipts):
            del blocks[number:]

    def head(self) -> int:
        return len(self._headers) - 1

    def headers(self, first: int, last: int) -> list[BlockHeader]:
        if last > self.head():
            raise ChainUnavailable(f"there is no block {last} (yet)")
        return self._headers[first : last + 1]

    def logs(self, first: int, last: int, addresses: list[bytes]) -> list[RawLog]:
        logs = [log for block in self._logs[first : last + 1] for log in block]
        return [log for log in logs if log.address in addresses]

    def block_receipts(self, number: int) -> list[dict[str, Any]]:
        return self._receipts[number]


@dataclass
class Scripted:
    """A chain endpoint that changes its answers as a test scripts it."""

    chain: FakeChain
    head_: Callable[[int], int] = lambda head: head
    headers_: Callable[[list[BlockHeader]], list[BlockHeader]] = lambda headers: headers
    logs_: Callable[[list[RawLog]], list[RawLog]] = lambda logs: logs
    receipts_: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda receipts: receipts
    silent: bool = False
    """No answer to anything."""
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of blocks whose logs were asked for."""

    def head(self) -> int:
        self._speak()
        return self.head_(self.chain.head())

    def headers(self, first: int, last: int) -> list[BlockHeader]:
        self._speak()
        return self.headers_(self.chain.headers(first, last))

    def logs(self, first: int, last: int, addresses: list[bytes]) -> list[RawLog]:
        self._speak()
        self.asked.append((first, last))
        return self.logs_(self.chain.logs(first, last, addresses))

    def block_receipts(self, number: int) -> list[dict[str, Any]]:
        self._speak()
        return self.receipts_(self.chain.block_receipts(number))

    def _speak(self) -> None:
        if self.silent:
            raise ChainUnavailable("scripted silence")


def address_of(contract: str) -> bytes:
    return keccak256(contract.encode())[:20]


def _log(number: int, index: int, contract: str, name: str, args: dict[str, Any]) -> RawLog:
    event = next(event for event in event_types(contract).values() if event.name == name)
    indexed = dict(event.indexed)
    topics = [event.topic, *(codec.encode(args[field]) for field, codec in event.indexed)]
    data = event.data.encode({name: value for name, value in args.items() if name not in indexed})
    tx = keccak256(b"%d:%d" % (number, index))
    words = b"".join((*topics, data))
    return RawLog(address_of(contract), words, len(topics), number, b"", tx, index, index)


def _placed(log: RawLog, block_hash: bytes) -> RawLog:
    return RawLog(
        log.address,
        log.words,
        log.topic_count,
        log.block_number,
        block_hash,
        log.tx_hash,
        log.tx_index,
        log.log_index,
    )


def _bloom(log: RawLog) -> int:
    bloom = bloom_bits(log.address)
    for topic in log.topics:
        bloom |= bloom_bits(topic)
    return bloom


def _receipt(log: RawLog) -> dict[str, Any]:
    return {
        "transactionHash": f"0x{log.tx_hash.hex()}",
        "status": "0x1",
        "cumulativeGasUsed": hex(21_000 * (log.tx_index + 1)),
        "logsBloom": f"0x{_bloom(log):0512x}",
        "logs": [
            {
                "address": f"0x{log.address.hex()}",
                "topics": [f"0x{topic.hex()}" for topic in log.topics],
                "data": f"0x{log.data.hex()}",
            }
        ],
    }


def _raw_header(
    number: int,
    parent: BlockHeader | None,
    timestamp: int,
    bloom: int,
    receipts: list[dict[str, Any]],
) -> dict[str, Any]:
    zero = "0x" + "00" * 32
    root = receipts_root([encode_receipt(receipt) for receipt in receipts])
    return {
        "number": hex(number),
        "parentHash": f"0x{parent.hash.hex()}" if parent else zero,
        "sha3Uncles": zero,
        "miner": "0x" + "00" * 20,
        "stateRoot": zero,
        "transactionsRoot": zero,
        "receiptsRoot": f"0x{root.hex()}",
        "logsBloom": f"0x{bloom:0512x}",
        "difficulty": "0x0",
        "gasLimit": "0x3b9aca00",
        "gasUsed": "0x0",
        "timestamp": hex(timestamp),
        "extraData": "0x",
        "mixHash": zero,
        "nonce": "0x" + "00" * 8,
        "baseFeePerGas": "0x0",
    }


def _hex(text: str) -> bytes:
    return bytes.fromhex(text[2:])
