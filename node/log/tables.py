"""The tables of `log.db`, which holds the logs of every department this node serves.

A log is named outside by its 32-byte id and inside by a small number (`head.number`), and an entry
by one integer, `position`, so that rows of a log lie together and in order. Only
`node.log.commit` writes here, every write of one commit in one transaction, and `archiving` takes
away what a store has. Changed by revisions (`node/storage/migrations`).
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from ..storage.dialects import Whole

INDEX_BITS = 40
"""Entries a log can hold, as a power of two; log numbers take the bits above."""

_BY_POSITION = "RANGE (position)"
"""How PostgreSQL divides a table (`ranges`)."""

metadata = MetaData()

head = Table(
    "head",
    metadata,
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("log", LargeBinary(32), nullable=False, unique=True),
    Column("origin", Text, nullable=False),
    Column("department", LargeBinary(32), nullable=False),
    Column("size", Whole, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
    Column("at", Whole, nullable=False),
    Column(
        "indexed",
        Whole,
        CheckConstraint("indexed >= 0 AND indexed <= size"),
        nullable=False,
        server_default="0",
    ),
    CheckConstraint("size >= 0 AND length(root) = 32"),
)
"""One row a log: the only commit point. `size` never decreases; `at` is the last entry's, in ms.

Events and calls of the entries before `indexed` stand in their indexes, later ones in `batch`.
"""

entry = Table(
    "entry",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    postgresql_partition_by=_BY_POSITION,
)
"""The leaves, byte for byte as they were hashed (RFC 6962: the leaf hash is over 0x00 || leaf)."""

tile = Table(
    "tile",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("level", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""C2SP tlog-tiles of height 8: up to 256 hashes of 32 bytes; a level's last may be partial."""

event = Table(
    "event",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("event", LargeBinary(32), primary_key=True),
    Column("index", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""Every event id logged before `indexed`: the replay check, and the way to a call's entry."""

call = Table(
    "call",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("authorisation", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("index", Whole, nullable=False),
    Column("others", LargeBinary),
    sqlite_with_rowid=False,
)
"""The way from an authorisation to its numbered calls before `head.indexed`.

A row is about the calls that came into the index together: the first one's number and index, then
the indexes of those that follow it, eight bytes each; NULL: none does.
"""

counter = Table(
    "counter",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("authorisation", Whole, primary_key=True, autoincrement=False),
    Column("count", Whole, nullable=False),
    Column("last", LargeBinary(32), nullable=False),
    Column("day", Whole, nullable=False),
    Column("calls", Whole, nullable=False),
    Column("rows", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""Per authorisation: calls numbered so far, hash of the last one's leaf, what `day` has used."""

stranger = Table(
    "stranger",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(32), primary_key=True),
    Column("day", Whole, nullable=False),
    Column("calls", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""Per key: calls on `day` that named somebody else's authorisation, or none; they are limited."""

batch = Table(
    "batch",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("size", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),
    Column("calls", LargeBinary, nullable=False),
    Column("texts", LargeBinary, nullable=False),
    Column("answers", LargeBinary, nullable=False),
)
"""What one commit added, by the position of its first entry: what a resend gets again, and what the
indexes `event` and `call` do not have yet (`batchrows`). Several rows, where the answers are long
(`parts`). Tree size and signed checkpoint of the commit, the time of its last entry in ms; of each
entry in order the event id, authorisation and number, SHA-256 of the signed text, and the answer.

Purged by later commits once the resend window has passed and the indexes have it.
"""

request = Table(
    "request",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("entries", Whole),
    postgresql_partition_by=_BY_POSITION,
)
"""The bodies of the requests, so that an auditor can read what was asked (kept three years).

Those of `entries` entries from `position` on (`parts`); NULL, as it was once: of that one alone.
"""


def position(log_number: int, index: int) -> int:
    """Return the primary key of entry `index` of a log."""
    return log_number << INDEX_BITS | index
