"""The calls of one authorisation in a log, as its leaves tell them one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from node.protocol.wire.leaf import SERVED

from .counters import beijing_day


@dataclass(frozen=True, slots=True)
class CallChain:
    """The calls of one authorisation so far."""

    count: int
    last: bytes
    index: int
    """Where the last one stands."""
    day: int = 0
    calls: int = 0
    rows: int = 0
    """What was served on `day`, the last one."""

    def follow(self, index: int, hash_: bytes, members: dict[str, Any]) -> CallChain:
        """Return the chain one call longer."""
        day = max(self.day, beijing_day(members["at"]))
        calls, rows = (self.calls, self.rows) if day == self.day else (0, 0)
        if members["outcome"] == SERVED:
            calls, rows = calls + 1, rows + members["rows"]
        return CallChain(members["number"], hash_, index, day, calls, rows)

    def fits(self, count: int, last: bytes, day: int, calls: int, rows: int) -> bool:
        """Tell whether this is what a counter says, which may have opened a later day."""
        if (count, last) != (self.count, self.last) or day < self.day:
            return False
        return (calls, rows) == ((self.calls, self.rows) if day == self.day else (0, 0))
