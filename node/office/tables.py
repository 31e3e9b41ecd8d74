"""What the office keeps for people: sign-ins and sessions, in `office.db`.

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
    """An officer who has signed in at a browser."""

    __tablename__ = "office_session"

    id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    """SM3 of the cookie's token."""
    key: bytes = Field(sa_type=LargeBinary, index=True)
    """The key he signed in with."""
    origin: str
    created: int = Field(sa_type=BigInteger)
    used: int = Field(sa_type=BigInteger, index=True)
