"""The trust file: the few values an offline verifier takes on faith.

`trust.json` is `{chainId, genesisHash, registry, rootKey, head: {number, hash}}`, hex in lower case
without 0x. Everything else in an evidence bundle is proven from these; whoever verifies must have
them from somebody other than the one who hands over the bundle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ...crypto import Sm2PublicKey
from ...errors import LedgerError, MalformedEvidence

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS_BYTES = 20
HASH_BYTES = 32
MAX_TRUST_BYTES = 65_536
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Head:
    """A block that whoever verifies knows to be on the chain."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """What is taken on faith."""

    chain_id: int
    genesis_hash: bytes
    registry: bytes
    """Address of `DepartmentRegistry`, 20 bytes."""
    root_key: Sm2PublicKey
    """The key that its constructor pinned: it signs the first enrolment."""
    head: Head
    """At or after the block that anchors what is to be proven."""


def parse_trust(data: bytes) -> Trust:
    """Read a trust file; white space is free, members are not.

    Raises:
        MalformedEvidence: not JSON, or a member is missing, unknown or malformed.
    """
    if len(data) > MAX_TRUST_BYTES:
        _refuse("longer than any trust file")
    try:
        value = json.loads(data, object_pairs_hook=_members)
    except (ValueError, RecursionError) as err:
        raise MalformedEvidence("trust file: not JSON", where="trust") from err
    members = _object(value, {"chainId", "genesisHash", "registry", "rootKey", "head"})
    head = _object(members["head"], {"number", "hash"})
    try:
        root_key = Sm2PublicKey.from_raw(_hex(members, "rootKey", 64))
    except MalformedEvidence:
        raise
    except LedgerError as err:
        raise MalformedEvidence("trust file: rootKey is no key", where="trust.rootKey") from err
    return Trust(
        chain_id=_number(members, "chainId"),
        genesis_hash=_hex(members, "genesisHash", HASH_BYTES),
        registry=_hex(members, "registry", ADDRESS_BYTES),
        root_key=root_key,
        head=Head(_number(head, "number"), _hex(head, "hash", HASH_BYTES)),
    )


def render_trust(trust: Trust) -> bytes:
    """Write a trust file that `parse_trust` reads back, indented for people."""
    value = {
        "chainId": trust.chain_id,
        "genesisHash": trust.genesis_hash.hex(),
        "registry": trust.registry.hex(),
        "rootKey": trust.root_key.raw.hex(),
        "head": {"number": trust.head.number, "hash": trust.head.hash.hex()},
    }
    return json.dumps(value, indent=2).encode() + b"\n"


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("a member twice")
    return members


def _object(value: object, names: set[str]) -> Mapping[str, object]:
    if not isinstance(value, dict) or set(value) != names:
        _refuse(f"members must be exactly {', '.join(sorted(names))}")
    return value


def _number(members: Mapping[str, object], name: str) -> int:
    value = members[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        _refuse(f"{name} is not a whole number")
    return value


def _hex(members: Mapping[str, object], name: str, size: int) -> bytes:
    text = members[name]
    try:
        value = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if len(value) != size or value.hex() != text:
        _refuse(f"{name} is not {size} bytes in lower-case hex")
    return value


def _refuse(what: str) -> NoReturn:
    raise MalformedEvidence(f"trust file: {what}", where="trust")
