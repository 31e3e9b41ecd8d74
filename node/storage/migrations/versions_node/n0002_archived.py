"""How far each log's full tiles are in a store besides the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite keeps a row under its primary key only when the type is spelt INTEGER.
whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "archived",
        sa.Column("log", sa.LargeBinary(32), primary_key=True),
        sa.Column("store", sa.Text, primary_key=True),
        sa.Column("size", whole, nullable=False),
        sa.Column("moved", whole, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("archived")
