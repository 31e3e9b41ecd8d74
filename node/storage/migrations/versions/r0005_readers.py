"""A session may be a reader's, signed in by an identity provider; those there are are officers'."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("office_session", sa.Column("reader", sa.String, nullable=True))


def downgrade() -> None:
    """End readers' sessions, which would be taken for officers', and take it away."""
    op.execute("DELETE FROM office_session WHERE reader IS NOT NULL")
    op.drop_column("office_session", "reader")
