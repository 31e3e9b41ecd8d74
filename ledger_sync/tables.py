"""Tables of the read model, each declared once: as table, as row and as what is shown.

Everything but `Cursor` and `Contact` is a projection: a function of the chain's events alone, with
keys that stand on chain (no autoincrement, no wall clock), so that a dropped and refilled model is
the same row for row. The columns of a table in `RECORDS` are the members of the core's record, name
for name and in its order. A change of any projected column raises SCHEMA_VERSION: there are no
migrations, a model of another version is refilled. Hot paths use the Core tables at the end.
"""

from typing import Annotated, Any, ClassVar

from pydantic import PlainSerializer
from sqlalchemy import Dialect, Index, Integer, LargeBinary, String, Table, TypeDecorator
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from node.protocol.ledger import facts

SCHEMA_VERSION = 3

Id = Annotated[bytes, PlainSerializer(bytes.hex, return_type=str)]
"""32 bytes; hexadecimal where it is shown."""


class Unsigned(TypeDecorator[int]):
    """An unsigned integer wider than SQL's: fixed-width big-endian bytes, which order as numbers.

    `validUntil` may be 2**64-1 and a hostile relay may anchor any uint64 size: neither fits the
    signed 64 bits of an INTEGER, and a follower must not die of a number.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, bits: int) -> None:
        super().__init__(bits // 8)
        self.size = bits // 8

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> bytes | None:  # noqa: ANN401 - SQLAlchemy's signature
        del dialect
        return None if value is None else int(value).to_bytes(self.size, "big")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401 - SQLAlchemy's signature
        del dialect
        return None if value is None else int.from_bytes(value, "big")


class _Table(SQLModel, registry=registry()):
    """A table of the read model; the registry of its own keeps other databases' tables out."""

    # The rows live in their primary key's tree: one write a row, and neighbours stay together.
    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}


def _id(*, key: bool = False, index: bool = False, size: int = 32) -> Any:  # noqa: ANN401 - a field of any type
    return Field(sa_type=LargeBinary(size), primary_key=key, index=index)


def _number(*, key: bool = False) -> Any:  # noqa: ANN401 - a field of any type
    # autoincrement=False: every key comes from the chain.
    kwargs = {"autoincrement": False} if key else {}
    return Field(sa_type=Integer, primary_key=key, sa_column_kwargs=kwargs)


def _unsigned(bits: int, *, key: bool = False) -> Any:  # noqa: ANN401 - a field of any type
    return Field(sa_type=Unsigned(bits), primary_key=key)


def _text(length: int, *, key: bool = False, index: bool = False) -> Any:  # noqa: ANN401 - a field of any type
    return Field(sa_type=String(length), primary_key=key, index=index)


class Cursor(_Table, table=True):
    """How far the model has come; one row."""

    id: int = _number(key=True)
    schema_version: int
    chain_id: int
    genesis_hash: Id = _id()
    registry_address: Id = _id(size=20)
    next_block: int
    hash: Id | None = Field(default=None, sa_type=LargeBinary(32))
    """Of block next_block - 1; none before the first."""
    timestamp: int
    filling: bool
    """Until the head has been reached once."""


class Contact(_Table, table=True):
    """What was last seen of the chain; one row, the only one that holds the wall clock (ms)."""

    id: int = _number(key=True)
    seen_head: int
    contact_at: int
    behind_since: int | None = None
    """None: caught up."""


class Block(_Table, table=True):
    """A block that was applied."""

    number: int = _number(key=True)
    hash: Id = _id(index=True)
    parent_hash: Id = _id()
    timestamp: int


class Ledger(_Table, table=True):
    """What there is once."""

    one: int = _number(key=True)
    root: Id = _id()
    authorisations: int


class Sequence(_Table, table=True):
    """The number of a contract's last event."""

    contract: str = _text(32, key=True)
    seq: int


class Department(_Table, table=True):
    """An enrolled department."""

    department: Id = _id(key=True)
    code: str = _text(64, index=True)
    parent: Id = _id()
    competent: Id = _id()
    kind: int
    level: int
    screening: bool
    status: int
    digest: Id = _id()
    may_enrol: bool
    dependants: int


class Key(_Table, table=True):
    """A registered key."""

    key: Id = _id(key=True)
    holder: Id = _id(index=True)
    kind: int
    qx: int = _unsigned(256)
    qy: int = _unsigned(256)
    valid_from: int = _unsigned(64)
    valid_until: int = _unsigned(64)
    revoked_at: int | None = None
    digest: Id = _id()
    person: Id = _id()
    revoked_block: int | None = None


class Person(_Table, table=True):
    """Whose officer a person is."""

    person: Id = _id(key=True)
    department: Id = _id(index=True)


class Role(_Table, table=True):
    """The roles of a key in a department."""

    department: Id = _id(key=True)
    key: Id = _id(key=True, index=True)
    roles: int
    valid_from: int = _unsigned(64)
    valid_until: int = _unsigned(64)
    digest: Id = _id()


class Application(_Table, table=True):
    """A registered application."""

    application: Id = _id(key=True)
    department: Id = _id(index=True)
    code_hash: Id = _id()
    digest: Id = _id()


class Contract(_Table, table=True):
    """A contract listed as in force."""

    name: str = _text(128, key=True)
    address: Id = _id(size=20)
    code_hash: Id = _id()
    block: int


class Entry(_Table, table=True):
    """A catalogue entry."""

    entry: Id = _id(key=True)
    provider: Id = _id(index=True)
    code_hash: Id = _id()
    latest: int
    state: int
    current: int
    current_state: int
    latest_share_type: int
    latest_item_count: int
    share_type: int
    item_count: int
    standing: bool
    frozen: bool
    submitter: Id = _id(size=8)
    calls_per_day: int
    rows_per_day: int
    standing_terms: Id = _id()
    withdrawal_digest: Id = _id()


class EntryVersion(_Table, table=True):
    """A version of an entry."""

    __tablename__ = "entry_version"

    entry: Id = _id(key=True)
    version: int = _number(key=True)
    state: int
    share_type: int
    item_count: int
    digest: Id = _id()
    submitter: Id = _id()
    submitted_block: int
    reviewed_block: int | None = None
    review_digest: Id | None = Field(default=None, sa_type=LargeBinary(32))


class _Authorised(_Table):
    """The members of an authorisation."""

    authorisation: int = _number(key=True)
    provider: Id = _id()
    consumer: Id = _id()
    entry: Id = _id()
    version: int
    items: int = _unsigned(256)
    purpose: Id = _id()
    application: Id = _id()
    mode: int
    state: int
    revision: int
    valid_from: int = _unsigned(64)
    valid_until: int = _unsigned(64)
    calls_per_day: int
    rows_per_day: int
    terms: Id = _id()
    subject: Id = _id()
    share_type: int
    item_count: int
    prior: int
    suspended_by: int
    marks: int
    proposed: Id = _id()


class Authorisation(_Authorised, table=True):
    """A share authorisation as it stands."""

    __table_args__: ClassVar[Any] = (
        *(
            Index(f"authorisation_{side}", side, "authorisation")
            for side in ("provider", "consumer", "entry")
        ),
        {"sqlite_with_rowid": False},
    )


class AuthorisationStep(_Authorised, table=True):
    """A decision on an authorisation, with the authorisation as it stood after it."""

    __tablename__ = "authorisation_step"

    seq: int = _number(key=True)
    """Of the decision, in ShareAuthorisations."""
    name: str = _text(32)
    step: int
    """enums.Step; 0 for ApplyFor and Reply."""
    answer: int
    """enums.Answer; 0 for all but Reply."""
    block: int
    digest: Id = _id()


class StandingGrant(_Table, table=True):
    """What a standing reply has agreed to last, for one consumer."""

    __tablename__ = "standing_grant"

    entry: Id = _id(key=True)
    consumer: Id = _id(key=True)
    authorisation: int


class Log(_Table, table=True):
    """A registered log."""

    log: Id = _id(key=True)
    department: Id = _id(index=True)
    origin: str = _text(160)
    relay: Id = _id(size=20)
    size: int = _unsigned(64)
    root: Id = _id()
    seq: int
    generation: int
    frozen: bool
    superseded: bool


class PresentLog(_Table, table=True):
    """A department's present log."""

    __tablename__ = "present_log"

    department: Id = _id(key=True)
    log: Id = _id()
    generation: int


class Anchor(_Table, table=True):
    """A size of a log that the chain keeps."""

    log: Id = _id(key=True)
    size: int = _unsigned(64, key=True)
    old_size: int = _unsigned(64)
    root: Id = _id()
    checkpoint_hash: Id = _id()
    seq: int
    block: int
    log_index: int
    tx: Id = _id()


class Decision(_Table, table=True):
    """A mined decision whose signature this node has checked."""

    __table_args__: ClassVar[Any] = (
        Index("decision_position", "block", "log_index"),
        # A signature works once: the write of a second decision with it fails.
        Index("decision_nonce", "contract", "signing_key", "nonce", unique=True),
        {"sqlite_with_rowid": False},
    )

    contract: str = _text(32, key=True)
    seq: int = _number(key=True)
    name: str = _text(32)
    block: int
    log_index: int
    tx: Id = _id()
    signing_key: Id = _id(index=True)
    hash: Id = _id(index=True)
    nonce: int = _unsigned(64)
    acting: Id = _id()
    """Department that acted."""
    event: bytes
    """The event's topics and data, as the chain has them."""


class DecisionObject(_Table, table=True):
    """What a decision is about."""

    __tablename__ = "decision_object"
    __table_args__: ClassVar[Any] = (
        Index("decision_object_decision", "contract", "seq"),
        {"sqlite_with_rowid": False},
    )

    kind: str = _text(16, key=True)
    object: Id = _id(key=True, size=36)
    contract: str = _text(32, key=True)
    seq: int = _number(key=True)


METADATA = _Table.metadata


def _of(name: str) -> Table:
    return METADATA.tables[name]


CURSOR, CONTACT, BLOCK = _of("cursor"), _of("contact"), _of("block")
DEPARTMENT, KEY, ROLE, PERSON = _of("department"), _of("key"), _of("role"), _of("person")
APPLICATION, CONTRACT = _of("application"), _of("contract")
ENTRY, ENTRY_VERSION = _of("entry"), _of("entry_version")
AUTHORISATION, AUTHORISATION_STEP = _of("authorisation"), _of("authorisation_step")
LOG, PRESENT_LOG, ANCHOR = _of("log"), _of("present_log"), _of("anchor")
DECISION, DECISION_OBJECT = _of("decision"), _of("decision_object")

RECORDS: dict[type[Any], Table] = {
    facts.LedgerFact: _of("ledger"),
    facts.SequenceFact: _of("sequence"),
    facts.DepartmentFact: DEPARTMENT,
    facts.KeyFact: KEY,
    facts.PersonFact: PERSON,
    facts.RoleFact: ROLE,
    facts.ApplicationFact: APPLICATION,
    facts.ContractFact: CONTRACT,
    facts.CatalogueFact: ENTRY,
    facts.VersionFact: ENTRY_VERSION,
    facts.AuthorisationFact: AUTHORISATION,
    facts.StandingGrantFact: _of("standing_grant"),
    facts.LogFact: LOG,
    facts.PresentLogFact: PRESENT_LOG,
}
"""The core's records and their tables; the nonces stand in `decision`."""

PROJECTIONS = tuple(
    table for table in METADATA.sorted_tables if table is not CURSOR and table is not CONTACT
)
"""Every table that is a function of the chain alone, by name."""
