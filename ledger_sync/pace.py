"""How many blocks to ask for at once.

Grows slowly while ranges are answered, halves when one is not (chain.md section 8.2), and is held
to what fills one transaction, so that memory stays flat however full the blocks are.
"""

from __future__ import annotations

START_BLOCKS = 500
MOST_BLOCKS = 5000
MOST_EVENTS = 10_000
GROWTH = 1.05


class Pace:
    """The size of the next chunk, in blocks."""

    def __init__(self) -> None:
        self._blocks = float(START_BLOCKS)

    @property
    def blocks(self) -> int:
        """Blocks to ask for now, at least one."""
        return int(self._blocks)

    def answered(self, blocks: int, events: int) -> None:
        """Learn from a range that came."""
        if events > MOST_EVENTS:
            self._blocks = max(1.0, blocks * MOST_EVENTS / events)
        elif blocks == self.blocks:
            self._blocks = min(float(MOST_BLOCKS), max(self._blocks * GROWTH, self._blocks + 1))

    def refused(self) -> None:
        """Learn from a range that did not come."""
        self._blocks = max(1.0, self._blocks / 2)
