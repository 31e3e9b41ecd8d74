"""Block headers and receipts as they are hashed: header hash, bloom, receipts root.

Ethereum yellow paper 4.3 with EIP-1559 (base fee), 4895 (withdrawals), 4844 (blob gas), 4788
(beacon root), 7685 (requests) and 2718 (typed receipts). Encoded bytes travel in evidence bundles:
a header is authentic when its hash is, a block's receipts when their root stands in the header.
Pure; raises nothing but MalformedEvidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...crypto import keccak256
from ...errors import MalformedEvidence
from .rlp import (
    Rlp,
    decode,
    decode_int,
    encode,
    encode_int,
    list_root,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BLOOM_BYTES = 256
HASH_BYTES = 32
ADDRESS_BYTES = 20

_MAX_TOPICS = 4
_MAX_RECEIPT_TYPE = 0x7F
"""EIP-2718: a first byte above this is a legacy receipt's RLP list."""

_HEADER: tuple[tuple[str, int | None], ...] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", BLOOM_BYTES),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", -1),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)
"""JSON-RPC names in the order of the hash; bytes of fixed length, -1 any length, None a number."""

_LEGACY_FIELDS = 15
"""Headers before London end here; each later fork appends, none leaves out an earlier field."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block of the chain, as everything that names one does."""

    number: int
    hash: bytes
    timestamp: int
    """Seconds since 1970, as the block header says."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a verifier needs of a block header."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    """Chain seconds."""
    receipts_root: bytes
    logs_bloom: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """One log of a receipt."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


def encode_header(raw: Mapping[str, object]) -> bytes:
    """Encode a block as `eth_getBlockByNumber` returns it: the bytes its hash is taken of.

    Raises:
        MalformedEvidence: a field is missing, of the wrong length or not hexadecimal.
    """
    fields: list[Rlp] = []
    for index, (name, size) in enumerate(_HEADER):
        if raw.get(name) is None:
            if index < _LEGACY_FIELDS:
                raise MalformedEvidence(f"header without {name}", field=name)
            break
        fields.append(_quantity(raw, name) if size is None else _bytes(raw, name, size))
    absent = [name for name, _ in _HEADER[len(fields) :] if raw.get(name) is not None]
    if absent:
        raise MalformedEvidence(f"header with {absent[0]} but not the fields before it")
    return encode(fields)


def header_hash(encoded: bytes) -> bytes:
    """Return the block hash of an encoded header."""
    return keccak256(encoded)


def parse_header(encoded: bytes) -> Header:
    """Read an encoded header.

    Raises:
        MalformedEvidence: `encoded` is no header.
    """
    fields = decode(encoded)
    if not isinstance(fields, list) or not _LEGACY_FIELDS <= len(fields) <= len(_HEADER):
        raise MalformedEvidence("header: not a list of header fields")
    values: dict[str, bytes] = {}
    for (name, size), field in zip(_HEADER, fields, strict=False):
        if not isinstance(field, bytes) or size not in (None, -1, len(field)):
            raise MalformedEvidence(f"header: {name} has the wrong length", field=name)
        if size is None:
            decode_int(field)
        values[name] = field
    return Header(
        number=decode_int(values["number"], limit=8),
        hash=keccak256(encoded),
        parent_hash=values["parentHash"],
        timestamp=decode_int(values["timestamp"], limit=8),
        receipts_root=values["receiptsRoot"],
        logs_bloom=values["logsBloom"],
    )


def bloom_bits(value: bytes) -> int:
    """Return the three bits (yellow paper 4.3.1, M3:2048) that `value` sets, as a number."""
    digest = keccak256(value)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def bloom_names(bloom: bytes, value: bytes) -> bool:
    """Say whether `bloom` may hold `value` (an address or a topic); False is certain."""
    bits = bloom_bits(value)
    return int.from_bytes(bloom, "big") & bits == bits


def encode_receipt(raw: Mapping[str, object]) -> bytes:
    """Encode a receipt as `eth_getBlockReceipts` returns it: its value in the receipts trie.

    Raises:
        MalformedEvidence: a field is missing, of the wrong length or not hexadecimal.
    """
    kind = _number(raw, "type") if raw.get("type") is not None else 0
    if kind > _MAX_RECEIPT_TYPE:
        raise MalformedEvidence(f"receipt of unknown type {kind}")
    outcome = _quantity(raw, "status") if raw.get("status") is not None else _bytes(raw, "root", 32)
    logs = raw.get("logs")
    if not isinstance(logs, list):
        raise MalformedEvidence("receipt without logs")
    body = encode(
        [
            outcome,
            _quantity(raw, "cumulativeGasUsed"),
            _bytes(raw, "logsBloom", BLOOM_BYTES),
            [_log_fields(log) for log in logs],
        ]
    )
    return bytes([kind]) + body if kind else body


def parse_receipt(encoded: bytes) -> tuple[Log, ...]:
    """Read the logs of an encoded receipt, legacy or typed.

    Raises:
        MalformedEvidence: `encoded` is no receipt.
    """
    typed = bool(encoded) and encoded[0] <= _MAX_RECEIPT_TYPE
    match decode(encoded[1:] if typed else encoded):
        case [bytes(), bytes(), bytes(), list() as logs]:
            return tuple(map(_parse_log, logs))
    raise MalformedEvidence("receipt: not a list of receipt fields")


def receipts_root(encoded: Sequence[bytes]) -> bytes:
    """Return the root that a block's header must carry for exactly these receipts."""
    return list_root(encoded)


def _parse_log(log: Rlp) -> Log:
    match log:
        case [bytes() as address, list() as topics, bytes() as data] if (
            len(address) == ADDRESS_BYTES and len(topics) <= _MAX_TOPICS
        ):
            return Log(address, tuple(_topic(topic) for topic in topics), data)
    raise MalformedEvidence("receipt: not a log")


def _topic(topic: Rlp) -> bytes:
    if not isinstance(topic, bytes) or len(topic) != HASH_BYTES:
        raise MalformedEvidence("receipt: not a topic")
    return topic


def _log_fields(log: object) -> Rlp:
    if not isinstance(log, dict) or not isinstance(topics := log.get("topics"), list):
        raise MalformedEvidence("receipt: not a log")
    return [
        _bytes(log, "address", ADDRESS_BYTES),
        [_bytes({"topic": topic}, "topic", HASH_BYTES) for topic in topics],
        _bytes(log, "data", -1),
    ]


def _number(raw: Mapping[str, object], name: str) -> int:
    text = raw.get(name)
    if not isinstance(text, str) or not text.startswith("0x") or not text.isascii():
        raise MalformedEvidence(f"{name} is not a 0x number", field=name)
    try:
        return int(text, 16)
    except ValueError as err:
        raise MalformedEvidence(f"{name} is not a 0x number", field=name) from err


def _quantity(raw: Mapping[str, object], name: str) -> bytes:
    number = _number(raw, name)
    if number < 0:
        raise MalformedEvidence(f"{name} is negative", field=name)
    return encode_int(number)


def _bytes(raw: Mapping[str, object], name: str, size: int) -> bytes:
    text = raw.get(name)
    if not isinstance(text, str) or not text.startswith("0x"):
        raise MalformedEvidence(f"{name} is not 0x bytes", field=name)
    try:
        value = bytes.fromhex(text[2:])
    except ValueError as err:
        raise MalformedEvidence(f"{name} is not 0x bytes", field=name) from err
    if size not in (-1, len(value)):
        raise MalformedEvidence(f"{name} has {len(value)} bytes, not {size}", field=name)
    return value
