"""How often strangers may download in a minute: counted in `office.db`, for all front processes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from ..errors import Overloaded
from .tables import OpenTaken

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

MINUTE_SECONDS = 60
PER_ENTRY, IN_ALL = 6, 30
"""Downloads a minute. Each is a leaf of a log, which grows by 43,200 a day at most."""

_taken = OpenTaken.__table__  # type: ignore[attr-defined]


class Turnstile:
    """Lets a few through each minute; whoever is refused is not counted."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        """Count in `engine`; `clock` gives seconds."""
        self._engine, self._clock = engine, clock

    def take(self, entry: bytes) -> None:
        """Count one download of an entry.

        Raises:
            Overloaded: this minute's are used up.
        """
        minute = int(self._clock()) // MINUTE_SECONDS
        one = insert(_taken).values(minute=minute, entry=entry, times=1)
        counted = one.on_conflict_do_update(
            index_elements=[_taken.c.minute, _taken.c.entry],
            set_={"times": _taken.c.times + 1},
        ).returning(_taken.c.times)
        total = select(func.coalesce(func.sum(_taken.c.times), 0)).where(_taken.c.minute == minute)
        # Counted first, so that two fronts wait for each other; a refusal rolls back.
        with self._engine.begin() as connection:
            times: int = connection.scalar(counted)
            in_all: int = connection.scalar(total)
            if times > PER_ENTRY or in_all > IN_ALL:
                raise Overloaded(
                    f"下载太频繁：每目录每分钟 {PER_ENTRY} 次、共 {IN_ALL} 次，请稍后再试 / "
                    "too many downloads this minute",
                    most=PER_ENTRY,
                )
            connection.execute(delete(_taken).where(_taken.c.minute < minute))
