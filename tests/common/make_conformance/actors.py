"""Who takes part: keys, logs, signed calls, and what a client's own node says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.crypto import Ed25519Signer, SoftwareSigner, sm2_gmssl, sm3
from node.protocol.wire import ids
from node.protocol.wire.checkpoint import Checkpoint, sign_note
from node.protocol.wire.receipt import Receipt

from .. import papers, trees
from ..make_vectors.calling import AUTHORISATION, make_calls, sign_query
from ..make_vectors.town import CHAIN_ID, CONTRACTS, CREATED, SIGNERS, Town, scalar

if TYPE_CHECKING:
    from node.protocol.wire.checkpoint import SignedCheckpoint
    from node.protocol.wire.signedcall import SignedCall

FIRST, LATER, OTHER = (
    "log of the police",
    "later log key of the police",
    "log of the education department",
)
"""Pairs of log keys: the police's first, the one that replaced it, another department's."""
APPLICATION, ENCRYPTION = "application", "encryption key of the application"
ENTRY = ids.entry_id(ids.department_id(papers.POLICE), "30300101/06001")
VERSION = 1
ITEM_CODES = ["XM", "GMSFHM", "CSRQ"]
ASKED = {
    "authorisation": AUTHORISATION,
    "items": ["XM", "GMSFHM"],
    "operator": "李老师",
    "matter": "2026-0001",
}
SIZE = 5
"""Leaves of the log when an answer is given; `ANCHORED` when the chain took note of it."""
ANCHORED = 7


@dataclass(frozen=True)
class Pair:
    """The two keys that sign one log's checkpoints."""

    name: str
    sm2: SoftwareSigner
    ed25519: Ed25519Signer

    def render(self) -> dict[str, str]:
        """Return its public halves."""
        return {"sm2": self.sm2.public_key.raw.hex(), "ed25519": self.ed25519.public.hex()}


@dataclass
class Log:
    """A department's log of one generation."""

    department: str
    pair: Pair
    generation: int = 1
    leaves: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> str:
        registry = CONTRACTS["DepartmentRegistry"]
        return ids.log_origin(CHAIN_ID, registry, self.department, self.generation)

    def begun(self, count: int) -> Log:
        """Return the log with `count` leaves that are somebody else's business."""
        self.leaves = [b"leaf %d of %s" % (n, self.origin.encode()) for n in range(count)]
        return self

    def root(self, size: int) -> bytes:
        return trees.root(self.leaves[:size])

    def note(self, size: int, pair: Pair | None = None) -> SignedCheckpoint:
        """Return the checkpoint of `size` leaves, signed by the log's keys or by `pair`."""
        by = pair or self.pair
        signed = Checkpoint(self.origin, size, self.root(size))
        return sign_note(signed, sm2=by.sm2, ed25519=by.ed25519)

    def receipt(self, index: int, size: int, pair: Pair | None = None) -> Receipt:
        """Return the receipt of a leaf in the tree of `size`."""
        proof = tuple(trees.path(index, self.leaves[:size]))
        return Receipt(self.leaves[index], index, size, proof, self.note(size, pair).render())


class Actors:
    """The keys and calls, and the answers of the nodes that a client may believe."""

    def __init__(self) -> None:
        self.town = Town()
        others = (LATER, OTHER)
        self.signers = self.town.keys | {
            name: SoftwareSigner(sm2_gmssl.PrivateKey(scalar(name))) for name in others
        }
        self.pairs = {FIRST: Pair(FIRST, self.town.keys[FIRST], self.town.ed25519)} | {
            name: Pair(name, self.signers[name], _ed25519(name)) for name in others
        }
        made = make_calls(self.town)["calls"][0]
        self.query = sign_query(self.town, APPLICATION, made["nonce"])
        self.body: str = made["body"]
        self.another = sign_query(self.town, APPLICATION, "AAAAAAAAAAAAAAAAAAAAAA")
        self.nodes: dict[str, dict[str, Any]] = self._nodes()

    def keys(self) -> dict[str, Any]:
        """Return every key that a case names."""
        publics = {name: signer.public_key for name, signer in self.signers.items()}
        publics[ENCRYPTION] = self.town.encryption.public_key
        wanted = [APPLICATION, "stranger", ENCRYPTION, *self.pairs]
        assert {APPLICATION, "stranger", FIRST} <= set(SIGNERS)
        return {
            "sm2": {
                name: {
                    "d": f"{scalar(name):064x}",
                    "publicKey": publics[name].raw.hex(),
                    "keyid": publics[name].key_id.hex(),
                }
                for name in wanted
            },
            "ed25519": {name: pair.ed25519.public.hex() for name, pair in self.pairs.items()},
        }

    def calls(self) -> dict[str, Any]:
        """Return the calls whose answers are judged, each as its client knows it."""
        return {
            name: {
                "key": APPLICATION,
                "created": call.created,
                "nonce": call.nonce,
                **_parts(call),
                "body": self.body,
                **ASKED,
                "base": call.base.decode(),
                "signature": call.signature.hex(),
                "event": call.event.hex(),
            }
            for name, call in (("query", self.query), ("another", self.another))
        }

    def log(
        self, pair: str = FIRST, *, department: str = papers.POLICE, generation: int = 1
    ) -> Log:
        """Return a fresh log with one leaf in it."""
        return Log(department, self.pairs[pair], generation).begun(1)

    def _nodes(self) -> dict[str, dict[str, Any]]:
        grant = {
            f"/api/v1/authorisations/{AUTHORISATION}": {
                "authorisation": AUTHORISATION,
                "provider": papers.POLICE,
                "consumer": papers.EDUCATION,
                "entry": ENTRY.hex(),
                "version": VERSION,
                "itemCodes": ITEM_CODES,
            }
        }
        other = {
            _log_path(papers.EDUCATION): self._described(
                self.log(OTHER, department=papers.EDUCATION), OTHER
            )
        }
        first, second = self.log(), self.log(LATER, generation=2)
        now, then = _log_path(papers.POLICE), _log_path(papers.POLICE, 1)
        present = self._described(first, FIRST)
        rotated = self._described(first, LATER)
        both = self._described(first, LATER, FIRST)
        spoilt = {**present["keys"][0], "sm2": "00" * 64}
        superseded = self._described(first, FIRST) | {"superseded": True}
        return {
            "present": {**grant, now: present, then: present, **other},
            "rotated": {**grant, now: rotated, then: both, **other},
            "both": {**grant, now: both, then: both, **other},
            "superseded": {
                **grant,
                now: self._described(second, LATER),
                then: superseded,
                _log_path(papers.POLICE, 2): self._described(second, LATER),
                **other,
            },
            "without the log": {**grant, **other},
            "without the authorisation": {now: present, then: present, **other},
            "with a log that has no origin": {**grant, now: {"keys": present["keys"]}, **other},
            "with a key that is none": {**grant, now: {**present, "keys": [spoilt]}, **other},
            "with an authorisation that names no version": {
                **{path: {**said, "version": None} for path, said in grant.items()},
                now: present,
                **other,
            },
        }

    def _described(self, log: Log, *pairs: str) -> dict[str, Any]:
        """Return what a node answers about a log whose keys in force are `pairs`."""
        return {
            "department": log.department,
            "log": ids.log_id(log.origin).hex(),
            "origin": log.origin,
            "generation": log.generation,
            "superseded": False,
            "keys": [
                {"key": self.pairs[name].sm2.public_key.key_id.hex(), **self.pairs[name].render()}
                for name in pairs
            ],
        }


def _log_path(department: str, generation: int | None = None) -> str:
    path = f"/api/v1/departments/{department}/log"
    return path if generation is None else f"{path}?generation={generation}&at={CREATED}"


def _parts(call: SignedCall) -> dict[str, str]:
    path = f"/api/v1/authorisations/{AUTHORISATION}/query"
    return {"method": "POST", "authority": call.authority, "path": path, "query": ""} | {
        "contentType": "application/json"
    }


def _ed25519(name: str) -> Ed25519Signer:
    seed = sm3(f"ShareLedger vector key: Ed25519 of {name}".encode())
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(seed))
