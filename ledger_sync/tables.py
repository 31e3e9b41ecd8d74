"""Tables of the read model, each declared once.

Everything but `cursor` and `contact` is a projection: a function of the chain's events alone, with
keys that stand on chain (no autoincrement, no wall clock), so that a dropped and refilled model is
the same row for row. A table in `RECORDS` has the members of the core's record as its columns, name
for name and in its order, and its key is the record's. A change of any projected column raises
SCHEMA_VERSION: there are no migrations, a model of another version is refilled.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    text,
)

from node.protocol.ledger import facts
from node.protocol.ledger.enums import EntryState
from node.storage.dialects import Whole, only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.types import TypeEngine

SCHEMA_VERSION = 6
METADATA = MetaData()

_BITS = dict.fromkeys(("qx", "qy", "items"), 256) | dict.fromkeys(
    ("valid_from", "valid_until", "size", "old_size", "nonce"), 64
)
"""Numbers wider than SQL's, by column."""
_BYTES = {"address": 20, "registry_address": 20, "relay": 20, "object": 36, "entry.submitter": 8}
"""What is not 32 bytes long; an event, its topics and data as the chain has them, has no length."""
_CHARACTERS = {
    "contract": 32,
    "code": 64,
    "name": 32,
    "contract.name": 128,
    "origin": 160,
    "kind": 16,
}


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


def _type_of(table: str, name: str, kind: type[Any]) -> TypeEngine[Any]:
    if kind is bytes:
        size = None if name == "event" else _BYTES.get(f"{table}.{name}", _BYTES.get(name, 32))
        return LargeBinary(size)
    if kind is str:
        return String(_CHARACTERS.get(f"{table}.{name}") or _CHARACTERS[name])
    if kind is bool:
        return Boolean()
    return Unsigned(_BITS[name]) if name in _BITS else Whole


def _table(
    name: str, members: Mapping[str, Any], keys: tuple[str, ...], *indexes: str | Index
) -> Table:
    """Declare a table; an index by a column's name is over that column alone."""
    columns = []
    for member, hint in members.items():
        kinds = get_args(hint) or (hint,)
        columns.append(
            Column(
                member,
                _type_of(name, member, kinds[0]),
                primary_key=member in keys,
                autoincrement=False,
                nullable=NoneType in kinds,
                index=member in indexes,
            )
        )
    wider = [index for index in indexes if isinstance(index, Index)]
    # The rows live in their primary key's tree: one write a row, and neighbours stay together.
    return Table(name, METADATA, *columns, *wider, sqlite_with_rowid=False)


def _waiting(name: str, state: EntryState, *columns: str) -> Index:
    """Declare an index of the versions in one state alone."""
    return Index(name, *columns, **only(text(f"state = {int(state)}")))


def _record(kind: type[Any], name: str, *indexes: str | Index) -> Table:
    return _table(name, get_type_hints(kind), kind._fields[: facts.KEY_SIZES[kind]], *indexes)


CURSOR = _table(
    "cursor",
    {
        "id": int,
        "schema_version": int,
        "chain_id": int,
        "genesis_hash": bytes,
        "registry_address": bytes,
        "next_block": int,
        "hash": bytes | None,  # of block next_block - 1; none before the first
        "timestamp": int,
        "filling": bool,  # until the head has been reached once
    },
    ("id",),
)
"""How far the model has come; one row."""

CONTACT = _table(
    "contact",
    # The only row that holds the wall clock (ms); `behind_since` is null when caught up.
    {"id": int, "seen_head": int, "contact_at": int, "behind_since": int | None},
    ("id",),
)
"""What was last seen of the chain; one row."""

BLOCK = _table(
    "block",
    {"number": int, "hash": bytes, "parent_hash": bytes, "timestamp": int},
    ("number",),
)
"""Blocks that were applied."""

DEPARTMENT = _record(facts.DepartmentFact, "department", "code")
KEY = _record(facts.KeyFact, "key", "holder")
PERSON = _record(facts.PersonFact, "person", "department")
ROLE = _record(facts.RoleFact, "role", "key")
APPLICATION = _record(facts.ApplicationFact, "application", "department")
CONTRACT = _record(facts.ContractFact, "contract")
ENTRY = _record(
    facts.CatalogueFact,
    "entry",
    "provider",
    # How a provider's entries stand is counted in this index alone.
    Index("entry_standing", "provider", "state", "current_state"),
)
ENTRY_VERSION = _record(
    facts.VersionFact,
    "entry_version",
    # What waits for a review is little beside what was reviewed: only that is in these indexes.
    _waiting("entry_version_pending", EntryState.SUBMITTED, "submitted_block", "entry"),
    _waiting("entry_version_withdrawing", EntryState.WITHDRAWAL_SUBMITTED, "entry"),
)
AUTHORISATION = _record(
    facts.AuthorisationFact,
    "authorisation",
    *(
        Index(f"authorisation_{side}", side, "authorisation")
        for side in ("provider", "consumer", "entry")
    ),
)
LOG = _record(facts.LogFact, "log", "department")
PRESENT_LOG = _record(facts.PresentLogFact, "present_log")

AUTHORISATION_STEP = _table(
    "authorisation_step",
    get_type_hints(facts.AuthorisationFact)
    | {
        "seq": int,  # of the decision, in ShareAuthorisations
        "name": str,
        "step": int,  # enums.Step; 0 for ApplyFor and Reply
        "answer": int,  # enums.Answer; 0 for all but Reply
        "block": int,
        "digest": bytes,
    },
    ("authorisation", "seq"),
)
"""Decisions on an authorisation, each with the authorisation as it stood after it."""

ANCHOR = _table(
    "anchor",
    {
        "log": bytes,
        "size": int,
        "old_size": int,
        "root": bytes,
        "checkpoint_hash": bytes,
        "seq": int,
        "block": int,
        "log_index": int,
        "tx": bytes,
    },
    ("log", "size"),
)
"""Sizes of logs that the chain keeps."""

DECISION = _table(
    "decision",
    {
        "contract": str,
        "seq": int,
        "name": str,
        "block": int,
        "log_index": int,
        "tx": bytes,
        "signing_key": bytes,
        "hash": bytes,
        "nonce": int,
        "acting": bytes,  # department that acted
        "event": bytes,
    },
    ("contract", "seq"),
    Index("decision_position", "block", "log_index"),
    # A signature works once: the write of a second decision with it fails.
    Index("decision_nonce", "contract", "signing_key", "nonce", unique=True),
)
"""Mined decisions whose signature this node has checked."""

DECISION_OBJECT = _table(
    "decision_object",
    {"kind": str, "object": bytes, "contract": str, "seq": int},
    ("kind", "object", "contract", "seq"),
    Index("decision_object_decision", "contract", "seq"),
)
"""What decisions are about."""

RECORDS: dict[type[Any], Table] = {
    facts.LedgerFact: _record(facts.LedgerFact, "ledger"),
    facts.SequenceFact: _record(facts.SequenceFact, "sequence"),
    facts.DepartmentFact: DEPARTMENT,
    facts.KeyFact: KEY,
    facts.PersonFact: PERSON,
    facts.RoleFact: ROLE,
    facts.ApplicationFact: APPLICATION,
    facts.ContractFact: CONTRACT,
    facts.CatalogueFact: ENTRY,
    facts.VersionFact: ENTRY_VERSION,
    facts.AuthorisationFact: AUTHORISATION,
    facts.StandingGrantFact: _record(facts.StandingGrantFact, "standing_grant"),
    facts.LogFact: LOG,
    facts.PresentLogFact: PRESENT_LOG,
}
"""The core's records and their tables; the nonces stand in `decision`."""

PROJECTIONS = tuple(
    table for table in METADATA.sorted_tables if table is not CURSOR and table is not CONTACT
)
"""Every table that is a function of the chain alone, by name."""
