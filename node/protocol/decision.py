"""Decisions: encode, hash, decode and verify again, derived from the ABI by one routine.

A decision is a struct that is at once the EIP-712 type, the calldata and the head of its event
(protocol.md section 3). A function whose first two parameters are `decision` and `signature`
declares one; its event is the one of the same contract that begins with the struct's members,
name for name and type for type. What an official signs is SM2 over the text of the hash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ..crypto import Sm2PublicKey, keccak256, verify_decision
from ..errors import InvalidInput, MalformedEvent, MalformedKey, SignatureInvalid
from .abi import CONTRACTS, ChainEvent, encode_call, load_abi
from .abicodec import AbiError, Codec, compile_type

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "ShareLedger"
VERSION = "1"

_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_POSSESSED = (("qx", "qy"), ("headX", "headY"))
_STRUCT = re.compile(r"struct (?:\w+\.)?(\w+)((?:\[\])*)")


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
    type_hash: bytes
    encode_data: Callable[[dict[str, Any]], bytes]
    """The struct's members as EIP-712 words, without the type hash."""


def hash_decision(kind: DecisionType, message: dict[str, Any], domain: Domain) -> bytes:
    """Return the EIP-712 hash of a decision; 32 bytes.

    Raises:
        InvalidInput: the message does not have exactly the struct's members and types.
    """
    try:
        struct_hash = keccak256(kind.type_hash + kind.encode_data(message))
    except AbiError as error:
        raise InvalidInput(f"{kind.name}: {error}") from error
    return keccak256(b"\x19\x01" + _domain_separator(domain) + struct_hash)


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
    args: dict[str, Any] = {
        "decision": message,
        "signature": {"key": key_id, **_split(signature)},
    }
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


def reverify(
    event: ChainEvent,
    domain: Domain,
    public_key: Sm2PublicKey,
    possession_key: Sm2PublicKey | None = None,
) -> bytes:
    """Check an event's SM2 signatures again, as its contract did; return the decision's hash.

    `possession_key` defaults to the new key the decision itself names.

    Raises:
        SignatureInvalid: a signature does not hold, or another key than `public_key` is named.
        MalformedEvent: the event carries no decision.
    """
    kind, message = from_event(event.name, event.args)
    try:
        digest = hash_decision(kind, message, domain)
        signature = _join(event.args["r"], event.args["s"])
        named = event.args["signingKey"]
        proof = _possession(kind, event.args)
    except (KeyError, InvalidInput, OverflowError, AttributeError, TypeError) as error:
        raise MalformedEvent(f"{event.name}: {error}") from error
    if named != public_key.key_id:
        raise SignatureInvalid(f"{event.name} is signed by the key {named.hex()}")
    verify_decision(public_key, digest, signature)
    if proof is not None:
        verify_decision(possession_key or possessed_key(kind, message), digest, proof)
    return digest


def possessed_key(kind: DecisionType, message: dict[str, Any]) -> Sm2PublicKey:
    """Return the new key a decision registers.

    Raises:
        SignatureInvalid: it registers none, or what it names is no point on the curve.
    """
    for x, y in _POSSESSED:
        if x in message and y in message:
            try:
                return Sm2PublicKey.from_coordinates(message[x], message[y])
            except MalformedKey as error:
                raise SignatureInvalid(f"{kind.name} names a key off the curve") from error
    raise SignatureInvalid(f"{kind.name} registers no key")


def _possession(kind: DecisionType, args: dict[str, Any]) -> bytes | None:
    return _join(args["possessionR"], args["possessionS"]) if kind.possession else None


def _join(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _split(signature: bytes) -> dict[str, int]:
    if len(signature) != 64:  # noqa: PLR2004 - r‖s
        raise InvalidInput("a signature has 64 bytes r‖s")
    return {"r": int.from_bytes(signature[:32], "big"), "s": int.from_bytes(signature[32:], "big")}


@cache
def _domain_separator(domain: Domain) -> bytes:
    return keccak256(
        keccak256(_DOMAIN_TYPE)
        + keccak256(NAME.encode("ascii"))
        + keccak256(VERSION.encode("ascii"))
        + domain.chain_id.to_bytes(32, "big")
        + domain.contract.rjust(32, b"\0")
    )


def _struct_name(parameter: dict[str, Any]) -> str:
    match = _STRUCT.fullmatch(parameter["internalType"])
    if not match:
        raise AbiError(f"{parameter['internalType']} is no struct")
    return match[1]


def _member_type(member: dict[str, Any]) -> str:
    kind: str = member["type"]
    return kind.replace("tuple", _struct_name(member)) if kind.startswith("tuple") else kind


def _own_type(name: str, components: list[dict[str, Any]]) -> str:
    members = ",".join(f"{_member_type(member)} {member['name']}" for member in components)
    return f"{name}({members})"


def _referenced(components: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in components:
        if member["type"].startswith("tuple"):
            name = _struct_name(member)
            found[name] = _own_type(name, member["components"])
            found |= _referenced(member["components"])
    return found


def encode_type(parameter: dict[str, Any]) -> str:
    """Return EIP-712's encodeType of a struct parameter: its own type, then those it uses."""
    components = parameter["components"]
    used = _referenced(components)
    return _own_type(_struct_name(parameter), components) + "".join(
        used[name] for name in sorted(used)
    )


def _encoder(parameter: dict[str, Any]) -> Callable[[Any], bytes]:
    """Return EIP-712's encodeData of one member: a word, or the hash of what is longer."""
    kind: str = parameter["type"]
    if kind.endswith("[]"):
        element = _encoder({**parameter, "type": kind[:-2]})
        return lambda values: keccak256(b"".join(element(value) for value in _list(values)))
    if kind == "tuple":
        type_hash = keccak256(encode_type(parameter).encode("ascii"))
        members = _members_encoder(parameter["components"])
        return lambda value: keccak256(type_hash + members(value))
    codec: Codec = compile_type(parameter)
    if codec.dynamic:
        raise AbiError(f"a decision has no member of type {kind}")
    return codec.encode


def _members_encoder(components: list[dict[str, Any]]) -> Callable[[dict[str, Any]], bytes]:
    encoders = [(member["name"], _encoder(member)) for member in components]
    names = {name for name, _ in encoders}

    def encode(message: dict[str, Any]) -> bytes:
        if set(_dict(message)) != names:
            raise AbiError(f"the members are {', '.join(name for name, _ in encoders)}")
        return b"".join(encoder(message[name]) for name, encoder in encoders)

    return encode


def _dict(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AbiError("not a dict")
    return value


def _list(values: object) -> list[Any]:
    if not isinstance(values, list):
        raise AbiError("not a list")
    return values


def _decision(contract: str, item: dict[str, Any]) -> DecisionType:
    parameter = item["inputs"][0]
    components = parameter["components"]
    return DecisionType(
        contract=contract,
        name=_struct_name(parameter),
        function=item["name"],
        event=_event_of(contract, components),
        fields=tuple(member["name"] for member in components),
        possession=any(other["name"] == "possession" for other in item["inputs"][2:]),
        type_hash=keccak256(encode_type(parameter).encode("ascii")),
        encode_data=_members_encoder(components),
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
