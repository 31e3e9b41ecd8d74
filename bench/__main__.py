"""All measurements in one run, each shown as it is found, and the machine's noise at the end.

Every figure is a median with its lowest and highest value over repeated runs.
"""

from __future__ import annotations

import time

from api.cli.console import say

from . import (
    browsing,
    calls,
    log,
    search,
    seats,
    sync,
)
from .figures import show
from .machine import Machine


def main() -> None:
    """Measure and print."""
    started, machine = time.perf_counter(), Machine()
    machine.look()
    found = calls.measure()
    show(
        "调用（朴素做法：gmssl/libcrypto）",
        "Calls (plain way: gmssl/libcrypto)",
        calls.lines(found),
    )
    machine.look()
    show("日志", "Log", log.lines(log.measure()))
    machine.look()
    show(
        "同步（朴素做法：每块一个事务，不核对）",
        "Sync (plain way: a transaction a block, unchecked)",
        sync.lines(sync.measure()),
    )
    show("检索", "Search", search.lines(search.measure()))
    show("页面", "Pages", browsing.lines(browsing.measure()))
    show("坐席", "Seats", seats.lines(seats.measure()))
    show(
        "决定与锚定的 gas（次数）",
        "Gas of decisions and anchors (how many)",
        calls.gas_lines(found),
    )
    machine.look()
    show("机器与噪声", "Machine and noise", machine.lines())
    seconds = time.perf_counter() - started
    say(
        f"\n数值为中位数（最低-最高）；用时 {seconds:.0f} 秒",
        f"\nfigures are median (lowest-highest); took {seconds:.0f} s",
    )


if __name__ == "__main__":
    main()
