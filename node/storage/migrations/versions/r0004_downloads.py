"""Downloads of open data, counted by the minute."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "open_taken",
        sa.Column("minute", sa.BigInteger, primary_key=True),
        sa.Column("entry", sa.LargeBinary, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("open_taken")
