"""A read model as text, and its hash: what two models are held against each other by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from ledger_sync.tables import PROJECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

ROWS_AT_ONCE = 1000


def fingerprint(engine: Engine) -> bytes:
    """Return SHA-256 over all rows of all projections, in the order of their keys."""
    digest = hashlib.sha256()
    with engine.connect() as connection:
        for line in dump(connection):
            digest.update(line.encode())
            digest.update(b"\n")
    return digest.digest()


def dump(connection: Connection) -> Iterator[str]:
    """Render every projected row as a line of text, tables by name and rows by key."""
    for table in PROJECTIONS:
        statement = select(table).order_by(*table.primary_key)
        result = connection.execute(statement.execution_options(yield_per=ROWS_AT_ONCE))
        for row in result:
            values = (value.hex() if isinstance(value, bytes) else str(value) for value in row)
            yield f"{table.name}\t" + "\t".join(values)
