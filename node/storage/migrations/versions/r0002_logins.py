"""A session keeps the login that opened it, and counts the queries made under it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
NAMES = ("login", "signature", "asked")


def upgrade() -> None:
    """Add the columns; whoever is signed in signs in again, for his login was not kept."""
    op.execute("DELETE FROM office_session")
    for name, kind, empty in zip(
        NAMES, (sa.String, sa.LargeBinary, sa.Integer), ("", "", "0"), strict=True
    ):
        column: sa.Column[object] = sa.Column(name, kind, nullable=False, server_default=empty)
        op.add_column("office_session", column)


def downgrade() -> None:
    """Take them away."""
    for name in NAMES:
        op.drop_column("office_session", name)
