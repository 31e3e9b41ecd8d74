"""Decisions: encode, hash and decode, derived from the ABI by one routine.

A decision is a struct that is at once the EIP-712 type, the calldata and the head of its event
(protocol.md section 3). A function whose first two parameters are `decision` and `signature`
declares one; its event is the one of the same contract that begins with the struct's members,
name for name and type for type (two that have the same members are named here). What an official
signs is SM2 over the text of the hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ...crypto import keccak256
from ...errors import InvalidInput, MalformedEvent
from .abi import CONTRACTS, encode_call, event_types, load_abi
from .abicodec import AbiError
from .eip712 import (
    domain_separator,
    struct_hasher,
    struct_name,
    type_hash,
    typed_hash,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TWINS = {"freezeEntry": "FreezeOrdered", "unfreezeEntry": "FreezeLifted"}
"""Events of functions whose structs have the same members."""


@dataclass(frozen=True)
class Domain:
    """Where a decision counts: one contract on one chain."""

    chain_id: int
    contract: bytes
    """Address of the verifying contract, 20 bytes."""


@dataclass(frozen=True)
class DecisionType:
    """One kind of decision."""

    contract: str
    name: str
    """Name of the struct, such as `ApplyFor`."""
    function: str
    event: str
    fields: tuple[str, ...]
    """Members of the struct in order."""
    possession: bool
    """Whether a new key signs too."""
    hash_struct: Callable[[dict[str, Any]], bytes]
    """EIP-712's hashStruct; raises AbiError."""
    type_hash: bytes
    """EIP-712's typeHash."""


def hash_decision(kind: DecisionType, message: dict[str, Any], domain: Domain) -> bytes:
    """Return the EIP-712 hash of a decision; 32 bytes.

    Raises:
        InvalidInput: the message does not have exactly the struct's members and types.
    """
    try:
        struct_hash = kind.hash_struct(message)
    except AbiError as error:
        raise InvalidInput(f"{kind.name}: {error}") from error
    return typed_hash(domain_separator(domain.chain_id, domain.contract), struct_hash)


def hash_event(kind: DecisionType, words: bytes, domain: Domain) -> bytes | None:
    """Return the same hash by the words of the event that carries the decision, once decoded.

    Decoding takes only the one way in which a value is written, so the words are those the message
    would be written in again. None where the struct is no row of words.
    """
    slices = _struct_slices(kind.name)
    if slices is None or not words:
        return None
    struct_hash = keccak256(b"".join([kind.type_hash, *[words[each] for each in slices]]))
    return typed_hash(domain_separator(domain.chain_id, domain.contract), struct_hash)


@cache
def _struct_slices(name: str) -> list[slice] | None:
    kind = DECISIONS[name]
    types = event_types(kind.contract).values()
    return next(each for each in types if each.name == kind.event).slices(kind.fields)


def calldata(
    kind: DecisionType,
    message: dict[str, Any],
    key_id: bytes,
    signature: bytes,
    possession: bytes | None = None,
) -> bytes:
    """Return the calldata that puts a signed decision on chain; signatures are r‖s.

    Raises:
        InvalidInput: message or signatures do not fit the decision.
    """
    if (possession is not None) != kind.possession:
        raise InvalidInput(f"{kind.name} {'needs' if kind.possession else 'takes no'} possession")
    args: dict[str, Any] = {"decision": message, "signature": {"key": key_id, **_split(signature)}}
    if possession is not None:
        args["possession"] = _split(possession)
    return encode_call(kind.contract, kind.function, args)


def from_event(name: str, args: dict[str, Any]) -> tuple[DecisionType, dict[str, Any]]:
    """Return the decision an event carries and its message.

    Raises:
        MalformedEvent: the event carries none.
    """
    kind = _by_event().get(name)
    if kind is None:
        raise MalformedEvent(f"the event {name} carries no decision")
    try:
        return kind, {field: args[field] for field in kind.fields}
    except KeyError as error:
        raise MalformedEvent(f"{name} lacks {error}") from error


def is_decision(event_name: str) -> bool:
    """Tell whether an event carries a decision."""
    return event_name in _by_event()


def _split(signature: bytes) -> dict[str, int]:
    if len(signature) != 64:  # noqa: PLR2004 - r‖s
        raise InvalidInput("a signature has 64 bytes r‖s")
    return {"r": int.from_bytes(signature[:32], "big"), "s": int.from_bytes(signature[32:], "big")}


def _decision(contract: str, item: dict[str, Any]) -> DecisionType:
    parameter = item["inputs"][0]
    components = parameter["components"]
    return DecisionType(
        contract=contract,
        name=struct_name(parameter),
        function=item["name"],
        event=_TWINS.get(item["name"]) or _event_of(contract, components),
        fields=tuple(member["name"] for member in components),
        possession=any(other["name"] == "possession" for other in item["inputs"][2:]),
        hash_struct=struct_hasher(parameter),
        type_hash=type_hash(parameter),
    )


def _event_of(contract: str, components: list[dict[str, Any]]) -> str:
    wanted = [(member["name"], member["internalType"]) for member in components]
    matching = [
        item["name"]
        for item in load_abi(contract)
        if item["type"] == "event"
        and [(p["name"], p["internalType"]) for p in item["inputs"][: len(wanted)]] == wanted
    ]
    if len(matching) != 1:
        raise AbiError(f"{contract}: {len(matching)} events begin with {wanted}")
    return str(matching[0])


def _is_decision(item: dict[str, Any]) -> bool:
    names = [parameter["name"] for parameter in item.get("inputs", [])]
    return item["type"] == "function" and names[:2] == ["decision", "signature"]


def _all() -> dict[str, DecisionType]:
    kinds = [
        _decision(contract, item)
        for contract in CONTRACTS
        for item in load_abi(contract)
        if _is_decision(item)
    ]
    return {kind.name: kind for kind in kinds}


DECISIONS: dict[str, DecisionType] = _all()
"""Every kind of decision by the name of its struct."""


@cache
def _by_event() -> dict[str, DecisionType]:
    return {kind.event: kind for kind in DECISIONS.values()}
