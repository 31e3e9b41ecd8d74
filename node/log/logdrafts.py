"""What goes into the log and what comes back: plain values, shared by its writers and readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.protocol.wire.ids import ZERO
from node.protocol.wire.receipt import Receipt

if TYPE_CHECKING:
    from node.crypto import Ed25519Signer, Signer

    from .leafdraft import LeafDraft


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """A log this node writes, and the keys that sign its checkpoints."""

    log: bytes
    """keccak256(origin)."""
    origin: str
    department: bytes
    sm2: Signer
    ed25519: Ed25519Signer


@dataclass(frozen=True, slots=True)
class Draft:
    """A judged request on its way into the log; the commit adds `at`, and a call's number."""

    log: bytes
    event: bytes
    text: bytes
    """The signed text whole, base and signature: what makes a resend identical."""
    authorisation: int
    counted: bool
    """False for what is no call of the authorisation's own application: number 0, outside the
    chain of its calls and its quota."""
    leaf: LeafDraft
    """Every leaf member except number, prev and at (protocol.md section 6.1)."""
    key: bytes = ZERO
    """Key id of the caller: what calls that no authorisation counts are limited by."""
    calls_per_day: int = 0
    rows_per_day: int = 0
    rows: int = 0
    answer: bytes | None = None
    """The sealed envelope's canonical bytes; None for a refusal."""
    request: bytes | None = None
    """The body of the request, to be kept beside the entry."""
    refusal: str | None = None
    """Problem code, or None for a call that is to be served."""


@dataclass(slots=True)
class Committed:
    """An entry of the log with its proof in the tree its commit signed: durable when seen.

    Not frozen, for making a frozen value of this size costs as much as hashing its leaf; nobody
    changes one all the same.
    """

    leaf: bytes
    index: int
    size: int
    proof: tuple[bytes, ...] = field(repr=False)
    checkpoint: bytes = field(repr=False)
    """The signed note of (size, root)."""
    outcome: str
    """`served` or a problem code; the quota may have turned the first into the second."""
    answer: bytes | None
    number: int
    remaining_calls: int
    remaining_rows: int
    """What the Beijing day still allows; 0 for a call that is not counted."""
    reset: int
    """Unix seconds of the next Beijing midnight, when the quota starts anew."""
    fresh: bool
    """False when this is the stored result of an identical earlier call."""

    def receipt(self) -> Receipt:
        """Return what the caller keeps: grade *logged*."""
        return Receipt(
            leaf=self.leaf,
            index=self.index,
            size=self.size,
            proof=self.proof,
            checkpoint=self.checkpoint,
        )
