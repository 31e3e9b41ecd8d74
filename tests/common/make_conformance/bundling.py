"""Evidence bundles, good and bad: those of `tests/vectors`, and what becomes of one.

What somebody altered is the good one with other bytes at one place, so that the file stays small;
what a provider told falsely is whole, for every hash and signature in it is right.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from node.crypto import SoftwareSigner, sm2_gmssl
from node.protocol.evm.blocks import header_hash
from node.protocol.wire import canonical, encoding

from ..make_vectors.town import scalar
from .ciphering import case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ciphering import Case

VECTORS = Path(__file__).parents[2] / "vectors"
GOOD = (VECTORS / "evidence.json").read_text(encoding="ascii")
TRUST: dict[str, Any] = json.loads((VECTORS / "evidence-trust.json").read_bytes())

TOLD: dict[str, Any] = json.loads((VECTORS / "evidence-told.json").read_bytes())
FALSE = (
    "an item that was not granted",
    "a provider whose key document says it runs its own node",
    "a refusal whose ground the ledger does not give",
    "served although suspended",
)
TRUE = {
    "refused because suspended": "proven",
    "a suspension between the call and its anchor": "undetermined",
}


def make_bundles() -> dict[str, str]:
    """Return the bundles by name, each as the text of its file."""
    told = {
        name: canonical.dumps({**TOLD["shared"], **TOLD["bundles"][name]}).decode("ascii")
        for name in (*FALSE, *TRUE)
    }
    return {"good": GOOD, **told}


def make_cases() -> Iterator[Case]:
    """Yield the cases of this file."""
    yield from _told()
    members = json.loads(GOOD)
    leaf = json.loads(encoding.unb64u(members["leaf"]))
    yield _bundle(
        "a call that was served",
        GOOD,
        verdict="proven",
        event=leaf["event"],
        outcome="served",
        authorisation=leaf["authorisation"],
    )
    yield from _trusted_otherwise(leaf)
    for name, change in _changes(members).items():
        text = canonical.dumps({**members, **change}).decode("ascii")
        yield _bundle(name, text, error="evidence-invalid")
    for name, text in {
        "a blank in the file": GOOD.replace(",", ", ", 1),
        "a line feed at the end": GOOD + "\n",
        "half of the file": GOOD[: len(GOOD) // 2],
        "an empty file": "",
        "a member twice": GOOD[:-1] + ',"v":1}',
    }.items():
        yield _bundle(name, text, error="evidence-invalid")


def _told() -> Iterator[Case]:
    whole = {"offset": 0, "remove": 0, "insert": ""}

    def of(name: str, **yields: Any) -> Case:
        given = {"bundle": name, "edit": whole, "trust": TOLD["trust"]}
        return case("verify-bundle", name, given, **yields)

    for name in FALSE:
        yield of(name, error="evidence-invalid")
    for name, verdict in TRUE.items():
        leaf = json.loads(encoding.unb64u(TOLD["bundles"][name]["leaf"]))
        said = {member: leaf[member] for member in ("event", "outcome", "authorisation")}
        yield of(name, verdict=verdict, **said)


def _bundle(name: str, text: str, trust: dict[str, Any] | None = None, **yields: Any) -> Case:
    given = {"bundle": "good", "edit": _edit(text), "trust": trust or TRUST}
    return case("verify-bundle", name, given, **yields)


def _edit(text: str) -> dict[str, Any]:
    """Return where `text` leaves the good bundle: `remove` bytes at `offset` become `insert`."""
    start = _shared(GOOD, text)
    end = _shared(GOOD[start:][::-1], text[start:][::-1])
    return {
        "offset": start,
        "remove": len(GOOD) - start - end,
        "insert": text[start : len(text) - end],
    }


def _shared(one: str, other: str) -> int:
    """Return how many characters the two have in common from the first on."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _trusted_otherwise(leaf: dict[str, Any]) -> Iterator[Case]:
    head = TRUST["head"]
    stranger = SoftwareSigner(sm2_gmssl.PrivateKey(scalar("stranger"))).public_key.raw.hex()
    headers = json.loads(GOOD)["headers"]
    before = header_hash(encoding.unb64u(headers[-2])).hex()
    earlier = {"number": head["number"] - 1, "hash": before}
    told = {"event": leaf["event"], "outcome": "served", "authorisation": leaf["authorisation"]}
    yield _bundle(
        "a trust file whose head is before its last block",
        GOOD,
        {**TRUST, "head": earlier},
        verdict="incomplete",
        **told,
    )
    changes: dict[str, dict[str, Any]] = {
        "a head before its last block, of another chain": {"head": {**earlier, "hash": "ab" * 32}},
        "another hash of the head": {"head": {**head, "hash": "ab" * 32}},
        "another genesis": {"genesisHash": "ab" * 32},
        "another chain id": {"chainId": TRUST["chainId"] + 1},
        "another registry": {"registry": "ab" * 20},
        "another root key": {"rootKey": stranger},
    }
    for name, change in changes.items():
        yield _bundle(
            f"a trust file with {name}", GOOD, {**TRUST, **change}, error="evidence-invalid"
        )


def _changes(members: dict[str, Any]) -> dict[str, dict[str, Any]]:
    leaf = encoding.unb64u(members["leaf"])
    headers, receipts, documents = members["headers"], members["receipts"], members["documents"]
    note = encoding.unb64u(members["checkpoint"]).decode()
    lines = note.split("\n")
    request = encoding.unb64u(members["request"])

    def coded(data: bytes) -> str:
        return encoding.b64u(data)

    signature = json.loads(leaf)["signature"].encode()
    flipped = leaf.replace(signature, signature[:-1] + (b"0" if signature[-1:] != b"0" else b"1"))
    return {
        "another call's event is claimed": {"claim": {"event": "00" * 32}},
        "a leaf with another outcome": {
            "leaf": coded(leaf.replace(b'"served"', b'"source-unavailable"'))
        },
        "a leaf with other rows": {"leaf": coded(leaf.replace(b'"rows":1', b'"rows":2'))},
        "a leaf with another signature": {"leaf": coded(flipped)},
        "another index": {"index": members["index"] + 1},
        "no inclusion proof": {"proof": []},
        "a consistency proof that is not wanted": {"consistency": [coded(bytes(32))]},
        "a checkpoint without its SM2 line": {
            "checkpoint": coded("\n".join([*lines[:-2], ""]).encode())
        },
        "a checkpoint with a line twice": {
            "checkpoint": coded("\n".join([*lines[:-1], lines[-2], ""]).encode())
        },
        "a header left out": {"headers": [*headers[:5], *headers[6:]]},
        "two headers the other way round": {
            "headers": [*headers[:5], headers[6], headers[5], *headers[7:]]
        },
        "the last header left out": {"headers": headers[:-1]},
        "the receipts of a block left out": {"receipts": _without_first(receipts)},
        "a document changed": {"documents": [_raised(documents[0]), *documents[1:]]},
        "a document twice": {"documents": [documents[0], *documents]},
        "a document nobody decided": {
            "documents": [*documents, coded(canonical.dumps({"type": "terms", "v": 1}))]
        },
        "no documents": {"documents": []},
        "another request": {"request": coded(request.replace(b"RXHY", b"RXHX"))},
        "a member more": {"note": "genuine"},
        "version 2": {"v": 2},
    }


def _without_first(receipts: Any) -> Any:
    if isinstance(receipts, dict):
        first = min(receipts, key=int)
        return {number: each for number, each in receipts.items() if number != first}
    return receipts[1:]


def _raised(document: str) -> str:
    data = encoding.unb64u(document)
    at = data.index(b'"salt":"') + len(b'"salt":"')
    other = b"A" if data[at : at + 1] != b"A" else b"B"
    return encoding.b64u(data[:at] + other + data[at + 1 :])
