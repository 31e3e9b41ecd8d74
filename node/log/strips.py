"""What each strip of a log holds: its calls summed by day, entry, authorisation and outcome.

A projection in `tally.db`, made where calls are counted (`tallies`). Whoever looks for calls passes
over the strips that hold none of them, and whoever counts reads no leaf of a strip that is summed.
The leaves stay what counts: what is shown of a call is read from them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.exc import SQLAlchemyError

from node.errors import LogUnavailable
from node.protocol.wire.leaf import SERVED

from ..storage.dialects import Whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import ColumnElement, Engine

LEAVES = 2_048
"""Of a strip."""
SPAN = 512
"""Strips looked at at once: a million leaves."""
MOST_SUMS = 5_000
"""Sums read at once; of whole strips alone, each of which has no more than it has leaves."""

metadata = MetaData()

tallied = Table(
    "tallied",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("first", Whole, nullable=False),
    Column("size", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""Which leaves of a log have been counted: those from `first`, where a strip begins, to `size`."""

strip = Table(
    "strip",
    metadata,
    Column("log", LargeBinary(32), primary_key=True),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("day", Whole, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary(32), primary_key=True),
    Column("authorisation", Whole, primary_key=True, autoincrement=False),
    Column("outcome", Text, primary_key=True),
    Column("calls", Whole, nullable=False),
    Column("rows", Whole, nullable=False),
    sqlite_with_rowid=False,
)
"""A strip's calls on a Beijing day, by what they named and how they ended."""


class Sum(NamedTuple):
    """Some calls of a strip."""

    number: int
    """Of the strip."""
    day: int
    authorisation: int
    """As the calls named it; whoever is refused as a stranger names what he likes."""
    outcome: str
    calls: int
    rows: int


@dataclass(frozen=True, slots=True)
class Window:
    """The sums of the strips before an index, the newest first; all are of what was asked for."""

    first: int
    """Leaves before this index are not summed."""
    size: int
    """Nor are those from this one on."""
    low: int
    """Leaves from here to `top` were looked at."""
    top: int
    """Where the strips begin, downwards; `low` where there are none to look at."""
    sums: tuple[Sum, ...]

    def strips(self) -> Iterator[tuple[int, list[Sum]]]:
        """Yield the index at which each strip begins, with its sums."""
        found: dict[int, list[Sum]] = {}
        for each in self.sums:
            found.setdefault(each.number, []).append(each)
        for number in range((self.top - 1) // LEAVES, self.low // LEAVES - 1, -1):
            yield number * LEAVES, found.get(number, [])

    @property
    def floor(self) -> int:
        """The index before which one has to look anew; 0: no strip before it is summed."""
        return self.low if self.low > self.first else 0

    def above(self, index: int) -> int:
        """Return where the first strip begins that has nothing before an index."""
        return min(self.top, -(-index // LEAVES) * LEAVES)

    def skipping(self, end: int, held: Collection[int]) -> int:
        """Return the index before which to look on from `end`, past the strips not `held`."""
        if end > self.top or end <= self.low:
            return end
        number = (end - 1) // LEAVES
        while number * LEAVES >= self.low and number not in held:
            number -= 1
        return min(end, (number + 1) * LEAVES)


class Strips:
    """The sums of the logs of one store; for any number of threads."""

    def __init__(self, engine: Engine) -> None:
        """Read through a read-only engine over `tally.db`."""
        self._engine = engine

    def look(
        self,
        log: bytes,
        end: int | None,
        *,
        entry: bytes | None = None,
        authorisations: Collection[int] | None = None,
        outcome: str | None = None,
        refused: bool = False,
    ) -> Window:
        """Return the sums of strips before an index, by default the newest; None: of any.

        Raises:
            LogUnavailable: tally.db cannot be read.
        """
        conditions: list[ColumnElement[bool]] = []
        if entry is not None:
            conditions.append(strip.c.entry == entry)
        if authorisations is not None:
            conditions.append(strip.c.authorisation.in_(sorted(authorisations)))
        if outcome is not None:
            conditions.append(strip.c.outcome == outcome)
        if refused:
            conditions.append(strip.c.outcome != SERVED)
        # Both in one transaction: the newest strip is summed as far as `size` says.
        with readable(), self._engine.connect() as connection:
            counted = connection.execute(select(tallied).where(tallied.c.log == log)).one_or_none()
            first, size = (counted.first, counted.size) if counted else (0, 0)
            top = size if end is None or end >= size else end // LEAVES * LEAVES
            if top <= first:
                return Window(first, size, top, top, ())
            below = -(-top // LEAVES)
            low = max(first // LEAVES, below - SPAN)
            query = select(*(strip.c[name] for name in Sum._fields)).where(
                strip.c.log == log, strip.c.number >= low, strip.c.number < below, *conditions
            )
            newest = query.order_by(strip.c.number.desc()).limit(MOST_SUMS + 1)
            found = [Sum(*row) for row in connection.execute(newest).all()]
        if len(found) > MOST_SUMS:
            low = found[-1].number + 1
        kept = tuple(each for each in found if each.number >= low)
        return Window(first, size, low * LEAVES, top, kept)

    def counted(self, log: bytes) -> tuple[int, int, bool]:
        """Return from where to where a log's leaves are summed, and whether a call is among them.

        Raises:
            LogUnavailable: tally.db cannot be read.
        """
        with readable(), self._engine.connect() as connection:
            counted = connection.execute(select(tallied).where(tallied.c.log == log)).one_or_none()
            if counted is None:
                return 0, 0, False
            query = select(strip.c.number).where(strip.c.log == log).limit(1)
            return counted.first, counted.size, connection.scalar(query) is not None


@contextmanager
def readable() -> Iterator[None]:
    """Say of tally.db that it cannot be read.

    Raises:
        LogUnavailable: it cannot.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise LogUnavailable("tally.db 读不出 / the tallies cannot be read") from error
