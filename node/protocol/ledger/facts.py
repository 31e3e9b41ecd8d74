"""What the ledger consists of: one plain, unchangeable record per kind of thing.

The rules (`registry`, `catalogue`, `authorisations`, `anchors`) read and write these through a
`store`; the read model keeps each as a row of its own. The first `KEY_SIZES[kind]` members are a
record's key. Ids are 32 raw bytes, times chain seconds, enumerations the contracts' numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ...crypto import Sm2PublicKey
from ..wire.ids import ZERO

if TYPE_CHECKING:
    from ..evm.blocks import BlockRef


class LedgerFact(NamedTuple):
    """What there is once; `one` is always 1."""

    one: int
    root: bytes
    """The department enrolled first, above all others."""
    authorisations: int
    """How many were applied for."""


class SequenceFact(NamedTuple):
    """The number of a contract's last event."""

    contract: str
    seq: int


class NonceFact(NamedTuple):
    """A nonce that a key has used up in a contract."""

    contract: str
    key: bytes
    nonce: int


class DepartmentFact(NamedTuple):
    """An enrolled department."""

    department: bytes
    code: str
    parent: bytes
    competent: bytes
    kind: int
    level: int
    screening: bool
    """As a competent department: a reviewer passes applications before the provider replies."""
    status: int
    """enums.DepartmentStatus."""
    digest: bytes
    """SM3 of its `department` document."""
    may_enrol: bool = False
    """May be named competent."""
    dependants: int = 0
    """Departments that name it competent and are not closed, itself left out."""


class KeyFact(NamedTuple):
    """A registered SM2 key."""

    key: bytes
    holder: bytes
    """Department id, or application id for an application's key."""
    kind: int
    """enums.KeyKind."""
    qx: int
    qy: int
    valid_from: int
    valid_until: int
    """Exclusive; 2**64-1 for a head key without an end."""
    revoked_at: int | None
    """Timestamp of the block that revoked it."""
    digest: bytes
    """SM3 of the `key` (for a first head key: `department`) document."""
    person: bytes = ZERO
    """Handle of the officer who holds it; 32 zero bytes for other kinds."""
    revoked_block: int | None = None

    @property
    def public(self) -> Sm2PublicKey:
        """The key as it verifies; raises MalformedKey off the curve, where the chain takes none."""
        return Sm2PublicKey.from_coordinates(self.qx, self.qy)


class PersonFact(NamedTuple):
    """Whose officer a person is, by his first key."""

    person: bytes
    department: bytes


class RoleFact(NamedTuple):
    """The roles a key holds in a department."""

    department: bytes
    key: bytes
    roles: int
    """Bits of enums.Role."""
    valid_from: int
    valid_until: int
    digest: bytes


class ApplicationFact(NamedTuple):
    """A registered application."""

    application: bytes
    department: bytes
    code_hash: bytes
    digest: bytes


class ContractFact(NamedTuple):
    """A contract listed as in force."""

    name: str
    address: bytes
    code_hash: bytes
    block: int


class CatalogueFact(NamedTuple):
    """An entry of the catalogue, whatever its versions."""

    entry: bytes
    provider: bytes
    code_hash: bytes
    latest: int = 0
    """Number of the version filed last."""
    state: int = 0
    """enums.EntryState of the latest version."""
    current: int = 0
    """Number of the published version in force; 0: none yet, or withdrawn."""
    current_state: int = 0
    """enums.EntryState of the version in force; 0: none yet."""
    latest_share_type: int = 0
    latest_item_count: int = 0
    share_type: int = 0
    item_count: int = 0
    standing: bool = False
    """The provider agrees beforehand."""
    frozen: bool = False
    """By order, whatever its versions do."""
    submitter: bytes = b""
    """First 8 bytes of the handle of who submitted what awaits review."""
    calls_per_day: int = 0
    rows_per_day: int = 0
    standing_terms: bytes = ZERO
    withdrawal_digest: bytes = ZERO


class VersionFact(NamedTuple):
    """One version of an entry, with the blocks that submitted and reviewed it."""

    entry: bytes
    version: int
    state: int
    share_type: int
    item_count: int
    digest: bytes
    submitter: bytes
    """The key that signed it in."""
    submitted_block: int
    reviewed_block: int | None
    review_digest: bytes | None


class AuthorisationFact(NamedTuple):
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
    share_type: int = 0
    """Of the pinned version."""
    item_count: int = 0
    """Of the pinned version."""
    prior: int = 0
    """The state it goes back to; 0: none kept."""
    suspended_by: int = 0
    """enums.Side; 0: not suspended since it was last resumed."""
    marks: int = 0
    """Bits of enums.Mark."""
    proposed: bytes = ZERO
    """keccak256 of the terms of the change that is open."""


class StandingGrantFact(NamedTuple):
    """What a standing reply has agreed to last, for one consumer."""

    entry: bytes
    consumer: bytes
    authorisation: int


class LogFact(NamedTuple):
    """A department's registered log, as far as the chain knows it."""

    log: bytes
    department: bytes
    origin: str
    relay: bytes
    size: int
    root: bytes
    seq: int
    generation: int = 1
    frozen: bool = False
    """Two roots of one size were shown."""
    superseded: bool = False
    """The department has opened the next."""

    @property
    def is_open(self) -> bool:
        """Whether it takes anchors."""
        return not (self.frozen or self.superseded)


class PresentLogFact(NamedTuple):
    """A department's present log."""

    department: bytes
    log: bytes
    generation: int


class EntryFact(NamedTuple):
    """A catalogue entry at one of its versions: a view of two records."""

    entry: bytes
    provider: bytes
    version: int
    state: int
    """enums.EntryState of that version."""
    frozen: bool
    share_type: int
    item_count: int
    digest: bytes
    """SM3 of the `catalogue-version` document."""


Record: TypeAlias = (
    LedgerFact
    | SequenceFact
    | NonceFact
    | DepartmentFact
    | KeyFact
    | PersonFact
    | RoleFact
    | ApplicationFact
    | ContractFact
    | CatalogueFact
    | VersionFact
    | AuthorisationFact
    | StandingGrantFact
    | LogFact
    | PresentLogFact
)

KEY_SIZES: dict[type[Any], int] = {
    LedgerFact: 1,
    SequenceFact: 1,
    NonceFact: 3,
    DepartmentFact: 1,
    KeyFact: 1,
    PersonFact: 1,
    RoleFact: 2,
    ApplicationFact: 1,
    ContractFact: 1,
    CatalogueFact: 1,
    VersionFact: 2,
    AuthorisationFact: 1,
    StandingGrantFact: 2,
    LogFact: 1,
    PresentLogFact: 1,
}
"""Every kind of record, with the number of its first members that are its key."""


def entry_at(entry: CatalogueFact, version: VersionFact) -> EntryFact:
    """Return an entry as one of its versions shows it."""
    return EntryFact(
        entry.entry,
        entry.provider,
        version.version,
        version.state,
        entry.frozen,
        version.share_type,
        version.item_count,
        version.digest,
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one call is judged by, read in one transaction at one block."""

    block: BlockRef
    key: KeyFact | None
    authorisation: AuthorisationFact | None
    entry: EntryFact | None
    provider: DepartmentFact | None
    consumer: DepartmentFact | None
