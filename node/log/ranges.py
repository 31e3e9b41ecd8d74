"""Where a log's entries and requests lie on PostgreSQL: a table for each range of four million.

Old ranges can be moved to another tablespace, vacuumed and dumped by themselves. None is taken
away: a call that comes again is answered with its entry, however old. `event`, whose unique key is
the replay check, stays whole. SQLite has one table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from ..storage.dialects import is_postgresql
from .tables import INDEX_BITS, entry, position, request

if TYPE_CHECKING:
    from sqlalchemy import Connection

RANGE_BITS = 22
"""Entries of one range, as a power of two: some six gigabytes."""
RANGED = (entry, request)


def make_room(connection: Connection, log_number: int, size: int) -> int:
    """Make the ranges a log of `size` leaves needs, in the caller's transaction.

    Returns how many leaves there is room for.
    """
    if not is_postgresql(connection):
        return 1 << INDEX_BITS
    there = set(inspect(connection).get_table_names())
    ranges = (size >> RANGE_BITS) + 1  # one more leaf has its place, too
    for number in range(ranges):
        first, end = (position(log_number, each << RANGE_BITS) for each in (number, number + 1))
        for table in RANGED:
            name = f"{table.name}_{log_number}_{number}"
            if name in there:
                continue
            # Made alone and then attached: PARTITION OF would wait for everybody who reads the
            # whole, and a commit waits for nobody.
            connection.execute(text(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL)"))
            connection.execute(
                text(
                    f"ALTER TABLE {table.name} ATTACH PARTITION {name}"
                    f" FOR VALUES FROM ({first}) TO ({end})"
                )
            )
    return ranges << RANGE_BITS
