"""Events, calls and errors of our contracts by their committed ABIs.

The ABI files in `node/protocol/abi` are generated from the contracts and are the only declaration;
nothing here knows a particular contract. They are read at first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from ...crypto import keccak256
from ...errors import InvalidInput, MalformedEvent
from .abicodec import (
    WORD,
    AbiError,
    Codec,
    Tuple,
    Words,
    compile_tuple,
    compile_type,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTRACTS = (
    "DepartmentRegistry",
    "CatalogueRegistry",
    "ShareAuthorisations",
    "AccessAnchors",
    "Sm2Verifier",
)

_SELECTOR_SIZE = 4
_BUILT_IN_ERRORS: list[dict[str, Any]] = [
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
]


@dataclass(slots=True)
class ChainEvent:
    """One event of our contracts, decoded, with its place on the chain.

    Not frozen, for making a frozen value of this size costs as much as reading it; nobody changes
    one all the same.
    """

    contract: str
    name: str
    args: dict[str, Any]
    seq: int
    """Counts the contract's events from 1 without gaps."""
    block_number: int
    block_hash: bytes
    timestamp: int
    tx_hash: bytes
    tx_index: int
    log_index: int
    address: bytes
    words: bytes = b""
    """Topics and then data, as the chain has them."""
    topic_count: int = 0


@dataclass(frozen=True)
class EventType:
    """How one event is laid out in topics and data."""

    contract: str
    name: str
    inputs: list[dict[str, Any]]
    topic: bytes
    indexed: tuple[tuple[str, Codec], ...]
    data: Tuple

    @cached_property
    def words(self) -> Words | None:
        """How topics and data are read in one go; None where the data hold an offset."""
        members = dict(self.indexed) | dict(zip(self.data.names, self.data.codecs, strict=True))
        return None if self.data.dynamic else Words.of(members, self.order)

    def slices(self, names: Sequence[str]) -> list[slice] | None:
        """Return where these arguments' words are in the topics and the data.

        None where one of them is no word of its own.
        """
        members = [*(name for name, _ in self.indexed), *self.data.names]
        codecs = [*(codec for _, codec in self.indexed), *self.data.codecs]
        if self.data.dynamic or any(codec.size != WORD for codec in codecs):
            return None
        places = [WORD * (1 + members.index(name)) for name in names]
        return [slice(place, place + WORD) for place in places]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The arguments' names as they are declared."""
        return tuple(parameter["name"] for parameter in self.inputs)

    @cached_property
    def size(self) -> int:
        """Bytes of topics and data together, where the data hold no offset."""
        return WORD * self.topic_count + self.data.size

    @cached_property
    def topic_count(self) -> int:
        """How many topics it has, the one that names it included."""
        return 1 + len(self.indexed)

    def decode(self, words: bytes, topic_count: int) -> dict[str, Any]:
        """Return the arguments in the order of their declaration; raises AbiError.

        `words` are so many topics, then the data.
        """
        if self.words and topic_count == self.topic_count and len(words) == self.size:
            found = self.words.find(words, WORD)
            if found is not None:
                return found
        if topic_count != self.topic_count:
            raise AbiError(f"{self.name} has {self.topic_count} topics, not {topic_count}")
        values = self.data.decode_whole(words[WORD * topic_count :])
        for at, (name, codec) in enumerate(self.indexed, 1):
            values[name] = codec.decode(words[: WORD * topic_count], WORD * at)[0]
        return {name: values[name] for name in self.order}

    def decode_all(self, logs: Sequence[bytes]) -> list[tuple[Any, ...]] | None:
        """Return the arguments of many logs, each in the order of declaration.

        Each is its topics, as many as there have to be, then its data. None where `decode` would
        refuse one of them, or where they are not read in one go.
        """
        if self.words is None or {*map(len, logs)} != {self.size}:
            return None
        return self.words.find_all(b"".join([words[WORD:] for words in logs]))


@cache
def load_abi(contract: str) -> list[dict[str, Any]]:
    """Return the JSON ABI of one of `CONTRACTS`."""
    file = resources.files(__package__) / ".." / "abi" / f"{contract}.json"
    abi: list[dict[str, Any]] = orjson.loads(file.read_bytes())["abi"]
    return abi


def signature(item: dict[str, Any]) -> str:
    """Return the canonical signature of a function, event or error, as `f(uint64,(bool)[])`."""
    return f"{item['name']}(" + ",".join(map(_type_name, item["inputs"])) + ")"


def event_topics() -> dict[bytes, tuple[str, str]]:
    """Return topic 0 → (contract, event) for every event of every contract.

    An event that several contracts inherit is named after the last of `CONTRACTS`.
    """
    return {
        event.topic: (event.contract, event.name)
        for contract in CONTRACTS
        for event in event_types(contract).values()
    }


@cache
def event_types(contract: str) -> dict[bytes, EventType]:
    """Return topic 0 → event of one contract."""
    events = [_event(contract, item) for item in load_abi(contract) if item["type"] == "event"]
    return {event.topic: event for event in events}


def decode_log(contract: str, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """Return (event, arguments) of a raw log of `contract`; raises as `decode_words`."""
    if any(len(topic) != WORD for topic in topics):
        raise MalformedEvent(f"{contract}: a topic has 32 bytes")
    return decode_words(contract, b"".join((*topics, data)), len(topics))


def decode_words(contract: str, words: bytes, topic_count: int) -> tuple[str, dict[str, Any]]:
    """Return (event, arguments) of a log of `contract`: so many topics, then its data.

    Raises:
        MalformedEvent: no event of the contract has this form.
    """
    event = event_types(contract).get(words[:WORD]) if topic_count else None
    if event is None:
        raise MalformedEvent(f"{contract} declares no such event")
    try:
        return event.name, event.decode(words, topic_count)
    except AbiError as error:
        raise MalformedEvent(f"{contract}.{event.name}: {error}") from error


def encode_call(contract: str, function: str, args: dict[str, Any] | Sequence[Any]) -> bytes:
    """Return the calldata of a function, its arguments by name or in order.

    Raises:
        InvalidInput: the arguments do not fit.
    """
    selector, inputs, _ = _function(contract, function)
    if not isinstance(args, dict):
        if len(args) != len(inputs.names):
            raise InvalidInput(f"{contract}.{function} takes {len(inputs.names)} arguments")
        args = dict(zip(inputs.names, args, strict=True))
    try:
        return selector + inputs.encode(args)
    except AbiError as error:
        raise InvalidInput(f"{contract}.{function}: {error}") from error


def decode_result(contract: str, function: str, data: bytes) -> dict[str, Any]:
    """Return a function's results by name (by position, "0", "1", if they have none).

    Raises:
        MalformedEvent: the data are no such result.
    """
    try:
        return _function(contract, function)[2].decode_whole(data)
    except AbiError as error:
        raise MalformedEvent(f"{contract}.{function}: {error}") from error


def decode_call(contract: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """Return (function, arguments) of calldata sent to `contract`.

    Raises:
        MalformedEvent: no function of the contract has this form.
    """
    for item in load_abi(contract):
        if item["type"] == "function":
            selector, inputs, _ = _function(contract, item["name"])
            if selector == data[:_SELECTOR_SIZE]:
                try:
                    return item["name"], inputs.decode_whole(data[_SELECTOR_SIZE:])
                except AbiError as error:
                    raise MalformedEvent(f"{contract}.{item['name']}: {error}") from error
    raise MalformedEvent(f"{contract} has no such function")


def decode_error(data: bytes) -> tuple[str, str, dict[str, Any]] | None:
    """Return (contract, error, arguments) of revert data, or None if it is none of ours.

    An error several contracts declare is named after the first; Solidity's own `Error` and
    `Panic` come with the contract "".
    """
    found = _errors().get(data[:_SELECTOR_SIZE])
    if found is None:
        return None
    contract, name, inputs = found
    try:
        return contract, name, inputs.decode_whole(data[_SELECTOR_SIZE:])
    except AbiError:
        return None


@cache
def error_members() -> dict[str, tuple[str, ...]]:
    """Return the names of the values of every error our contracts declare, by its name."""
    return {name: tuple(inputs.names) for contract, name, inputs in _errors().values() if contract}


@cache
def _errors() -> dict[bytes, tuple[str, str, Tuple]]:
    found: dict[bytes, tuple[str, str, Tuple]] = {}
    declared = [(contract, item) for contract in CONTRACTS for item in load_abi(contract)]
    for contract, item in [*declared, *(("", item) for item in _BUILT_IN_ERRORS)]:
        if item["type"] == "error":
            found.setdefault(
                _selector(item), (contract, item["name"], compile_tuple(item["inputs"]))
            )
    return found


@cache
def _function(contract: str, function: str) -> tuple[bytes, Tuple, Tuple]:
    for item in load_abi(contract):
        if item["type"] == "function" and item["name"] == function:
            return _selector(item), compile_tuple(item["inputs"]), compile_tuple(item["outputs"])
    raise InvalidInput(f"{contract} has no function {function}")


def _event(contract: str, item: dict[str, Any]) -> EventType:
    inputs = item["inputs"]
    return EventType(
        contract,
        item["name"],
        inputs,
        keccak256(signature(item).encode("ascii")),
        tuple((p["name"], compile_type(p)) for p in inputs if p["indexed"]),
        compile_tuple([p for p in inputs if not p["indexed"]]),
    )


def _selector(item: dict[str, Any]) -> bytes:
    return keccak256(signature(item).encode("ascii"))[:_SELECTOR_SIZE]


def _type_name(parameter: dict[str, Any]) -> str:
    name: str = parameter["type"]
    if not name.startswith("tuple"):
        return name
    return "(" + ",".join(map(_type_name, parameter["components"])) + ")" + name[len("tuple") :]
