"""The evidence bundle as a file: canonical JSON with everything one claim rests on.

docs/evidence.md defines it to the byte. A bundle holds nothing that its verification does not
check, so changing any byte of it is found: no transaction hash, no copy of what the trust file
says, no document the claim does not need.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from ...crypto import sm3
from ...errors import LedgerError, MalformedEvidence
from ..wire import canonical
from ..wire.encoding import b64u, unb64u

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_BUNDLE_BYTES = 256 * 1024 * 1024
MAX_PATH_HASHES = 128
MAX_RECEIPTS = 65_536
"""In one block; a block of 10^9 gas has room for 47,619."""
BYTES_A_VALUE = 16
"""A bundle's values are hashes or longer, on average by far."""
FEW = 256
_STRETCH = 65_536
HASH_BYTES = 32

_MEMBERS = {
    "type",
    "v",
    "claim",
    "headers",
    "receipts",
    "documents",
    "leaf",
    "index",
    "proof",
    "checkpoint",
    "consistency",
    "request",
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A parsed bundle; nothing in it is verified yet."""

    event: bytes
    """The claim: this call was logged."""
    headers: Sequence[bytes]
    """Encoded headers, block 0 first, without a gap."""
    receipts: Mapping[int, Sequence[bytes]]
    """Block number to all its encoded receipts, for each block whose bloom names a contract."""
    documents: Mapping[bytes, bytes]
    """SM3 digest to document."""
    leaf: bytes
    index: int
    proof: Sequence[bytes]
    """Inclusion proof to the checkpoint's root."""
    checkpoint: bytes
    """The signed note."""
    consistency: Sequence[bytes]
    """From the checkpoint's tree to the first anchored one at least as large."""
    request: bytes | None = field(default=None)
    """The call's body, where the exporter may hand it on."""


def render_bundle(bundle: Bundle) -> bytes:
    """Write a bundle: one sequence of bytes for one content."""
    return canonical.dumps(
        {
            "type": "evidence",
            "v": 1,
            "claim": {"event": bundle.event.hex()},
            "headers": [b64u(header) for header in bundle.headers],
            "receipts": [
                {"block": number, "receipts": [b64u(one) for one in bundle.receipts[number]]}
                for number in sorted(bundle.receipts)
            ],
            "documents": [b64u(bundle.documents[digest]) for digest in sorted(bundle.documents)],
            "leaf": b64u(bundle.leaf),
            "index": bundle.index,
            "proof": [step.hex() for step in bundle.proof],
            "checkpoint": b64u(bundle.checkpoint),
            "consistency": [step.hex() for step in bundle.consistency],
            "request": None if bundle.request is None else b64u(bundle.request),
        }
    )


def parse_bundle(data: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        MalformedEvidence: not canonical, or not a bundle; `facts["where"]` says which part.
    """
    # A file of nothing but brackets and commas takes twenty times its size in memory.
    if sum(map(data.count, (b"[", b"{", b","))) > FEW + len(data) // BYTES_A_VALUE:
        _refuse("file", "more values than a bundle of this size has")
    try:
        value = canonical.loads(data, limit=MAX_BUNDLE_BYTES, error=MalformedEvidence)
    except MalformedEvidence as err:
        raise MalformedEvidence(
            f"file: {err.message}", **{"where": _place(data), **err.facts}
        ) from err
    if not isinstance(value, dict) or set(value) != _MEMBERS:
        _refuse("file", f"members must be exactly {', '.join(sorted(_MEMBERS))}")
    if value["type"] != "evidence" or type(value["v"]) is not int or value["v"] != 1:
        _refuse("type", "not an evidence bundle of version 1")
    claim = value["claim"]
    if not isinstance(claim, dict) or set(claim) != {"event"}:
        _refuse("claim", "must be {event}")
    request = value["request"]
    return Bundle(
        event=_hash(claim["event"], "claim.event"),
        headers=_list_of_bytes(value["headers"], "headers"),
        receipts=_receipts(value["receipts"]),
        documents=_documents(value["documents"]),
        leaf=_bytes(value["leaf"], "leaf"),
        index=_number(value["index"], "index"),
        proof=_hashes(value["proof"], "proof"),
        checkpoint=_bytes(value["checkpoint"], "checkpoint"),
        consistency=_hashes(value["consistency"], "consistency"),
        request=None if request is None else _bytes(request, "request"),
    )


def _receipts(value: object) -> dict[int, list[bytes]]:
    blocks: dict[int, list[bytes]] = {}
    last = -1
    for position, one in enumerate(_list(value, "receipts")):
        where = f"receipts[{position}]"
        if not isinstance(one, dict) or set(one) != {"block", "receipts"}:
            _refuse(where, "must be {block, receipts}")
        number = _number(one["block"], f"{where}.block")
        if number <= last:
            _refuse(where, "blocks out of order")
        last = number
        if len(_list(one["receipts"], f"{where}.receipts")) > MAX_RECEIPTS:
            _refuse(f"{where}.receipts", "more receipts than a block has")
        blocks[number] = _list_of_bytes(one["receipts"], f"{where}.receipts")
    return blocks


def _documents(value: object) -> dict[bytes, bytes]:
    documents: dict[bytes, bytes] = {}
    last = b""
    for position, one in enumerate(_list_of_bytes(value, "documents")):
        digest = sm3(one)
        if digest <= last:
            _refuse(f"documents[{position}]", "documents out of the order of their digests")
        documents[digest] = one
        last = digest
    return documents


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        _refuse(where, "not a list")
    return value


def _list_of_bytes(value: object, where: str) -> list[bytes]:
    return [_bytes(one, f"{where}[{at}]") for at, one in enumerate(_list(value, where))]


def _bytes(value: object, where: str) -> bytes:
    if not isinstance(value, str):
        _refuse(where, "not base64url")
    try:
        return unb64u(value)
    except LedgerError as err:
        raise MalformedEvidence(f"{where}: not base64url", where=where) from err


def _hashes(value: object, where: str) -> list[bytes]:
    hashes = [_hash(one, f"{where}[{at}]") for at, one in enumerate(_list(value, where))]
    if len(hashes) > MAX_PATH_HASHES:
        _refuse(where, "more hashes than any proof has")
    return hashes


def _hash(value: object, where: str) -> bytes:
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        found = b""
    if len(found) != HASH_BYTES or found.hex() != value:
        _refuse(where, "not 32 bytes in lower-case hex")
    return found


def _number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _refuse(where, "not a whole number")
    return value


def _place(data: bytes) -> str:
    """Say where `data` stops being canonical JSON, for people."""
    import json

    try:
        value = json.loads(data)
    except UnicodeDecodeError as err:
        return f"byte {err.start}"
    except json.JSONDecodeError as err:
        return f"byte {len(err.doc[: err.pos].encode())}"
    except (ValueError, RecursionError):
        return "file"
    try:
        again = canonical.dumps(value)
    except (LedgerError, ValueError, TypeError, RecursionError):
        return "file"
    # Whole stretches first: byte by byte a large file takes half a minute.
    start = 0
    while start < len(again) and data[start : start + _STRETCH] == again[start : start + _STRETCH]:
        start += _STRETCH
    same = zip(data[start:], again[start : start + _STRETCH], strict=False)
    found = next((at for at, (a, b) in enumerate(same, start) if a != b), len(again))
    return f"byte {found}"


def _refuse(where: str, what: str) -> NoReturn:
    raise MalformedEvidence(f"{where}: {what}", where=where)
