"""What was made of a draft's table, kept beside the draft: made once, whoever looks and wherever.

Each part names the digest of all it was made of, and counts for nothing else; what is not here is
made again. How far a making has come is here as well: any front tells it, and a maker that has not
been heard of for a while is dead. Nothing here is authoritative; all of it goes with its draft.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Self

from sqlalchemy import delete, func, select

from ..errors import NotFound, Overloaded
from ..storage.dialects import insert
from .tables import Draft, Making

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sqlalchemy import Engine

AT_ONCE = 2
"""Makings at a time, in all processes of a node: each takes a processor for seconds."""
SILENT_MS, TOLD_MS = 30_000, 400
"""After so long without a word a maker is dead; how often it is heard at most."""
WHOLE = 1000
UNDERWAY = "underway"
LEVEL = 1
"""Of packing: texts of catalogues shrink to a fifth, at 100 MB a second."""

draft, making = Draft.__table__, Making.__table__  # type: ignore[attr-defined]


class Makings:
    """The makings in one office.db."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        """Keep them in `engine`; `clock` gives seconds."""
        self._engine, self._clock = engine, clock

    def find(self, of: bytes, named: bytes, what: str, parts: Collection[str]) -> dict[str, bytes]:
        """Return those of the parts that are here and were made of what has the digest `of`."""
        query = select(making.c.part, making.c.data).where(
            making.c.draft == named,
            making.c.what == what,
            making.c.of == of,
            making.c.part.in_(list(parts)),
        )
        with self._engine.connect() as connection:
            return {part: zlib.decompress(data) for part, data in connection.execute(query)}

    def keep(self, of: bytes, named: bytes, what: str, parts: Mapping[str, bytes]) -> None:
        """Keep what was made of a draft, in place of what was made of it before.

        Of a draft that has gone meanwhile nothing is kept.
        """
        now = self._now()
        rows = [
            {
                "draft": named,
                "what": what,
                "part": part,
                "of": of,
                "data": zlib.compress(data, LEVEL),
                "at": now,
            }
            for part, data in parts.items()
        ]
        with self._engine.begin() as connection:
            earlier = (making.c.draft == named) & (making.c.what == what)
            connection.execute(delete(making).where(earlier))
            if connection.scalar(select(draft.c.id).where(draft.c.id == named)) is not None:
                connection.execute(insert(making), rows)

    def begin(self, of: bytes, named: bytes) -> Underway | None:
        """Begin a making; None: it is being made.

        Raises:
            NotFound: there is no such draft.
            Overloaded: too many are being made.
        """
        now = self._now()
        alive = (making.c.what == UNDERWAY) & (making.c.at > now - SILENT_MS)
        mine = (making.c.what == UNDERWAY) & (making.c.draft == named)
        # One writer at a time: of two who ask at once the second finds the first's row.
        with self._engine.begin() as connection:
            if connection.scalar(select(draft.c.id).where(draft.c.id == named)) is None:
                raise NotFound(f"没有草稿 {named.hex()} / no such draft")
            known = connection.scalar(select(making.c.of).where(mine, alive))
            if known == of:
                return None
            others: int = connection.execute(
                select(func.count()).select_from(making).where(alive, making.c.draft != named)
            ).scalar_one()
            if others >= AT_ONCE:
                raise Overloaded(
                    "正在核对的表太多，请稍后再试 / too many tables are being compared"
                )
            connection.execute(delete(making).where(mine))
            row = {"draft": named, "what": UNDERWAY, "part": "", "of": of, "data": b"0", "at": now}
            connection.execute(insert(making), [row])
        return Underway(self, of, named)

    def share(self, of: bytes, named: bytes) -> int:
        """Return how far a making has come, of `WHOLE`; 0 where nobody is at it."""
        with self._engine.connect() as connection:
            found = connection.scalar(
                select(making.c.data).where(
                    making.c.draft == named, making.c.what == UNDERWAY, making.c.of == of
                )
            )
        return int(found or b"0")

    def tell(self, of: bytes, named: bytes, share: int | None) -> None:
        """Say how far a making has come; None: it is at its end, or was given up."""
        mine = (making.c.draft == named) & (making.c.what == UNDERWAY) & (making.c.of == of)
        values = {"data": b"%d" % (share or 0), "at": self._now()}
        with self._engine.begin() as connection:
            change = making.delete() if share is None else making.update().values(values)
            connection.execute(change.where(mine))

    def _now(self) -> int:
        return int(self._clock() * 1000)


class Underway:
    """A making somebody is at: tells how far it has come, and is over when it is left."""

    def __init__(self, makings: Makings, of: bytes, named: bytes) -> None:
        self._makings, self._of, self._named = makings, of, named
        self._told = time.monotonic()

    def __call__(self, share: float) -> None:
        """Say how far it is, from 0 to 1; told now and then."""
        now = time.monotonic()
        if (now - self._told) * 1000 >= TOLD_MS:
            self._told = now
            self._makings.tell(self._of, self._named, int(share * WHOLE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._makings.tell(self._of, self._named, None)
