"""Answers of the read model beyond the ledger's own records (`node.protocol.ledger.facts`).

Ids are raw bytes, times chain seconds unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import AuthorisationFact

    from .objects import ObjectRef


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the read model has come."""

    next_block: int
    """First block not applied."""
    block: BlockRef | None
    """The last block applied; None before the first."""
    filling: bool
    """True until the head has been reached once since the model was last emptied."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What the follower last saw of the chain; times are milliseconds of the wall clock."""

    seen_head: int
    contact_at_ms: int
    behind_since_ms: int | None
    """When a head above the cursor was first seen; None when caught up."""


@dataclass(frozen=True, slots=True)
class PendingFact:
    """A version that waits for its review."""

    entry: bytes
    provider: bytes
    version: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class StandingReplyFact:
    """The provider's answer in advance; in force only while `standing`."""

    entry: bytes
    standing: bool
    calls_per_day: int
    rows_per_day: int
    terms: bytes


@dataclass(frozen=True, slots=True)
class StepFact:
    """One decision on an authorisation, and the authorisation as it stood after it."""

    seq: int
    """Of the decision, in ShareAuthorisations."""
    name: str
    """ApplyFor, Reply or Step."""
    step: int
    """enums.Step; 0 for ApplyFor and Reply."""
    answer: int
    """enums.Answer; 0 for all but Reply."""
    block: int
    digest: bytes
    after: AuthorisationFact


@dataclass(frozen=True, slots=True)
class AnchorFact:
    """A size of a log that the chain has checked and kept."""

    log: bytes
    size: int
    old_size: int
    root: bytes
    checkpoint_hash: bytes
    """SHA-256 of the checkpoint's note text."""
    seq: int
    block: BlockRef
    log_index: int
    tx: bytes


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """A mined decision whose SM2 signature this node has checked itself."""

    contract: str
    seq: int
    name: str
    """Struct name, as ApplyFor."""
    block: BlockRef
    log_index: int
    tx: bytes
    signing_key: bytes
    hash: bytes
    """EIP-712 hash: what was signed, as 64 hex characters."""
    nonce: int
    not_after: int
    r: int
    s: int
    acting: bytes
    """Department that acted, by its role."""
    args: Mapping[str, object]
    """The event's arguments as decoded."""
    objects: tuple[ObjectRef, ...]
    """What the decision is about, kind and id."""
