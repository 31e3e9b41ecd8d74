"""Tables of the read model.

Everything but `cursor` and `contact` is a projection: a function of the chain's events alone, with
keys that stand on chain (no autoincrement, no wall clock), so that a dropped and refilled model is
the same row for row. A change of any projected column raises SCHEMA_VERSION: there are no
migrations, a model of another version is refilled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect

SCHEMA_VERSION = 2

METADATA = MetaData()


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
        """Turn the number into its bytes."""
        del dialect
        return None if value is None else int(value).to_bytes(self.size, "big")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401 - SQLAlchemy's signature
        """Turn the bytes back into the number."""
        del dialect
        return None if value is None else int.from_bytes(value, "big")


def _id(name: str, *, primary: bool = False, index: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary(32), primary_key=primary, nullable=False, index=index)


def _number(name: str, *, primary: bool = False) -> Column[int]:
    # autoincrement=False: every key comes from the chain.
    return Column(name, Integer, primary_key=primary, nullable=False, autoincrement=False)


def _unsigned(name: str, bits: int, *, primary: bool = False) -> Column[int]:
    return Column(name, Unsigned(bits), primary_key=primary, nullable=False)


def _table(name: str, *columns: Column[Any] | Index) -> Table:
    # The rows live in their primary key's tree: one write a row, and neighbours stay together.
    return Table(name, METADATA, *columns, sqlite_with_rowid=False)


CURSOR = _table(
    "cursor",
    _number("id", primary=True),  # always 1
    _number("schema_version"),
    _number("chain_id"),
    _id("genesis_hash"),
    Column("registry", LargeBinary(20), nullable=False),
    _number("next_block"),
    Column("hash", LargeBinary(32)),  # of block next_block - 1; NULL before the first
    _number("timestamp"),
    Column("filling", Boolean, nullable=False),  # true until the head has been reached once
)

CONTACT = _table(
    "contact",
    _number("id", primary=True),  # always 1
    _number("seen_head"),
    _number("contact_at"),  # wall clock, milliseconds: the one table that may hold it
    Column("behind_since", Integer),  # wall clock, milliseconds; NULL when caught up
)

BLOCK = _table(
    "block",
    _number("number", primary=True),
    _id("hash", index=True),
    _id("parent_hash"),
    _number("timestamp"),
)

SEQUENCE = _table("sequence", Column("contract", String(32), primary_key=True), _number("seq"))

DEPARTMENT = _table(
    "department",
    _id("department", primary=True),
    Column("code", String(64), nullable=False, index=True),
    _id("parent"),
    _id("competent"),
    _number("kind"),
    _number("level"),
    Column("screening", Boolean, nullable=False),
    _number("status"),
    _id("digest"),
)

KEY = _table(
    "key",
    _id("key", primary=True),
    _id("holder", index=True),
    _number("kind"),
    _unsigned("qx", 256),
    _unsigned("qy", 256),
    _unsigned("valid_from", 64),
    _unsigned("valid_until", 64),
    Column("revoked_at", Integer),
    _id("digest"),
)

ROLE = _table(
    "role",
    _id("department", primary=True),
    _id("key", primary=True, index=True),
    _number("roles"),
    _unsigned("valid_from", 64),
    _unsigned("valid_until", 64),
    _id("digest"),
)

APPLICATION = _table(
    "application",
    _id("application", primary=True),
    _id("department", index=True),
    _id("code_hash"),
    _id("digest"),
)

CONTRACT = _table(
    "contract",
    Column("name", String(32), primary_key=True),
    Column("address", LargeBinary(20), nullable=False),
    _id("code_hash"),
    _number("block"),
)

ENTRY = _table(
    "entry",
    _id("entry", primary=True),
    _id("provider", index=True),
    _id("code_hash"),
    _number("newest"),  # version submitted last
    _number("published"),  # version in force; 0 when there is none
    Column("frozen", Boolean, nullable=False),
)

ENTRY_VERSION = _table(
    "entry_version",
    _id("entry", primary=True),
    _number("version", primary=True),
    _number("state"),
    _number("share_type"),
    _number("item_count"),
    _id("digest"),
    _id("submitter"),  # the key that signed it in; another one must review it
    _number("submitted_block"),
    Column("reviewed_block", Integer),
    Column("review_digest", LargeBinary(32)),
)

STANDING_REPLY = _table(
    "standing_reply",
    _id("entry", primary=True),
    Column("standing", Boolean, nullable=False),
    _number("calls_per_day"),
    _number("rows_per_day"),
    _id("terms"),
)


def _authorisation_columns() -> tuple[Column[Any], ...]:
    return (
        _id("provider"),
        _id("consumer"),
        _id("entry"),
        _number("version"),
        _unsigned("items", 256),
        _id("purpose"),
        _id("application"),
        _number("mode"),
        _number("state"),
        _number("prior_state"),  # before it was suspended last; 0: never was
        _id("suspended_by"),  # department; zero: never was
        _number("revision"),
        _unsigned("valid_from", 64),
        _unsigned("valid_until", 64),
        _number("calls_per_day"),
        _number("rows_per_day"),
        _id("terms"),
        _id("subject"),
    )


AUTHORISATION = _table(
    "authorisation",
    _number("authorisation", primary=True),
    *_authorisation_columns(),
    Index("authorisation_provider", "provider", "authorisation"),
    Index("authorisation_consumer", "consumer", "authorisation"),
    Index("authorisation_entry", "entry", "authorisation"),
)

AUTHORISATION_STEP = _table(
    "authorisation_step",
    _number("authorisation", primary=True),
    _number("seq", primary=True),  # of the decision, in ShareAuthorisations
    Column("name", String(32), nullable=False),
    _number("step"),  # Step number; 0 for ApplyFor and Reply
    _number("answer"),  # Answer number; 0 for all but Reply
    _number("block"),
    _id("digest"),
    *_authorisation_columns(),  # as they stood after the decision
)

LOG = _table(
    "log",
    _id("log", primary=True),
    _id("department", index=True),
    Column("origin", String(160), nullable=False),
    Column("relay", LargeBinary(20), nullable=False),
    _unsigned("size", 64),
    _id("root"),
    _number("seq"),
)

ANCHOR = _table(
    "anchor",
    _id("log", primary=True),
    _unsigned("size", 64, primary=True),
    _unsigned("old_size", 64),
    _id("root"),
    _id("checkpoint_hash"),
    _number("seq"),
    _number("block"),
    _number("log_index"),
    _id("tx"),
)

DECISION = _table(
    "decision",
    Column("contract", String(32), primary_key=True),
    _number("seq", primary=True),
    Column("name", String(32), nullable=False),
    _number("block"),
    _number("log_index"),
    _id("tx"),
    _id("signing_key", index=True),
    _id("hash", index=True),
    _unsigned("nonce", 64),
    _unsigned("not_after", 64),
    _unsigned("r", 256),
    _unsigned("s", 256),
    _id("acting"),  # department that acted
    Column("args", Text, nullable=False),  # the event's arguments, JSON with bytes as hex
    Index("decision_position", "block", "log_index"),
    # A signature works once: the write of a second decision with it fails.
    Index("decision_nonce", "contract", "signing_key", "nonce", unique=True),
)

DECISION_OBJECT = _table(
    "decision_object",
    Column("kind", String(16), primary_key=True),
    Column("object", LargeBinary(36), primary_key=True),
    Column("contract", String(32), primary_key=True),
    _number("seq", primary=True),
    Index("decision_object_decision", "contract", "seq"),
)

PROJECTIONS = tuple(
    table for table in METADATA.sorted_tables if table is not CURSOR and table is not CONTACT
)
"""Every table that is a function of the chain alone, by name."""
