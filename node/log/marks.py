"""How the hashes of leaves begin, strip by strip: by them one leaf of a million is found.

A projection in `tally.db`, made where calls are counted (`tallies`). The tiles have every hash, but
to look through a million of them is to read 32 megabytes; a mark is an eighth of a hash. It only
says where to look: what counts is the hash in the tile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, LargeBinary, Table, delete, select

from node.protocol.wire.merkle import HASH_SIZE

from ..storage.dialects import Whole, insert
from .strips import LEAVES, metadata, readable
from .tree import WIDTH

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from .reader import LogReader

MARK = 4
"""Bytes of a mark: of a million leaves, none but the one that is looked for begins so."""
NEWEST = 512
"""Strips of a log that have marks: a million leaves."""

mark = Table(
    "mark",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("marks", LargeBinary, nullable=False),
)
"""The marks of a strip's leaves, from its first one on, one after the other."""

_PUT = insert(mark)
_PUT = _PUT.on_conflict_do_update(
    index_elements=["log", "number"], set_={"marks": _PUT.excluded.marks}
)


class Marked(NamedTuple):
    """Where a leaf may be, by its mark."""

    places: list[int]
    """Indexes, the newest first."""
    first: int
    """The leaves from this index to `end` have marks; others have to be looked at."""
    end: int


class Marks:
    """The marks of the logs of one store; for any number of threads."""

    def __init__(self, engine: Engine) -> None:
        """Read through a read-only engine over `tally.db`."""
        self._engine = engine

    def find(self, log: bytes, leaf_hash: bytes) -> Marked:
        """Return where a leaf of this hash may be among the newest that have marks.

        Raises:
            LogUnavailable: tally.db cannot be read.
        """
        wanted, places, first, end = leaf_hash[:MARK], list[int](), 0, 0
        query = select(mark.c.number, mark.c.marks).where(mark.c.log == log)
        with readable(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(mark.c.number.desc()).limit(NEWEST))
            for number, marks in rows:
                stop = number * LEAVES + len(marks) // MARK
                if not end:
                    end = stop
                elif stop != first:  # leaves between them have none
                    break
                first = number * LEAVES
                places += sorted(_places(marks, wanted, first), reverse=True)
        return Marked(places, first, end)


def add_marks(connection: Connection, reader: LogReader, log: bytes, start: int, end: int) -> None:
    """Mark the leaves from one index to another, those before them being marked already.

    A strip whose beginning has no marks gets none: it was counted before there were any.
    """
    tiles = reader.tiles(log, start // WIDTH, -(-end // WIDTH) - start // WIDTH)
    found = b"".join(_marks(hashes) for _, hashes in tiles)
    found = found[start % WIDTH * MARK :][: (end - start) * MARK]
    rows = []
    for number in range(start // LEAVES, -(-end // LEAVES)):
        begins = number * LEAVES
        before = b""
        if begins < start:
            one = (mark.c.log == log) & (mark.c.number == number)
            before = connection.scalar(select(mark.c.marks).where(one)) or b""
            if len(before) != (start - begins) * MARK:
                continue
        place = (max(begins, start) - start) * MARK
        own = found[place : (min(begins + LEAVES, end) - start) * MARK]
        rows.append({"log": log, "number": number, "marks": before + own})
    if rows:
        connection.execute(_PUT, rows)
    old = mark.c.number <= (end - 1) // LEAVES - NEWEST
    connection.execute(delete(mark).where(mark.c.log == log, old))


def _marks(hashes: bytes) -> bytes:
    """Return the first four bytes of each of some hashes."""
    return memoryview(hashes).cast("I")[:: HASH_SIZE // MARK].tobytes()


def _places(marks: bytes, wanted: bytes, first: int) -> list[int]:
    found, place = [], marks.find(wanted)
    while place >= 0:
        if place % MARK == 0:  # else it is the end of one mark and the beginning of the next
            found.append(first + place // MARK)
        place = marks.find(wanted, place + 1)
    return found
