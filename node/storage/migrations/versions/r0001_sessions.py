"""Sign-ins and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "login_secret",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "used_challenge",
        sa.Column("nonce", sa.LargeBinary, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_used_challenge_expires", "used_challenge", ["expires"])
    op.create_table(
        "office_session",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_office_session_key", "office_session", ["key"])
    op.create_index("ix_office_session_used", "office_session", ["used"])


def downgrade() -> None:
    """Take them away."""
    for name in ("office_session", "used_challenge", "login_secret"):
        op.drop_table(name)
