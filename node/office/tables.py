"""What the office keeps for people: sign-ins, sessions, drafts, downloads, in `office.db`.

Changed by Alembic revisions only (`node/storage/migrations`); nothing here makes a table. Other
front processes of the same node read the same rows: a session is nowhere else. Secrets are kept as
their digests; times are milliseconds of the wall clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, MetaData
from sqlmodel import Field, SQLModel

METADATA = MetaData()


class OfficeRow(SQLModel):
    """A row of office.db."""

    metadata = METADATA


class LoginSecret(OfficeRow, table=True):
    """What challenges are recognised by; one row, drawn once."""

    __tablename__ = "login_secret"

    one: int = Field(primary_key=True)
    secret: bytes = Field(sa_type=LargeBinary)


class UsedChallenge(OfficeRow, table=True):
    """A challenge that somebody has signed in with: it works once."""

    __tablename__ = "used_challenge"

    nonce: bytes = Field(sa_type=LargeBinary, primary_key=True)
    key: bytes = Field(sa_type=LargeBinary)
    expires: int = Field(sa_type=BigInteger, index=True)


class OfficeSession(OfficeRow, table=True):
    """Who has signed in at a browser: an officer with his key, or a reader by a provider's word."""

    __tablename__ = "office_session"

    id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    """SM3 of the cookie's token."""
    key: bytes = Field(sa_type=LargeBinary, index=True)
    """The key he signed in with; of a reader the digest of who he is to the provider."""
    origin: str
    login: str
    """The challenge he signed…"""
    signature: bytes = Field(sa_type=LargeBinary)
    """…and its signature: what an auditor's queries stand in the log under."""
    asked: int
    """How many such queries there were."""
    created: int = Field(sa_type=BigInteger)
    used: int = Field(sa_type=BigInteger, index=True)
    reader: str | None = None
    """What the provider said of a reader, as JSON; None: an officer."""


class OpenTaken(OfficeRow, table=True):
    """How often an entry was downloaded in a minute, or rows previewed in a session."""

    __tablename__ = "open_taken"

    minute: int = Field(sa_type=BigInteger, primary_key=True)
    """Of this node's clock, since 1970."""
    entry: bytes = Field(sa_type=LargeBinary, primary_key=True)
    """What was had, behind the mark of its gate (`turnstile`)."""
    times: int


class Draft(OfficeRow, table=True):
    """A piece of work that is not decided yet."""

    __tablename__ = "draft"

    id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    department: bytes = Field(sa_type=LargeBinary, index=True)
    kind: str
    title: str
    body: bytes = Field(sa_type=LargeBinary)
    """Whatever its kind makes of it."""
    author: bytes = Field(sa_type=LargeBinary)
    """Key of who saved it first."""
    waits_for: int = 0
    """Role it was handed to; 0: its author has it."""
    revision: int = 1
    changed_at: int = Field(default=0, sa_type=BigInteger)
    """Seconds of this node's clock."""
    handed_at: int | None = Field(default=None, sa_type=BigInteger)


class Note(OfficeRow, table=True):
    """A comment on a draft."""

    __tablename__ = "note"

    draft: bytes = Field(sa_type=LargeBinary, primary_key=True)
    number: int = Field(primary_key=True)
    author: bytes = Field(sa_type=LargeBinary)
    text: str
    written_at: int = Field(sa_type=BigInteger)


class Making(OfficeRow, table=True):
    """A part of what was made of a draft's table: read once, compared once, whoever looks."""

    __tablename__ = "making"

    draft: bytes = Field(sa_type=LargeBinary, primary_key=True)
    what: str = Field(primary_key=True)
    """What was made; of one that is at work how far it is."""
    part: str = Field(primary_key=True)
    of: bytes = Field(sa_type=LargeBinary)
    """Digest of all it was made of: for anything else it counts for nothing."""
    data: bytes = Field(sa_type=LargeBinary)
    """Packed."""
    at: int = Field(sa_type=BigInteger)
    """When it was kept, or its maker was heard of last."""
