"""What a measurement found: repeated, with its spread, beside what it is compared with."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.cli.console import say, t, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure of several runs: noise is shown, not averaged away."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the spread of at least one value."""
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1])

    def show(self, digits: int = 0) -> str:
        """Return `median (lowest-highest)`."""
        median, low, high = (f"{value:,.{digits}f}" for value in (self.median, self.low, self.high))
        return median if low == high else f"{median} ({low}-{high})"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report."""

    chinese: str
    english: str
    ours: str
    plain: str = ""
    """The plain way's figure, from the same run."""
    aim: str = ""


def show(chinese: str, english: str, lines: Sequence[Line]) -> None:
    """Print one part of the report."""
    print()  # noqa: T201 - a bench prints
    say(f"━━ {chinese}", f"━━ {english}")
    headings = t("指标", "what"), t("本系统", "ours"), t("朴素做法", "plain way"), t("目标", "aim")
    rows = [(t(line.chinese, line.english), line.ours, line.plain, line.aim) for line in lines]
    used = [place for place in range(4) if place < 2 or any(row[place] for row in rows)]  # noqa: PLR2004
    table([headings[place] for place in used], [[row[place] for place in used] for row in rows])


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile of at least two values."""
    return statistics.quantiles(values, n=100)[98]
