"""`make bench-against REV=...`: build that revision, measure both in turns, say what became of it.

ROUNDS, CALLS, MINUTES and ENTRIES in the environment change its amounts; TESTS=1 adds the suite.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import orjson

from api.city.processes import Ending
from api.cli.console import note, say

from ..figures import show as show_lines
from ..machine import Machine
from .builds import CommandFailed, other, working_tree
from .rounds import Amounts, measure
from .verdict import compare, report, show

REPORT = Path("bench-against.json")


def main(revision: str) -> int:
    """Measure; return the exit code."""
    ending = Ending()
    try:
        # The stacks are unwound outside of `possible`: no second signal interrupts the cleaning up.
        with ExitStack() as build, ExitStack() as cities, ending.possible():
            _measure(revision, build, cities)
    except KeyboardInterrupt:
        say("已中断", "interrupted")
        return ending.exit_code
    except CommandFailed as error:
        note(f"✗ {error}", f"✗ {error}")
        return 1
    return 0


def _measure(revision: str, build: ExitStack, cities: ExitStack) -> None:
    started, machine, after = time.monotonic(), Machine(), working_tree()
    before = other(revision, after.folder, build)
    sides = measure((before, after), Amounts.chosen(), machine, started, cities)
    cities.close()
    if os.environ.get("TESTS") == "1":
        for side in sides:
            side.keep("tests_seconds", side.build.make("test"))
    aims = sides[0].city.generation.aims
    compared = compare(sides[0].found, sides[1].found, aims)
    revisions = before.revision, after.revision
    show(compared, aims, revisions)
    show_lines("机器与噪声", "Machine and noise", machine.lines())
    found = report(compared, aims, revisions, machine.lines())
    REPORT.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    rounds, seconds = len(sides[0].found["calls_per_second"]), time.monotonic() - started
    say(
        f"\n{rounds} 轮，用时 {seconds:.0f} 秒；已写入 {REPORT}",
        f"\n{rounds} rounds in {seconds:.0f} s; wrote {REPORT}",
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case [revision] if revision:
            sys.exit(main(revision))
        case _:
            note(
                "用法：make bench-against REV=提交（或已 make setup 的检出目录）",
                "usage: make bench-against REV=COMMIT (or a checkout whose make setup is done)",
            )
            sys.exit(1)
