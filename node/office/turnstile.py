"""How often something may be had in a minute: counted in `office.db`, for all front processes.

Strangers download, officers look at rows: each is a leaf of a log, which they could fill.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from ..errors import Overloaded
from ..storage.dialects import insert, summed
from .tables import OpenTaken

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

MINUTE_SECONDS = 60
PER_ENTRY, IN_ALL = 6, 30
"""Downloads a minute: a log grows by 43,200 a day at most."""
ID_SIZE = 32


@dataclass(frozen=True, slots=True)
class Gate:
    """What is counted apart from other things."""

    mark: bytes
    """Before the id of whatever it is had of: of another length at each gate."""
    each: int
    """Of one id in a minute."""
    in_all: int
    chinese: str
    english: str


DOWNLOADS = Gate(b"", PER_ENTRY, IN_ALL, "下载太频繁：每目录", "too many downloads this minute")
PREVIEWS = Gate(b"preview", 10, 30, "预览太频繁：每次登录", "too many previews this minute")

_taken = OpenTaken.__table__  # type: ignore[attr-defined]


class Turnstile:
    """Lets a few through each minute; whoever is refused is not counted."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        """Count in `engine`; `clock` gives seconds."""
        self._engine, self._clock = engine, clock

    def take(self, of: bytes, gate: Gate = DOWNLOADS) -> None:
        """Count one of an id of 32 bytes: a download's entry, a preview's session.

        Raises:
            Overloaded: this minute's are used up.
        """
        minute = int(self._clock()) // MINUTE_SECONDS
        one = insert(_taken).values(minute=minute, entry=gate.mark + of, times=1)
        counted = one.on_conflict_do_update(
            index_elements=[_taken.c.minute, _taken.c.entry],
            set_={"times": _taken.c.times + 1},
        ).returning(_taken.c.times)
        here = func.length(_taken.c.entry) == len(gate.mark) + ID_SIZE
        every = select(summed(_taken.c.times)).where(_taken.c.minute == minute, here)
        # Counted first, so that two fronts wait for each other; a refusal rolls back.
        with self._engine.begin() as connection:
            times, in_all = connection.scalar(counted) or 0, connection.scalar(every) or 0
            if times > gate.each or in_all > gate.in_all:
                raise Overloaded(
                    f"{gate.chinese}每分钟 {gate.each} 次、共 {gate.in_all} 次，请稍后再试 / "
                    f"{gate.english}",
                    most=gate.each,
                )
            connection.execute(delete(_taken).where(_taken.c.minute < minute))
