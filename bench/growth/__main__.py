"""`python -m bench.growth [LARGEST]`: measure up to a log of LARGEST entries, write docs/scale.

The default, 10,000,000, fills about 16 GB below TMPDIR and takes about an hour; 100,000 is a try,
and `--print` shows the tables without touching the documents.
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

from .. import calls
from . import measuring, rendering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import DataclassInstance

LARGEST = 10_000_000


def measure(largest: int) -> rendering.Figures:
    """Measure everything, the log up to `largest` entries and the others in proportion."""
    note("一、调用与 gas", "1. calls and gas")
    called = calls.measure()
    gas = {name: statistics.median(each) for name, each in called.gas.items()}
    found: rendering.Figures = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU, Python {sys.version.split()[0]}",
        "calls": {"per_second": called.rate.median, "p99_ms": called.p99_ms.median},
        "log": [],
        "search": [],
        "sync": [],
    }
    parts: dict[str, Iterator[DataclassInstance]] = {
        "log": measuring.measure_log(_up_to(measuring.LOG_SIZES, largest)),
        "search": measuring.measure_search(_up_to(measuring.SEARCH_SIZES, largest)),
        "sync": measuring.measure_sync(_up_to(measuring.SYNC_SIZES, largest // 10)),
    }
    for name, part in parts.items():
        for each in part:
            note(f"{name}: {each}", f"{name}: {each}")
            found[name].append(asdict(each))
    found["model"] = {
        "cpu_ms_per_call": called.cpu_ms.median,
        "appends_per_second": found["log"][-1]["appends_per_second"],
        "bytes_per_entry": found["log"][-1]["bytes_per_entry"],
        "decisions_per_second": found["sync"][-1]["per_second"],
        "bytes_per_decision": found["sync"][-1]["bytes_per_decision"],
        "decision_gas": statistics.median(gas[name] for name in gas if name != "Anchor"),
        "anchor_gas": gas["Anchor"],
    }
    return found


def _up_to(sizes: tuple[int, ...], largest: int) -> list[int]:
    return [size for size in sizes if size <= largest] or [largest]


def main() -> None:
    """Measure, then write or print."""
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word != "--print"]
    found = measure(*(numbers or [LARGEST]))
    if "--print" in words:
        for lines in rendering.tables(found, 0).values():
            put("\n".join(lines))
    else:
        rendering.write(found)


if __name__ == "__main__":
    main()
