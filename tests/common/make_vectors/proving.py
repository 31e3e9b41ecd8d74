"""Vectors of the log: leaves, proofs, checkpoints, receipts of three calls; the other leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import sm3
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import (
    checkpoint,
    ids,
    merkle,
    signedcall,
)
from node.protocol.wire.checkpoint import Checkpoint, sign_note
from node.protocol.wire.leaf import (
    AUDIT,
    CALL,
    OPEN,
    PREVIEW,
    build_leaf,
    commitment,
    complete_leaf,
    open_event,
    session_event,
)
from node.protocol.wire.receipt import Anchored, Receipt

from .. import papers, trees
from .calling import AUTHORISATION, sign_query
from .town import (
    AUTHORITY,
    CHAIN_ID,
    CONTRACTS,
    CREATED,
    ORIGIN,
)

if TYPE_CHECKING:
    from .town import Town

BLOCK = BlockRef(812, sm3(b"block 812"), CREATED - 7)


def make_log(town: Town, answer: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    """Return the leaves, proofs, checkpoints and the receipt of three calls."""
    refused = sign_query(town, "application", "AAAAAAAAAAAAAAAAAAAAAA")
    served = sign_query(town, "application", query["nonce"])
    strange = sign_query(town, "stranger", "BBBBBBBBBBBBBBBBBBBBBB")
    committed: dict[str, Any] = {
        name: bytes.fromhex(answer[name]) for name in ("operator", "matter")
    }
    granted: dict[str, Any] = {
        "authorisation": AUTHORISATION,
        "entry": ids.entry_id(ids.department_id(papers.POLICE), "30300101/06001"),
        "version": 1,
        "revision": 1,
        "custody": "own",
    }
    drafts = [
        _draft(refused, **granted, **committed, outcome="item-not-granted"),
        _draft(
            served,
            **granted,
            **committed,
            items=0b11,
            masked=0b10,
            rows=1,
            answer=bytes.fromhex(answer["answer"]),
            plain=bytes.fromhex(answer["plain"]),
        ),
        _draft(
            strange, authorisation=AUTHORISATION, custody="own", outcome="authorisation-unknown"
        ),
    ]
    at = CREATED * 1000 + 250
    first = complete_leaf(drafts[0], number=1, prev=ids.ZERO, at=at)
    second = complete_leaf(drafts[1], number=2, prev=merkle.leaf_hash(first), at=at + 40)
    third = complete_leaf(drafts[2], number=0, prev=ids.ZERO, at=at + 90)
    leaves = [first, second, third]
    notes = {size: _note(town, leaves[:size]) for size in (2, 3)}
    receipt = Receipt(second, 1, 2, tuple(trees.path(1, leaves[:2])), notes[2])
    anchored = Receipt(
        second,
        1,
        3,
        tuple(trees.path(1, leaves)),
        notes[3],
        anchored=Anchored(
            CHAIN_ID, CONTRACTS["AccessAnchors"], sm3(b"tx"), 815, sm3(b"block 815"), 3, ()
        ),
    )
    text = Checkpoint(ORIGIN, 3, trees.root(leaves)).text
    return {
        "standard": "RFC 6962 section 2.1; C2SP signed-note, tlog-checkpoint; docs/protocol.md 6",
        "origin": ORIGIN,
        "department": papers.POLICE,
        "keys": {"sm2": "log of the police", "ed25519": "log of the police"},
        "leaves": [
            {"bytes": leaf.decode(), "hash": merkle.leaf_hash(leaf).hex()} for leaf in leaves
        ],
        "others": _make_others(town, served, answer),
        "roots": [trees.root(leaves[:size]).hex() for size in range(4)],
        "inclusion": [
            {
                "index": index,
                "size": size,
                "proof": [node.hex() for node in trees.path(index, leaves[:size])],
            }
            for size in (1, 2, 3)
            for index in range(size)
        ],
        "consistency": [
            {
                "old": old,
                "new": 3,
                "proof": [node.hex() for node in trees.proof(old, leaves)],
            }
            for old in (1, 2)
        ],
        "checkpoint": {
            "text": text.decode(),
            "checkpointHash": checkpoint.checkpoint_hash(text).hex(),
            "note": notes[3].decode(),
        },
        "receipt": receipt.render(),
        "anchored": anchored.render(),
    }


def _make_others(
    town: Town, served: signedcall.SignedCall, answer: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a leaf of each kind that is no call: an auditor's look, a download, a preview."""
    path = f"/api/v1/logs/{papers.POLICE}/events/{served.event.hex()}"
    look = _sign_read(town, "reviewer", "GET", path, "CCCCCCCCCCCCCCCCCCCCCC")
    login = _sign_read(
        town, "office head of the police", "POST", "/api/v1/sessions", "DDDDDDDDDDDDDDDDDDDDDD"
    )
    shown: dict[str, Any] = {
        "entry": ids.entry_id(ids.department_id(papers.POLICE), "30300101/06001"),
        "version": 1,
        "rows": 1,
        "answer": sm3(b"what was shown"),
    }
    named = commitment(sm3(b"ShareLedger vector salt: values")[:16], "130902200001010003")
    drafts = {
        AUDIT: _draft(
            look,
            AUDIT,
            custody="own",
            authorisation=AUTHORISATION,
            question=f"request {served.event.hex()}",
            values=named,
            answer=bytes.fromhex(answer["answer"]),
        ),
        OPEN: build_leaf(
            OPEN, block=BLOCK, judged=CREATED, event=open_event(CREATED), custody="own", **shown
        ),
        PREVIEW: _draft(login, PREVIEW, custody="hosted", sequence=2, items=3, masked=2, **shown)
        | {"event": session_event(login.event, 2).hex()},
    }
    leaves = {kind: complete_leaf(draft, at=CREATED * 1000) for kind, draft in drafts.items()}
    return [
        {"kind": kind, "bytes": leaf.decode(), "hash": merkle.leaf_hash(leaf).hex()}
        for kind, leaf in leaves.items()
    ]


def _sign_read(
    town: Town, signer: str, method: str, path: str, nonce: str
) -> signedcall.SignedCall:
    parts, key = (method, AUTHORITY, path, ""), town.keys[signer]
    headers = signedcall.build(
        *parts, "application/octet-stream", b"", CREATED, nonce, key.public_key.key_id, key
    )
    return signedcall.parse(*parts, headers, b"")


def _draft(call: signedcall.SignedCall, kind: str = CALL, **members: Any) -> dict[str, Any]:
    return build_leaf(
        kind,
        block=BLOCK,
        judged=CREATED,
        event=call.event,
        base=call.base,
        signature=call.signature,
        **members,
    )


def _note(town: Town, leaves: list[bytes]) -> bytes:
    signed = Checkpoint(ORIGIN, len(leaves), trees.root(leaves))
    return sign_note(signed, sm2=town.keys["log of the police"], ed25519=town.ed25519).render()
