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
    CheckConstraint("size >= 0 AND length(root) = 32"),
)
"""One row a log: the only commit point. `size` never decreases; `at` is the last entry's, in ms."""

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
"""Every event id ever logged: the replay check, and the way from a call to its entry."""

call = Table(
    "call",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("authorisation", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("index", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""The way from an authorisation to its numbered calls."""

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

recent = Table(
    "recent",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("size", Whole, nullable=False),
    Column("text", LargeBinary(32), nullable=False),
    Column("answer", LargeBinary),
)
"""What an identical resend gets again: SHA-256 of the signed text, tree size of the commit, answer.

Purged by later commits once the resend window has passed.
"""

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("log", Whole, primary_key=True, autoincrement=False),
    Column("size", Whole, primary_key=True, autoincrement=False),
    Column("checkpoint", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The signed checkpoints of recent commits, kept as long as the `recent` rows that name them."""

request = Table(
    "request",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    postgresql_partition_by=_BY_POSITION,
)
"""The bodies of the requests, so that an auditor can read what was asked (kept three years)."""


def position(log_number: int, index: int) -> int:
    """Return the primary key of entry `index` of a log."""
    return log_number << INDEX_BITS | index
