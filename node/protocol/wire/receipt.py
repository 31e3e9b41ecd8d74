"""Receipts: a leaf, its inclusion proof and the signed checkpoint (protocol.md section 6).

Grades are added to the same receipt: *logged*, then *witnessed*, then *anchored*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from ...errors import InclusionInvalid, MalformedReceipt, ReceiptInvalid
from . import merkle
from .checkpoint import SignedCheckpoint, verify_note
from .encoding import b64u, b64u_octets, hex32, unb64u
from .leaf import LIMIT as LEAF_LIMIT
from .leaf import Leaf, parse_leaf

if TYPE_CHECKING:
    from ...crypto import Sm2PublicKey

_PROOF_LIMIT = 128
_CHECKPOINT_LIMIT = 16_384
_MEMBERS = {"v", "leaf", "index", "size", "proof", "checkpoint"}
_GRADES = {"witnessed", "anchored"}
_WITNESSED_MEMBERS = {"checkpoint", "consistency"}
_ANCHORED_MEMBERS = {"chainId", "contract", "tx", "block", "blockHash", "size", "consistency"}
_ADDRESS_DIGITS = 40


@dataclass(frozen=True)
class Witnessed:
    """A later checkpoint that other departments cosigned."""

    checkpoint: bytes
    consistency: tuple[bytes, ...]
    """From the receipt's (size, root) to that checkpoint's."""


@dataclass(frozen=True)
class Anchored:
    """Where the chain took note of the log at or after the receipt's size."""

    chain_id: int
    contract: bytes
    """Address of AccessAnchors, 20 bytes."""
    tx: bytes
    block: int
    block_hash: bytes
    size: int
    consistency: tuple[bytes, ...]
    """From the receipt's (size, root) to the anchored."""


PLACE = ("chainId", "contract", "tx", "block", "blockHash")
"""Where an anchor stands on the chain; nothing in the receipt binds it."""


@dataclass(frozen=True)
class Receipt:
    """What a client keeps of a call."""

    leaf: bytes
    """The leaf's canonical bytes."""
    index: int
    size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    """The rendered signed checkpoint of `size` leaves."""
    witnessed: Witnessed | None = None
    anchored: Anchored | None = None

    @cached_property
    def signed_checkpoint(self) -> SignedCheckpoint:
        """The checkpoint, parsed; raises MalformedCheckpoint."""
        return SignedCheckpoint.parse(self.checkpoint)

    @cached_property
    def parsed_leaf(self) -> Leaf:
        """The leaf, parsed; raises MalformedReceipt."""
        return parse_leaf(self.leaf)

    @classmethod
    def parse(cls, value: object) -> Receipt:
        """Read the JSON object of a receipt.

        Raises:
            MalformedReceipt: not a receipt.
        """
        members = _members(value, _MEMBERS, _GRADES)
        if type(members["v"]) is not int or members["v"] != 1:
            raise MalformedReceipt("the receipt is not of version 1")
        leaf = unb64u(members["leaf"], error=MalformedReceipt)
        if len(leaf) > LEAF_LIMIT:
            raise MalformedReceipt("the receipt's leaf is too large")
        return cls(
            leaf=leaf,
            index=_number(members["index"]),
            size=_number(members["size"]),
            proof=_hashes(members["proof"]),
            checkpoint=_note(members["checkpoint"]),
            witnessed=_parse_witnessed(members["witnessed"]) if "witnessed" in members else None,
            anchored=_parse_anchored(members["anchored"]) if "anchored" in members else None,
        )

    def dump_logged(self) -> bytes:
        """Return the canonical JSON of the receipt at its first grade, as `render` would have it.

        A quarter of the price: of what a log has just made, nothing needs to be checked.
        """
        proof = b",".join([b'"%b"' % b64u_octets(node) for node in self.proof])
        return b'{"checkpoint":%b,"index":%d,"leaf":"%b","proof":[%b],"size":%d,"v":1}' % (
            orjson.dumps(self.checkpoint.decode()),
            self.index,
            b64u_octets(self.leaf),
            proof,
            self.size,
        )

    def render(self) -> dict[str, Any]:
        members: dict[str, Any] = {
            "v": 1,
            "leaf": b64u(self.leaf),
            "index": self.index,
            "size": self.size,
            "proof": [b64u(node) for node in self.proof],
            "checkpoint": self.checkpoint.decode(),
        }
        if self.witnessed:
            members["witnessed"] = {
                "checkpoint": self.witnessed.checkpoint.decode(),
                "consistency": [b64u(node) for node in self.witnessed.consistency],
            }
        if self.anchored:
            members["anchored"] = {
                "chainId": self.anchored.chain_id,
                "contract": self.anchored.contract.hex(),
                "tx": self.anchored.tx.hex(),
                "block": self.anchored.block,
                "blockHash": self.anchored.block_hash.hex(),
                "size": self.anchored.size,
                "consistency": [b64u(node) for node in self.anchored.consistency],
            }
        return members


def verify_receipt(receipt: Receipt, *, sm2: Sm2PublicKey, ed25519: bytes, origin: str) -> None:
    """Check that the log `origin`, with these keys, contains the receipt's leaf.

    Raises:
        ReceiptInvalid: the checkpoint is another log's or of another size.
        InclusionInvalid: the leaf is not in the tree.
        CheckpointInvalid, MalformedCheckpoint: the checkpoint is not the log's.
    """
    checkpoint = receipt.signed_checkpoint.checkpoint
    if checkpoint.origin != origin:
        raise ReceiptInvalid(f"the receipt is of the log {checkpoint.origin}, not {origin}")
    if checkpoint.size != receipt.size:
        raise ReceiptInvalid("the receipt's checkpoint has another size")
    leaf = merkle.leaf_hash(receipt.leaf)
    merkle.verify_inclusion(leaf, receipt.index, receipt.size, receipt.proof, checkpoint.root)
    verify_note(receipt.signed_checkpoint, sm2=sm2, ed25519=ed25519)


def verify_anchored(receipt: Receipt, root: bytes) -> None:
    """Check that the receipt's tree is the beginning of the one anchored with `root`.

    `root` is the one the chain holds for the anchor the receipt names; that is for the caller to
    look up.

    Raises:
        InclusionInvalid: the receipt names no anchor.
        ConsistencyInvalid: the anchored tree does not continue the receipt's.
    """
    if receipt.anchored is None:
        raise InclusionInvalid("the receipt names no anchor")
    merkle.verify_consistency(
        receipt.size,
        receipt.signed_checkpoint.checkpoint.root,
        receipt.anchored.size,
        root,
        receipt.anchored.consistency,
    )


def _parse_witnessed(value: object) -> Witnessed:
    members = _members(value, _WITNESSED_MEMBERS)
    return Witnessed(_note(members["checkpoint"]), _hashes(members["consistency"]))


def _parse_anchored(value: object) -> Anchored:
    members = _members(value, _ANCHORED_MEMBERS)
    contract = members["contract"]
    if not isinstance(contract, str) or len(contract) != _ADDRESS_DIGITS:
        raise MalformedReceipt("the anchor's contract is no address")
    # Padded to a word, so that one strict reader of hex serves both.
    address = hex32("0" * 24 + contract, error=MalformedReceipt)[12:]
    return Anchored(
        chain_id=_number(members["chainId"]),
        contract=address,
        tx=hex32(members["tx"], error=MalformedReceipt),
        block=_number(members["block"]),
        block_hash=hex32(members["blockHash"], error=MalformedReceipt),
        size=_number(members["size"]),
        consistency=_hashes(members["consistency"]),
    )


def _members(value: object, required: set[str], allowed: set[str] | None = None) -> dict[str, Any]:
    everything = required | (allowed or set())
    if not isinstance(value, dict) or not required <= set(value) <= everything:
        raise MalformedReceipt(f"expected the members {', '.join(sorted(required))}")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise MalformedReceipt("a number of the receipt is no whole number from 0")
    return value


def _hashes(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > _PROOF_LIMIT:
        raise MalformedReceipt("a proof is a list of hashes")
    nodes = tuple(unb64u(node, error=MalformedReceipt) for node in value)
    if any(len(node) != merkle.HASH_SIZE for node in nodes):
        raise MalformedReceipt("a hash of a proof does not have 32 bytes")
    return nodes


def _note(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > _CHECKPOINT_LIMIT:
        raise MalformedReceipt("the receipt's checkpoint is not text")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise MalformedReceipt("the receipt's checkpoint is not UTF-8") from error
