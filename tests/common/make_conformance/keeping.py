"""Receipts that were kept: the log and the keys of their time, and the chain's anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import sm3
from node.protocol.wire import encoding
from node.protocol.wire.receipt import Anchored

from .. import papers, trees
from ..make_vectors.town import CHAIN_ID, CONTRACTS, CREATED
from .actors import ANCHORED, LATER, OTHER, SIZE
from .ciphering import case
from .responding import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .actors import Actors, Log
    from .ciphering import Case

INDEX = 2
ANCHOR = Anchored(
    CHAIN_ID, CONTRACTS["AccessAnchors"], sm3(b"tx"), 815, sm3(b"block 815"), ANCHORED, ()
)


def make_cases(actors: Actors) -> Iterator[Case]:
    """Yield the cases of this file."""
    keeper = Keeper(actors)
    yield from _kept(keeper)
    yield from _upgraded(keeper)


class Keeper:
    """A client with the receipt of its call in a log of seven leaves."""

    def __init__(self, actors: Actors) -> None:
        self.actors = actors
        self.provider = Provider(actors)
        answer = self.provider.answer()
        self.receipt: dict[str, Any] = answer["receipt"]
        self.leaf = encoding.unb64u(self.receipt["leaf"])
        self.log = self.grown(self.leaf)

    def grown(self, leaf: bytes, count: int = ANCHORED) -> Log:
        log = self.actors.log().begun(count)
        log.leaves[INDEX] = leaf
        return log

    def upgrade(
        self,
        name: str,
        *,
        held: dict[str, Any] | None = None,
        newer: dict[str, Any] | None = None,
        proof: Any = None,
        root: bytes | None = None,
        own: str = "present",
        place: dict[str, Any] | None = None,
        **yields: Any,
    ) -> Case:
        """Return a case: what provider and own node answer to a client that asks for the anchor.

        `place` is what the own node tells of where the anchor stands; else all, as it is.
        """
        nodes = trees.proof(SIZE, self.log.leaves) if proof is None else proof
        log, police = f"/api/v1/logs/{papers.POLICE}", papers.POLICE
        event = self.actors.query.event.hex()
        provider = {
            f"{log}/events/{event}": {"receipt": newer or self.newest()},
            f"{log}:1/consistency?old={SIZE}&new={ANCHORED}": {
                "old": SIZE,
                "new": ANCHORED,
                "proof": [encoding.b64u(node) for node in nodes]
                if isinstance(nodes, list)
                else nodes,
            },
        }
        anchors = {}
        if root != b"":
            path = f"/api/v1/departments/{police}/log/anchors/{ANCHORED}?generation=1"
            told = self.place() if place is None else place
            known = (root or self.log.root(ANCHORED)).hex()
            anchors[path] = {"size": ANCHORED, "root": known, **told}
        given = {
            "receipt": held or self.receipt,
            "own": own,
            "anchors": anchors,
            "provider": provider,
        }
        return case("upgrade", name, given, **yields)

    def newest(self, log: Log | None = None, **members: Any) -> dict[str, Any]:
        """Return what the node gives once the chain has reached the leaf."""
        return {
            **(log or self.log).receipt(INDEX, ANCHORED).render(),
            "anchored": self.anchored(),
            **members,
        }

    def place(self) -> dict[str, Any]:
        return {
            "chainId": ANCHOR.chain_id,
            "contract": ANCHOR.contract.hex(),
            "tx": ANCHOR.tx.hex(),
            "block": ANCHOR.block,
            "blockHash": ANCHOR.block_hash.hex(),
        }

    def anchored(self, *proof: bytes) -> dict[str, Any]:
        return {
            **self.place(),
            "size": ANCHOR.size,
            "consistency": [encoding.b64u(node) for node in proof],
        }


def _kept(keeper: Keeper) -> Iterator[Case]:
    def of(name: str, receipt: dict[str, Any], own: str = "present", **yields: Any) -> Case:
        return case("kept-receipt", name, {"receipt": receipt, "own": own}, **yields)

    held = keeper.receipt
    told: dict[str, Any] = {
        "department": papers.POLICE,
        "generation": 1,
        "index": INDEX,
        "size": SIZE,
        "event": keeper.actors.query.event.hex(),
        "outcome": "served",
        "at": CREATED * 1000 + 250,
    }
    yield of("a receipt", held, **told)
    yield of("one of a log that was superseded", held, "superseded", **told)
    yield of("one by a key that was replaced", held, "rotated", **told)
    yield of("one that is anchored", keeper.newest(), **{**told, "size": ANCHORED})
    later = keeper.provider.answer(log=keeper.actors.log(LATER, generation=2))["receipt"]
    yield of(
        "one of the log that took another's place", later, "superseded", **{**told, "generation": 2}
    )
    yield of(
        "of a log that the own node does not know", held, "without the log", error="receipt-invalid"
    )
    by_stranger = keeper.provider.answer(pair=LATER)["receipt"]
    yield of("by a key that is not registered", by_stranger, error="checkpoint-invalid")
    early = keeper.provider.answer(pair=OTHER)["receipt"]
    yield of("by another department's key", early, "rotated", error="checkpoint-invalid")
    raised = keeper.leaf.replace(b'"number":4', b'"number":5')
    yield of(
        "with an altered leaf", {**held, "leaf": encoding.b64u(raised)}, error="inclusion-invalid"
    )
    text = held["checkpoint"]
    for name, origin in {
        "generation 1 spelt out": f"{keeper.log.origin}:1",
        "no department": keeper.log.origin.rpartition(":")[0],
    }.items():
        changed = text.replace(keeper.log.origin, origin)
        yield of(
            f"whose origin has {name}", {**held, "checkpoint": changed}, error="malformed-request"
        )


def _upgraded(keeper: Keeper) -> Iterator[Case]:
    log = keeper.log
    proof = trees.proof(SIZE, log.leaves)
    anchored: dict[str, Any] = {"anchored": keeper.anchored(*proof)}
    yield keeper.upgrade("a receipt that the chain has reached", **anchored)
    yield keeper.upgrade("of a log that was superseded", own="superseded", **anchored)
    yield keeper.upgrade("by a key that was replaced", own="rotated", **anchored)
    plain = log.receipt(INDEX, SIZE).render()
    yield keeper.upgrade("one that the chain has not reached", newer=plain, anchored=None)
    yield keeper.upgrade("an anchor the own node has not seen", root=b"", anchored=None)
    forked = keeper.grown(keeper.leaf)
    forked.leaves[0] = b"another leaf"
    bad = "consistency-invalid"
    yield keeper.upgrade(
        "a log that was forked and anchored",
        newer=keeper.newest(forked),
        root=forked.root(ANCHORED),
        proof=trees.proof(SIZE, forked.leaves),
        error=bad,
    )
    yield keeper.upgrade("another root on the chain", root=forked.root(ANCHORED), error=bad)
    elsewhere: dict[str, Any] = {
        "chainId": CHAIN_ID + 1,
        "contract": CONTRACTS["DepartmentRegistry"].hex(),
        "tx": sm3(b"another tx").hex(),
        "block": ANCHOR.block + 1,
        "blockHash": sm3(b"block 816").hex(),
    }
    for member, value in elsewhere.items():
        place = {**keeper.place(), member: value}
        yield keeper.upgrade(
            f"an anchor that has another {member} on the chain",
            place=place,
            error="receipt-invalid",
        )
        yield keeper.upgrade(
            f"an anchor whose {member} is told as null",
            place={**keeper.place(), member: None},
            error="receipt-invalid",
        )
    # As nodes told it before they named chain and contract: what is not told is not compared.
    short = {name: keeper.place()[name] for name in ("tx", "block", "blockHash")}
    yield keeper.upgrade("an anchor of which the own node tells less", place=short, **anchored)
    yield keeper.upgrade("a proof without its last node", proof=proof[:-1], error=bad)
    yield keeper.upgrade("no proof", proof="none", error="malformed-receipt")
    raised = keeper.leaf.replace(b'"number":4', b'"number":5')
    yield keeper.upgrade(
        "another leaf for the event",
        newer=keeper.newest(keeper.grown(raised)),
        error="receipt-invalid",
    )
    yield keeper.upgrade("another index", newer=keeper.newest(index=3), error="receipt-invalid")
    broken = {**keeper.receipt, "proof": []}
    yield keeper.upgrade(
        "a kept receipt that does not hold itself", held=broken, error="inclusion-invalid"
    )
    by_stranger = log.receipt(INDEX, ANCHORED, keeper.actors.pairs[OTHER]).render()
    yield keeper.upgrade(
        "a newer receipt by another department's keys",
        newer={**by_stranger, "anchored": keeper.anchored()},
        error="checkpoint-invalid",
    )
