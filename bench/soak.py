"""Minutes at four fifths of what a node of several fronts can take: how long calls wait.

`python -m bench.soak [FRONTS [MINUTES]]`; 2 fronts and 10 minutes without. The most it takes is
measured first. Then calls are due at their times whether earlier ones are answered or not, and each
is timed from when it was due: a node that falls behind cannot make its own waiting look shorter.
Calls are signed as they are due: where the machine has no processor left for that, what the calls
wait for it is in the figures, too, and they say nothing of the node.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING
from unittest.mock import patch

from api.operating.notices import FOLDER, read_notices

from .calls import CALLS, CONNECTIONS, ROUNDS, WARM_UP, WORKERS, sign, town_apart
from .figures import Line, Spread, p99, show
from .load import ask, raw
from .machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .calls import GasTown
    from .load import Server

SHARE = 0.8
MINUTE = 60.0
AHEAD = 1_000
"""Calls signed before they are due: well below the 300 s after which a signature is too old."""
AIM_MS = 50
AIM_MEBIBYTES = 150


@dataclass
class Minute:
    """What one minute of it showed."""

    seconds: list[float] = field(default_factory=list)
    """From when each call was due to its answer's last byte."""
    mebibytes: dict[str, float] = field(default_factory=dict)
    """Resident memory of each process at its end, what it shares with others included."""

    @property
    def fronts(self) -> dict[str, float]:
        """That of the processes that answer."""
        return {name: size for name, size in self.mebibytes.items() if name.startswith("front")}


@dataclass(frozen=True, slots=True)
class Soaked:
    """What was measured."""

    most: Spread
    """Calls a second without any pause."""
    rate: float
    """Calls a second that were due."""
    cpu_ms: float
    """Processor time a call of all processes."""
    minutes: list[Minute]

    @property
    def seconds(self) -> list[float]:
        """Of all calls."""
        return [each for minute in self.minutes for each in minute.seconds]


def measure(fronts: int = 2, minutes: float = 10) -> Soaked:
    """Find the most, then keep four fifths of it up for so many minutes."""
    with (
        tempfile.TemporaryDirectory(prefix="shareledger-soak-") as name,
        patch.dict(os.environ, {WORKERS: str(fronts)}),
        town_apart(Path(name)) as (town, server),
    ):
        requests = [raw(each) for each in sign(town, ROUNDS * CALLS + WARM_UP)]
        server.take(requests[:WARM_UP], CONNECTIONS)
        most = Spread.of(
            server.take(requests[start : start + CALLS], CONNECTIONS).rate
            for start in range(WARM_UP, len(requests), CALLS)
        )
        rate = SHARE * most.median
        count, before = round(rate * minutes * MINUTE), server.cpu_seconds()
        with _signed(town, count) as waiting:
            found = asyncio.run(_keep_up(town, server, waiting, (rate, count)))
        return Soaked(most, rate, (server.cpu_seconds() - before) * 1000 / count, found)


@contextmanager
def _signed(town: GasTown, count: int) -> Iterator[Queue[bytes]]:
    """Sign calls in a thread, some ahead of those that are due."""
    waiting: Queue[bytes] = Queue(AHEAD)
    ended = threading.Event()

    def work() -> None:
        for request in sign(town, count):
            if ended.is_set():
                return
            waiting.put(raw(request))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield waiting
    finally:
        ended.set()
        while thread.is_alive():  # it may wait for room
            with suppress(Empty):
                waiting.get(timeout=0.1)


async def _keep_up(
    town: GasTown, server: Server, waiting: Queue[bytes], wanted: tuple[float, int]
) -> list[Minute]:
    rate, count = wanted
    folder = town.node.settings.data_dir / FOLDER
    minutes = [Minute()]
    begun = time.perf_counter()
    numbers = iter(range(count))

    async def run() -> None:
        async with ask(server.url) as answer:
            for number in numbers:
                due = begun + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                await answer(waiting.get())
                now = time.perf_counter()
                minutes[-1].seconds.append(now - due)
                if now - begun > len(minutes) * MINUTE:
                    minutes[-1].mebibytes = _resident(folder)
                    minutes.append(Minute())

    await asyncio.gather(*(run() for _ in range(2 * CONNECTIONS)))
    minutes[-1].mebibytes = _resident(folder)
    return [each for each in minutes if len(each.seconds) > 1]


def _resident(folder: Path) -> dict[str, float]:
    return {each.process: each.resident_bytes / (1 << 20) for each in read_notices(folder)}


def lines(found: Soaked) -> list[Line]:
    """Return the report."""
    first, last = found.minutes[0].fronts, found.minutes[-1].fronts
    grown = "，".join(f"{first[name]:.0f}→{last[name]:.0f}" for name in first)
    most = max(size for each in found.minutes for size in each.fronts.values())
    return [
        Line("不间断时的调用/秒", "calls/s without pause", found.most.show()),
        Line("其五分之四，调用/秒", "four fifths of it, calls/s", f"{found.rate:.0f}"),
        Line("调用次数", "calls", f"{len(found.seconds):,}"),
        Line("处理器毫秒/次", "processor ms a call", f"{found.cpu_ms:.2f}"),
        Line("p99，毫秒", "p99, ms", f"{p99(found.seconds) * 1000:.0f}", aim=str(AIM_MS)),
        Line(
            "每分钟的 p99，毫秒",
            "p99 of each minute, ms",
            Spread.of(p99(each.seconds) * 1000 for each in found.minutes).show(),
        ),
        Line(
            "应答进程的内存，首末一分钟，MiB",
            "memory of a front, first and last minute, MiB",
            grown,
        ),
        Line("其最高，MiB", "the most of it, MiB", f"{most:.0f}", aim=str(AIM_MEBIBYTES)),
    ]


def main() -> None:
    """Measure and print."""
    machine = Machine()
    machine.look()
    numbers = [float(each) for each in sys.argv[1:]]
    fronts, minutes = [*map(int, numbers[:1]), 2][0], [*numbers[1:], 10.0][0]
    show("持续负载", "Sustained load", lines(measure(fronts, minutes)))
    machine.look()
    show("机器与噪声", "Machine and noise", machine.lines())


if __name__ == "__main__":
    main()
