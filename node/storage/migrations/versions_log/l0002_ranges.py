"""On PostgreSQL entries and requests lie in ranges of four million, a table each."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

RANGE_BITS, INDEX_BITS = 22, 40
COLUMNS = {"entry": "leaf", "request": "body"}


def upgrade() -> None:
    """Copy what is there into its ranges."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for name in COLUMNS:
        _make_anew(name, " PARTITION BY RANGE (position)")
        found = connection.scalars(
            sa.text(f"SELECT DISTINCT position >> {RANGE_BITS} FROM {name}_before ORDER BY 1")  # noqa: S608 - names of ours
        )
        for number in found:
            log, index = divmod(number, 1 << INDEX_BITS - RANGE_BITS)
            op.execute(
                f"CREATE TABLE {name}_{log}_{index} PARTITION OF {name}"
                f" FOR VALUES FROM ({number << RANGE_BITS}) TO ({number + 1 << RANGE_BITS})"
            )
        _copy(name)


def downgrade() -> None:
    """Copy it into one table again."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in COLUMNS:
        _make_anew(name, "")
        _copy(name)


def _make_anew(name: str, how: str) -> None:
    op.execute(f"ALTER TABLE {name} RENAME TO {name}_before")
    op.execute(f"ALTER INDEX {name}_pkey RENAME TO {name}_before_pkey")
    op.execute(
        f"CREATE TABLE {name} (position BIGINT NOT NULL, {COLUMNS[name]} BYTEA NOT NULL,"
        f" PRIMARY KEY (position)){how}"
    )


def _copy(name: str) -> None:
    op.execute(f"INSERT INTO {name} SELECT * FROM {name}_before")  # noqa: S608 - names of ours
    op.execute(f"DROP TABLE {name}_before")
