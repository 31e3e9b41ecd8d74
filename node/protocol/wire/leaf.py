"""Leaves: one logged call, served or refused, as canonical JSON (protocol.md section 6).

Two hands write a leaf. The service knows what was asked and answered (`build_leaf`); only the
log's commit knows number, previous leaf and time, and may turn the answer into a refusal
(`complete_leaf`). No personal data: what could be guessed stands as a salted commitment.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...crypto import sm3
from ...errors import InvalidInput, MalformedReceipt
from . import canonical
from .encoding import b64u, hex32, unb64u
from .ids import ZERO

if TYPE_CHECKING:
    from ..ledger.facts import BlockRef

LIMIT = 4096
SALT_SIZE = 16
SERVED = "served"
CUSTODIES = ("own", "hosted")

_SIGNATURE_DIGITS = 128
_OUTCOME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_NUMBERS = ("authorisation", "number", "version", "revision", "rows", "at")
_HASHES = ("event", "prev", "entry", "items", "masked")
_OPTIONAL_HASHES = ("answer", "plain", "operator", "matter")
_MEMBERS = {
    "type",
    "v",
    "salt",
    "block",
    "base",
    "signature",
    "outcome",
    "custody",
    *_NUMBERS,
    *_HASHES,
    *_OPTIONAL_HASHES,
}


@dataclass(frozen=True)
class Leaf:
    """A logged call."""

    salt: bytes
    at: int
    """Milliseconds since 1970; never decreases within a log."""
    block_number: int
    """The block of the read model the call was judged by."""
    block_hash: bytes
    event: bytes
    base: bytes
    """The signed text of the call, exact."""
    signature: bytes
    """The caller's 64 bytes r‖s over `base`."""
    authorisation: int
    number: int
    """Counts the calls of the authorisation's own application from 1; 0 for a stranger's."""
    prev: bytes
    """Leaf hash of the call numbered one less; 32 zero bytes for numbers 0 and 1."""
    entry: bytes
    """Entry id; 32 zero bytes when the authorisation is unknown."""
    version: int
    revision: int
    items: int
    """Bitmap of the items asked for."""
    masked: int
    """Bitmap of the items that were masked."""
    rows: int
    outcome: str
    """`served`, or the problem code of the refusal."""
    answer: bytes | None
    """SM3 of the envelope's canonical bytes; None for a refusal."""
    plain: bytes | None
    """SM3 of the plaintext; None for a refusal."""
    operator: bytes | None
    """`commitment(salt, operator)`; None when none was named."""
    matter: bytes | None
    custody: str
    """`own`, or `hosted` when another department runs the provider's node."""


def commitment(salt: bytes, value: str) -> bytes:
    """Return SM3(salt ‖ UTF-8 value): binds to a value without telling it."""
    return sm3(salt + value.encode())


def build_leaf(
    *,
    block: BlockRef,
    event: bytes,
    base: bytes,
    signature: bytes,
    authorisation: int,
    custody: str,
    outcome: str = SERVED,
    entry: bytes = ZERO,
    version: int = 0,
    revision: int = 0,
    items: int = 0,
    masked: int = 0,
    rows: int = 0,
    answer: bytes | None = None,
    plain: bytes | None = None,
    operator: bytes | None = None,
    matter: bytes | None = None,
) -> dict[str, Any]:
    """Return the members of a leaf but `number`, `prev` and `at`, with a fresh salt.

    `answer` and `plain` are digests, `operator` and `matter` commitments.
    """
    return {
        "type": "call",
        "v": 1,
        "salt": b64u(secrets.token_bytes(SALT_SIZE)),
        "block": {"number": block.number, "hash": block.hash.hex()},
        "event": event.hex(),
        "base": base.decode("ascii"),
        "signature": signature.hex(),
        "authorisation": authorisation,
        "entry": entry.hex(),
        "version": version,
        "revision": revision,
        "items": f"{items:064x}",
        "masked": f"{masked:064x}",
        "rows": rows,
        "outcome": outcome,
        "answer": _hex(answer),
        "plain": _hex(plain),
        "operator": _hex(operator),
        "matter": _hex(matter),
        "custody": custody,
    }


def complete_leaf(
    draft: dict[str, Any], *, number: int, prev: bytes, at: int, refusal: str | None = None
) -> bytes:
    """Return the leaf's canonical bytes; `refusal` makes it one, without answer and rows.

    Raises:
        InvalidInput: the leaf would be larger than 4 KiB.
    """
    members = {**draft, "number": number, "prev": prev.hex(), "at": at}
    if refusal is not None:
        members |= {"outcome": refusal, "answer": None, "plain": None, "rows": 0}
        members["masked"] = f"{0:064x}"
    data = canonical.dumps(members)
    if len(data) > LIMIT:
        raise InvalidInput(f"the call's leaf would have {len(data)} bytes, more than {LIMIT}")
    return data


def parse_leaf(data: bytes) -> Leaf:
    """Read a leaf.

    Raises:
        MalformedReceipt: not the canonical bytes of a leaf.
    """
    members = canonical.loads(data, limit=LIMIT, error=MalformedReceipt)
    if not isinstance(members, dict) or set(members) != _MEMBERS:
        raise MalformedReceipt("the leaf does not have the members of a leaf")
    if members["type"] != "call" or type(members["v"]) is not int or members["v"] != 1:
        raise MalformedReceipt("the leaf is not of type call, version 1")
    numbers = {name: _number(members[name]) for name in _NUMBERS}
    hashes = {name: hex32(members[name], error=MalformedReceipt) for name in _HASHES}
    optional = {name: _optional(members[name]) for name in _OPTIONAL_HASHES}
    block_number, block_hash = _block(members["block"])
    salt = unb64u(members["salt"], error=MalformedReceipt)
    if len(salt) != SALT_SIZE or members["custody"] not in CUSTODIES:
        raise MalformedReceipt("the leaf's salt or custody is none")
    return Leaf(
        salt=salt,
        at=numbers["at"],
        block_number=block_number,
        block_hash=block_hash,
        event=hashes["event"],
        base=_ascii(members["base"]),
        signature=_signature(members["signature"]),
        authorisation=numbers["authorisation"],
        number=numbers["number"],
        prev=hashes["prev"],
        entry=hashes["entry"],
        version=numbers["version"],
        revision=numbers["revision"],
        items=int.from_bytes(hashes["items"], "big"),
        masked=int.from_bytes(hashes["masked"], "big"),
        rows=numbers["rows"],
        outcome=_outcome(members["outcome"]),
        custody=members["custody"],
        **optional,
    )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise MalformedReceipt("a number of the leaf is none")
    return value


def _optional(value: object) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedReceipt("a digest of the leaf is none")
    return hex32(value, error=MalformedReceipt)


def _block(value: object) -> tuple[int, bytes]:
    if not isinstance(value, dict) or set(value) != {"number", "hash"}:
        raise MalformedReceipt("the leaf's block has other members than number, hash")
    return _number(value["number"]), hex32(value["hash"], error=MalformedReceipt)


def _ascii(value: object) -> bytes:
    if not isinstance(value, str) or not value.isascii() or not value:
        raise MalformedReceipt("a text of the leaf is empty or not ASCII")
    return value.encode("ascii")


def _outcome(value: object) -> str:
    if not isinstance(value, str) or not _OUTCOME.fullmatch(value):
        raise MalformedReceipt("the leaf's outcome is neither served nor a problem code")
    return value


def _signature(value: object) -> bytes:
    half = _SIGNATURE_DIGITS // 2
    if not isinstance(value, str) or len(value) != _SIGNATURE_DIGITS:
        raise MalformedReceipt("the leaf's signature does not have 128 hex digits")
    return b"".join(hex32(part, error=MalformedReceipt) for part in (value[:half], value[half:]))
