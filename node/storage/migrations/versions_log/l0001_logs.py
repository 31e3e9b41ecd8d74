"""The logs as they were before they had revisions; what is there already is left alone."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite keeps a row under its primary key only when the type is spelt INTEGER.
whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
tables = sa.MetaData()


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, whole, primary_key=True, autoincrement=False)


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, whole, nullable=False) for name in names]


sa.Table(
    "head",
    tables,
    _key("number"),
    sa.Column("log", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("department", sa.LargeBinary(32), nullable=False),
    *_whole("size"),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    *_whole("at"),
    sa.CheckConstraint("size >= 0 AND length(root) = 32"),
)
sa.Table("entry", tables, _key("position"), sa.Column("leaf", sa.LargeBinary, nullable=False))
sa.Table(
    "tile",
    tables,
    *map(_key, ("log", "level", "number")),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
sa.Table(
    "event",
    tables,
    _key("log"),
    sa.Column("event", sa.LargeBinary(32), primary_key=True),
    *_whole("index"),
    sqlite_with_rowid=False,
)
sa.Table(
    "call",
    tables,
    *map(_key, ("log", "authorisation", "number")),
    *_whole("index"),
    sqlite_with_rowid=False,
)
sa.Table(
    "counter",
    tables,
    *map(_key, ("log", "authorisation")),
    *_whole("count"),
    sa.Column("last", sa.LargeBinary(32), nullable=False),
    *_whole("day", "calls", "rows"),
    sqlite_with_rowid=False,
)
sa.Table(
    "stranger",
    tables,
    _key("log"),
    sa.Column("key", sa.LargeBinary(32), primary_key=True),
    *_whole("day", "calls"),
    sqlite_with_rowid=False,
)
sa.Table(
    "recent",
    tables,
    _key("position"),
    *_whole("at", "size"),
    sa.Column("text", sa.LargeBinary(32), nullable=False),
    sa.Column("answer", sa.LargeBinary),
)
sa.Table(
    "checkpoint",
    tables,
    *map(_key, ("log", "size")),
    sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
sa.Table("request", tables, _key("position"), sa.Column("body", sa.LargeBinary, nullable=False))


def upgrade() -> None:
    """Make what is missing."""
    tables.create_all(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    tables.drop_all(op.get_bind())
