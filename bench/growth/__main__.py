"""`python -m bench.growth [LARGEST] [PART ...]`: measure, write docs/scale.

Without a part all are measured, the log up to LARGEST entries and the others in proportion. The
default, 10,000,000, fills about 16 GB below TMPDIR and takes about an hour; 100,000 is a try. A
part that is not measured keeps its figures and its date. `--print` shows the tables without
touching the documents.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from api.cli.console import note, put

from .. import calls, soak
from . import measuring, rendering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LARGEST = 10_000_000
FRONTS = (1, 2, 3)
SOAKED = 2
"""Fronts of the node that is kept under load."""


def _calls(_largest: int) -> Iterable[object]:
    called = calls.measure()
    gas = {name: statistics.median(each) for name, each in called.gas.items()}
    yield measuring.Called(
        cpu_ms=called.cpu_ms.median,
        decision_gas=statistics.median(gas[name] for name in gas if name != "Anchor"),
        anchor_gas=gas["Anchor"],
    )


PARTS: dict[str, Callable[[int], Iterable[object]]] = {
    "calls": _calls,
    "fronts": lambda _largest: map(measuring.measure_fronts, FRONTS),
    "soak": lambda _largest: [measuring.told_of(SOAKED, soak.measure(SOAKED))],
    "log": lambda largest: measuring.measure_log(_up_to(measuring.LOG_SIZES, largest)),
    "search": lambda largest: measuring.measure_search(_up_to(measuring.SEARCH_SIZES, largest)),
    "sync": lambda largest: measuring.measure_sync(_up_to(measuring.SYNC_SIZES, largest // 10)),
}


def measure(parts: Iterable[str], largest: int) -> Iterator[rendering.Figures]:
    """Yield, after each part, the rows so far and when and where they were measured."""
    machine = f"{platform.machine()}, {os.cpu_count()} CPU, Python {sys.version.split()[0]}"
    found: rendering.Figures = {"dated": {}}
    for name in parts:
        found[name] = []
        for each in PARTS[name](largest):
            note(f"{name}: {each}", f"{name}: {each}")
            found[name].append(asdict(each))  # type: ignore[call-overload]
        found["dated"][name] = f"{time.strftime('%Y-%m-%d')}, {machine}"
        yield found


def _up_to(sizes: tuple[int, ...], largest: int) -> list[int]:
    return [size for size in sizes if size <= largest] or [largest]


def main() -> None:
    """Measure, then write or print."""
    words = [word for word in sys.argv[1:] if word != "--print"]
    numbers = [int(word) for word in words if word.isdigit()]
    parts = [word for word in words if not word.isdigit()] or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        note(
            f"没有这样的部分：{' '.join(unknown)}；有 {' '.join(PARTS)}",
            f"no such part: {' '.join(unknown)}; there are {' '.join(PARTS)}",
        )
        sys.exit(1)
    # Each part is kept once it is measured: a later one that fails takes nothing with it.
    for found in measure(parts, *(numbers or [LARGEST])):
        if "--print" not in sys.argv:
            rendering.write(rendering.beside_known(found))
    if "--print" in sys.argv:
        for lines in rendering.tables(rendering.beside_known(found), 0).values():
            put("\n".join(lines))


if __name__ == "__main__":
    main()
