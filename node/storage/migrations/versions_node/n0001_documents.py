"""node.db as it was before it had revisions; what is there already is left alone.

Without `listing` and its index, which the search makes again from the documents.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite keeps a row under its primary key only when the type is spelt INTEGER.
whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
tables = sa.MetaData()


def _hash(name: str, **more: bool) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(32), **{"nullable": False, **more})  # type: ignore[arg-type]


def _whole(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, whole, nullable=nullable) for name in names]


def _text(name: str, *, primary_key: bool = False, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=primary_key, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _only(where: sa.ColumnElement[bool]) -> dict[str, Any]:
    return {"sqlite_where": where, "postgresql_where": where}


sa.Table(
    "document",
    tables,
    _hash("digest", primary_key=True),
    _text("kind"),
    _bytes("data"),
    _hash("author"),
    *_whole("received_at"),
    *_whole("bound_at", nullable=True),
    sa.Index("document_unbound", "author", **_only(sa.column("bound_at").is_(None))),
    sqlite_with_rowid=False,
)
sa.Table(
    "binding",
    tables,
    _text("object", primary_key=True),
    _hash("digest", primary_key=True),
    _text("kind"),
    _text("struct"),
    _hash("acting"),
    _bytes("parties"),
    *_whole("block", "log_index"),
    *_whole("judged_at", nullable=True),
    _text("contradiction", nullable=True),
    sa.Index("binding_digest", "digest"),
    sqlite_with_rowid=False,
)
sa.Table(
    "wanted",
    tables,
    _text("object", primary_key=True),
    _hash("digest", primary_key=True),
    *_whole("tries", "next_try"),
    sa.Index("wanted_due", "next_try"),
    sqlite_with_rowid=False,
)
sa.Table(
    "document_position",
    tables,
    sa.Column("one", whole, primary_key=True),
    *_whole("block", "log_index"),
)
sa.Table(
    "publication",
    tables,
    _hash("entry", primary_key=True),
    *_whole("version"),
    _text("object"),
    _hash("digest"),
    sa.Column("listed", sa.Boolean, nullable=False),
    sa.Index("publication_unlisted", "entry", **_only(sa.column("listed").is_(False))),
    sqlite_with_rowid=False,
)
sa.Table(
    "covered",
    tables,
    _hash("department", primary_key=True),
    _hash("space", primary_key=True),
    sa.Column("series", sa.Integer, primary_key=True),
    _text("code", primary_key=True),
    sqlite_with_rowid=False,
)
sa.Table("kept_mapping", tables, _hash("department", primary_key=True), _text("text"))
sa.Table("intention", tables, _hash("intention", primary_key=True), _hash("decision"))
sa.Table(
    "published",
    tables,
    _hash("log", primary_key=True),
    sa.Column("size", whole, primary_key=True, autoincrement=False),
    _hash("root"),
    _bytes("checkpoint"),
    *_whole("at"),
    sqlite_with_rowid=False,
)
sa.Table(
    "outbox",
    tables,
    sa.Column("id", whole, primary_key=True),
    sa.Column("unique_key", sa.String, nullable=False, unique=True),
    sa.Column("relay", sa.LargeBinary(20), nullable=False),
    *_whole("nonce"),
    sa.Column("to", sa.LargeBinary(20), nullable=False),
    _bytes("data"),
    *_whole("gas"),
    _bytes("raw"),
    _hash("hash"),
    sa.Column("state", sa.String(7), nullable=False),
    _bytes("filler", nullable=True),
    sa.Column("mined", sa.LargeBinary(32), nullable=True),
    _bytes("revert", nullable=True),
    _text("refusal", nullable=True),
    sa.UniqueConstraint("relay", "nonce"),
)


def upgrade() -> None:
    """Make what is missing."""
    tables.create_all(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    tables.drop_all(op.get_bind())
