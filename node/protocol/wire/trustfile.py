"""The trust file: the few values an offline verifier takes on faith.

`trust.json` is `{chainId, genesisHash, registry, rootKey, head: {number, hash}}`, hex in lower case
without 0x; `blocks`, where it is there, are the hashes of all blocks before the head, so that one
file verifies bundles that end at any of them. Everything else in an evidence bundle is proven from
these; whoever verifies must have them from somebody other than the one who hands over the bundle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from ...crypto import Sm2PublicKey
from ...errors import InvalidInput, LedgerError, MalformedEvidence
from .encoding import b64u, unb64u

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS_BYTES = 20
HASH_BYTES = 32
MAX_TRUST_BYTES = 64 * 1024 * 1024
"""Room for the hashes of a million and a half blocks; a bundle's headers end long before."""
_LARGEST = 2**53
_MEMBERS = {"chainId", "genesisHash", "registry", "rootKey", "head"}


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
    blocks: bytes = b""
    """The hashes of blocks 0 to the one before the head, one after another; or none of them."""

    def find(self, number: int) -> Head | None:
        """Return a block this file vouches for; None where it does not know it."""
        if number == self.head.number:
            return self.head
        found = self.blocks[number * HASH_BYTES : (number + 1) * HASH_BYTES]
        return Head(number, found) if len(found) == HASH_BYTES else None


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
        raise MalformedEvidence("信任文件不是 JSON / not JSON", where="trust") from err
    optional = {"blocks"} & set(value) if isinstance(value, dict) else set()
    members = _object(value, _MEMBERS | optional)
    head = _object(members["head"], {"number", "hash"})
    try:
        root_key = Sm2PublicKey.from_raw(_hex(members, "rootKey", 64))
    except MalformedEvidence:
        raise
    except LedgerError as err:
        said = "信任文件的 rootKey 不是公钥 / rootKey is no key"
        raise MalformedEvidence(said, where="trust.rootKey") from err
    trust = Trust(
        chain_id=_number(members, "chainId"),
        genesis_hash=_hex(members, "genesisHash", HASH_BYTES),
        registry=_hex(members, "registry", ADDRESS_BYTES),
        root_key=root_key,
        head=Head(_number(head, "number"), _hex(head, "hash", HASH_BYTES)),
        blocks=_blocks(members),
    )
    if trust.blocks and len(trust.blocks) != HASH_BYTES * trust.head.number:
        _refuse("blocks are not the hashes of all blocks before the head")
    if trust.find(0) not in {None, Head(0, trust.genesis_hash)}:
        _refuse("block 0 is not the genesis block")
    return trust


def render_trust(trust: Trust) -> bytes:
    """Write a trust file that `parse_trust` reads back, indented for people."""
    value: dict[str, object] = {
        "chainId": trust.chain_id,
        "genesisHash": trust.genesis_hash.hex(),
        "registry": trust.registry.hex(),
        "rootKey": trust.root_key.raw.hex(),
        "head": {"number": trust.head.number, "hash": trust.head.hash.hex()},
    }
    if trust.blocks:
        value["blocks"] = b64u(trust.blocks)
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


def _blocks(members: Mapping[str, object]) -> bytes:
    text = members.get("blocks", "")
    try:
        return unb64u(text) if isinstance(text, str) else _refuse("blocks is not base64url")
    except InvalidInput as err:
        said = "信任文件的 blocks 不是 base64url / not base64url"
        raise MalformedEvidence(said, where="trust") from err


def _refuse(what: str) -> NoReturn:
    raise MalformedEvidence(f"信任文件不合格式 / trust file: {what}", where="trust")
