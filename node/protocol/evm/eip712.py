"""EIP-712 hashing of structs described by a JSON ABI.

`internalType` gives the structs' names; value types with names of their own (`DepartmentId`)
count as what they wrap. Members are words, structs their hashes, arrays the hash of both joined.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ...crypto import keccak256
from .abicodec import AbiError, Codec, compile_type

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "ShareLedger"
VERSION = "1"

_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_STRUCT = re.compile(r"struct (?:\w+\.)?(\w+)((?:\[\])*)")


@cache
def domain_separator(chain_id: int, contract: bytes) -> bytes:
    """Return the hash of our domain at the contract with this 20-byte address."""
    return keccak256(
        keccak256(_DOMAIN_TYPE)
        + keccak256(NAME.encode("ascii"))
        + keccak256(VERSION.encode("ascii"))
        + chain_id.to_bytes(32, "big")
        + contract.rjust(32, b"\0")
    )


def typed_hash(separator: bytes, struct_hash: bytes) -> bytes:
    """Return the hash that is signed for a struct in a domain."""
    return keccak256(b"\x19\x01" + separator + struct_hash)


def struct_hasher(parameter: dict[str, Any]) -> Callable[[Any], bytes]:
    """Return a function from a struct's value to its hashStruct; it raises AbiError.

    `parameter` is the struct's description in the JSON ABI.
    """
    hashed_type = type_hash(parameter)
    members = _members_encoder(parameter["components"])
    return lambda value: keccak256(hashed_type + members(value))


def type_hash(parameter: dict[str, Any]) -> bytes:
    """Return the hash of a struct parameter's encodeType."""
    return keccak256(encode_type(parameter).encode("ascii"))


def struct_name(parameter: dict[str, Any]) -> str:
    """Return the name of a struct parameter, or of the element of an array of structs."""
    match = _STRUCT.fullmatch(parameter["internalType"])
    if not match:
        raise AbiError(f"{parameter['internalType']} is no struct")
    return match[1]


def _member_type(member: dict[str, Any]) -> str:
    kind: str = member["type"]
    return kind.replace("tuple", struct_name(member)) if kind.startswith("tuple") else kind


def _own_type(name: str, components: list[dict[str, Any]]) -> str:
    members = ",".join(f"{_member_type(member)} {member['name']}" for member in components)
    return f"{name}({members})"


def _referenced(components: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in components:
        if member["type"].startswith("tuple"):
            name = struct_name(member)
            found[name] = _own_type(name, member["components"])
            found |= _referenced(member["components"])
    return found


def encode_type(parameter: dict[str, Any]) -> str:
    """Return EIP-712's encodeType of a struct parameter: its own type, then those it uses."""
    components = parameter["components"]
    used = _referenced(components)
    return _own_type(struct_name(parameter), components) + "".join(
        used[name] for name in sorted(used)
    )


def _encoder(parameter: dict[str, Any]) -> Callable[[Any], bytes]:
    """Return EIP-712's encodeData of one member: a word, or the hash of what is longer."""
    kind: str = parameter["type"]
    if kind.endswith("[]"):
        element = _encoder({**parameter, "type": kind[:-2]})

        def encode_array(values: object) -> bytes:
            if not isinstance(values, list):
                raise AbiError("not a list")
            return keccak256(b"".join(element(value) for value in values))

        return encode_array
    if kind == "tuple":
        return struct_hasher(parameter)
    codec: Codec = compile_type(parameter)
    if codec.dynamic:
        raise AbiError(f"a decision has no member of type {kind}")
    return codec.encode


def _members_encoder(components: list[dict[str, Any]]) -> Callable[[object], bytes]:
    encoders = [(member["name"], _encoder(member)) for member in components]
    names = {name for name, _ in encoders}

    def encode(message: object) -> bytes:
        if not isinstance(message, dict) or set(message) != names:
            raise AbiError(f"the members are {', '.join(name for name, _ in encoders)}")
        return b"".join(encoder(message[name]) for name, encoder in encoders)

    return encode
