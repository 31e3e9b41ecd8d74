"""Facts about the ledger's state as they cross between packages: plain frozen values.

`ledger_sync` fills them from the read model, `node.service` and `node.client` judge by them.
Ids are 32 raw bytes, times are chain seconds, enumerations are the contracts' numbers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block of the chain."""

    number: int
    hash: bytes
    timestamp: int
    """Seconds since 1970, as the block header says."""


@dataclass(frozen=True, slots=True)
class KeyFact:
    """A registered SM2 key."""

    key: bytes
    holder: bytes
    """Department id, or application id for an application's key."""
    kind: int
    """KeyKind: officer 1, department 2, application 3."""
    qx: int
    qy: int
    valid_from: int
    valid_until: int
    """Exclusive; 2**64-1 for a head key without an end."""
    revoked_at: int | None
    """Timestamp of the block that revoked it."""
    digest: bytes
    """SM3 of the `key` (for a first head key: `department`) document."""


@dataclass(frozen=True, slots=True)
class DepartmentFact:
    """An enrolled department."""

    department: bytes
    code: str
    parent: bytes
    competent: bytes
    kind: int
    level: int
    screening: bool
    status: int
    """DepartmentStatus: active 1, suspended 2."""
    digest: bytes


@dataclass(frozen=True, slots=True)
class EntryFact:
    """A catalogue entry at one of its versions."""

    entry: bytes
    provider: bytes
    version: int
    state: int
    """EntryState of that version."""
    frozen: bool
    share_type: int
    item_count: int
    digest: bytes
    """SM3 of the `catalogue-version` document."""


@dataclass(frozen=True, slots=True)
class AuthorisationFact:
    """A share authorisation as it stands."""

    authorisation: int
    provider: bytes
    consumer: bytes
    entry: bytes
    version: int
    """The pinned version."""
    items: int
    """Bitmap over the pinned version's items."""
    purpose: bytes
    application: bytes
    mode: int
    state: int
    revision: int
    valid_from: int
    valid_until: int
    calls_per_day: int
    rows_per_day: int
    terms: bytes
    """SM3 of the `terms` document; 32 zero bytes when there is none."""
    subject: bytes
    """SM3 of the latest document on this authorisation: what an answer must name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one call is judged by, read in one transaction at one block."""

    block: BlockRef
    key: KeyFact | None
    application_department: bytes | None
    """The department the caller's application belongs to; None if the key is no application's."""
    authorisation: AuthorisationFact | None
    entry: EntryFact | None
    provider: DepartmentFact | None
    consumer: DepartmentFact | None
