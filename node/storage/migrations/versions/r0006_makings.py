"""What was made of drafts, kept beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "making",
        sa.Column("draft", sa.LargeBinary, primary_key=True),
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("part", sa.String, primary_key=True),
        sa.Column("of", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Take it away: it is made again by whoever asks."""
    op.drop_table("making")
