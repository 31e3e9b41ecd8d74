"""Minutes at four fifths of what a node of several fronts can take: how long calls wait.

`python -m bench.soak [FRONTS [MINUTES]]`; 2 fronts and 10 minutes without. The most it takes is
measured first. Then calls are due at their times whether earlier ones are answered or not, and each
is timed from when it was due: a node that falls behind cannot make its own waiting look shorter.

A signature costs as much as a good part of a call. So calls are signed before they are due, while
the node rests: stretches of two minutes, for a signature counts for five, with a pause before each.
What sends them takes a few per cent of one processor, which the report says.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from .calls import CONNECTIONS, ROUNDS, WARM_UP, WORKERS, caller_of, town_apart
from .figures import Line, Spread, p99, show
from .load import fronts_of
from .machine import Machine

if TYPE_CHECKING:
    from .calls import GasTown
    from .load import Load, Server

SHARE = 0.8
MINUTE = 60.0
CALLS = 2_000
"""A round of those that find the most."""
STRETCH_MINUTES = 2
AIM_MS = 50
AIM_MEBIBYTES = 150


@dataclass(frozen=True, slots=True)
class Stretch:
    """What some minutes of it showed."""

    load: Load
    signing_seconds: float
    """The pause before."""
    mebibytes: dict[str, float]
    """Resident memory of each front at its end, what it shares with others included."""

    @property
    def minutes(self) -> list[list[float]]:
        """How long calls took, minute by minute."""
        seconds = self.load.seconds
        size = -(-len(seconds) // max(1, round(len(seconds) / self.load.rate / MINUTE)))
        return [seconds[start : start + size] for start in range(0, len(seconds), size)]


@dataclass(frozen=True, slots=True)
class Soaked:
    """What was measured."""

    most: Spread
    """Calls a second without any pause."""
    rate: float
    """Calls a second that were due."""
    stretches: list[Stretch]
    peak_mebibytes: float
    """The most any front had resident at any time."""

    @property
    def seconds(self) -> list[float]:
        """Of all calls."""
        return [each for stretch in self.stretches for each in stretch.load.seconds]

    @property
    def minutes(self) -> list[list[float]]:
        """The same, minute by minute."""
        return [minute for stretch in self.stretches for minute in stretch.minutes]

    @property
    def cpu_ms(self) -> float:
        """Processor time a call of all processes of the node."""
        used = sum(each.load.cpu_seconds for each in self.stretches)
        return used * 1000 / len(self.seconds)

    @property
    def sending_share(self) -> float:
        """Share of one processor that what sends the calls takes."""
        used = sum(each.load.own_seconds for each in self.stretches)
        return used * self.rate / len(self.seconds)


def measure(fronts: int = 2, minutes: float = 10) -> Soaked:
    """Find the most, then keep four fifths of it up for so many minutes."""
    with (
        tempfile.TemporaryDirectory(prefix="shareledger-soak-") as name,
        patch.dict(os.environ, {WORKERS: str(fronts)}),
        town_apart(Path(name)) as (town, server),
    ):
        requests = caller_of(town).sign(range(ROUNDS * CALLS + WARM_UP))
        server.take(requests[:WARM_UP], CONNECTIONS)
        most = Spread.of(
            server.take(requests[start : start + CALLS], CONNECTIONS).rate
            for start in range(WARM_UP, len(requests), CALLS)
        )
        rate, left, stretches = SHARE * most.median, minutes, []
        while left > 0:
            stretches.append(_keep_up(town, server, rate, min(left, STRETCH_MINUTES)))
            left -= STRETCH_MINUTES
        peak = max(each.peak_mebibytes() for each in _fronts(town, server).values())
        return Soaked(most, rate, stretches, peak)


def _keep_up(town: GasTown, server: Server, rate: float, minutes: float) -> Stretch:
    begun = time.perf_counter()
    requests = caller_of(town).sign(range(round(rate * minutes * MINUTE)))
    signed = time.perf_counter() - begun
    load = server.keep_up(requests, 2 * CONNECTIONS, rate)
    fronts = _fronts(town, server)
    return Stretch(load, signed, {name: each.resident_mebibytes() for name, each in fronts.items()})


def _fronts(town: GasTown, server: Server) -> dict[str, Server]:
    return fronts_of(server, town.node.settings.data_dir)


def lines(found: Soaked) -> list[Line]:
    """Return the report."""
    grown = "，".join(
        "→".join(f"{each.mebibytes[name]:.0f}" for each in found.stretches)
        for name in found.stretches[0].mebibytes
    )
    minutes = Spread.of(p99(each) * 1000 for each in found.minutes)
    pauses = Spread.of(each.signing_seconds for each in found.stretches)
    peak = f"{found.peak_mebibytes:.0f}"
    return [
        Line("不间断时的调用/秒", "calls/s without pause", found.most.show()),
        Line("其五分之四，调用/秒", "four fifths of it, calls/s", f"{found.rate:.0f}"),
        Line("调用次数", "calls", f"{len(found.seconds):,}"),
        Line("每段之前的签名停顿，秒", "pauses to sign, each before a stretch, s", pauses.show()),
        Line("处理器毫秒/次", "processor ms a call", f"{found.cpu_ms:.2f}"),
        Line("发送方占一核，%", "what sends, % of a core", f"{found.sending_share * 100:.0f}"),
        Line("p99，毫秒", "p99, ms", f"{p99(found.seconds) * 1000:.0f}", aim=str(AIM_MS)),
        Line("每分钟的 p99，毫秒", "p99 of each minute, ms", minutes.show()),
        Line("应答进程的内存，每段之后，MiB", "memory of a front after each stretch, MiB", grown),
        Line("其最高，MiB", "the most of it, MiB", peak, aim=str(AIM_MEBIBYTES)),
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
