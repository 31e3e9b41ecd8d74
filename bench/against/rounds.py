"""Every figure, measured in turns: one build, then the other, round after round."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.console import say
from node.documents.importing.template import write_template

from ..figures import p99
from ..load import fronts_of
from ..soak import SHARE
from .builds import PREFIX, CommandFailed
from .city import (
    POLICE,
    ROWS,
    City,
    Keys,
    founded,
)
from .history import Teller
from .recorded import Recorded, recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from ..machine import Machine
    from .builds import Build

CONNECTIONS = 32
VERIFICATIONS = 3
"""A round; the median counts."""
SEED = 20260101
BLANK, DECIDED, ANCHORED = "blank", "decided", "anchored"
"""Copies of a city's chain: with nothing more, with decisions, with anchors."""
HISTORIES = (BLANK, DECIDED, ANCHORED)

# The build's own bench appends: its drafts and leaves are of its own format.
_APPENDS = """
import sys, tempfile
from pathlib import Path
from bench.log import BATCH, _append, _identity
with tempfile.TemporaryDirectory(dir=sys.argv[2]) as folder:
    seconds, _, _ = _append(Path(folder) / "log.db", _identity(), int(sys.argv[1]))
print(len(seconds) * BATCH / sum(seconds))
"""

Found = dict[str, list[float]]
"""Figures by name, one value a round."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured."""

    rounds: int = 9
    calls: int = 2_000
    """A round; the other amounts follow from it."""
    minutes: float = 19.0
    """No round is begun that would probably not end within these; building included."""
    entries: int = 300
    """Entries of the table that is filed."""

    @classmethod
    def chosen(cls) -> Amounts:
        """Return the amounts of the environment: ROUNDS, CALLS, MINUTES, ENTRIES."""
        default = cls()
        return cls(
            int(os.environ.get("ROUNDS") or default.rounds),
            int(os.environ.get("CALLS") or default.calls),
            float(os.environ.get("MINUTES") or default.minutes),
            int(os.environ.get("ENTRIES") or default.entries),
        )

    @property
    def decisions(self) -> int:
        """Decisions to be followed."""
        return self.calls * 2

    @property
    def anchors(self) -> int:
        """Anchors to be followed."""
        return self.calls * 8

    @property
    def appends(self) -> int:
        """Leaves appended to a log, in whole tenths of batches."""
        return self.calls * 10


@dataclass
class Side:
    """One build, its city, and what was found."""

    build: Build
    city: City
    amounts: Amounts
    found: Found = field(default_factory=dict)
    histories: dict[str, Recorded] = field(default_factory=dict)
    made: int = 0
    """Calls made so far."""

    def keep(self, name: str, value: float) -> None:
        """Keep a figure of this round."""
        self.found.setdefault(name, []).append(value)

    def prepare(self, stack: ExitStack) -> None:
        """Start the chains to be followed, tell their history, export a bundle."""
        city = self.city
        for name in HISTORIES:
            running = city.chain_on(name)
            stack.callback(running.stop)
            running.start()
            history = stack.enter_context(recorded(running.server.url))
            city.write_settings(name, history.url)
            self.histories[name] = history
        Teller(city, self.histories[DECIDED].chain).decisions(self.amounts.decisions)
        Teller(city, self.histories[ANCHORED].chain).anchors(self.amounts.anchors)
        self.follow()
        event = city.await_calls()
        bundle = ("-o", "evidence.json", "--trust", "trust.json")
        city.run("trace", "export", event, *bundle, "--config", "node.toml")
        self.load()
        self.load_fronts()

    def load(self) -> None:
        """Measure calls: how many a second, and what each costs the node."""
        count = self.amounts.calls
        load = self.city.node.server.take(self._sign(count), CONNECTIONS)
        self.keep("calls_per_second", load.rate)
        self.keep("cpu_ms_per_call", load.cpu_seconds * 1000 / count)

    def load_fronts(self) -> None:
        """Measure a node of two fronts: the most calls, and how long they wait at 80 % of that.

        A build that does not know several processes does it with the one it has.
        """
        with self.city.of_fronts() as server:
            server.take(self._sign(self.amounts.calls // 4), CONNECTIONS)  # warms it up
            rate = server.take(self._sign(self.amounts.calls), CONNECTIONS).rate
            due = self._sign(self.amounts.calls * 2)
            kept = server.keep_up(due, 2 * CONNECTIONS, SHARE * rate)
            fronts = fronts_of(server, self.city.data_dir).values()
            self.keep("calls_per_second_two_fronts", rate)
            self.keep("p99_ms_at_80_percent", p99(kept.seconds) * 1000)
            self.keep("front_mebibytes", max(each.resident_mebibytes() for each in fronts))

    def _sign(self, count: int) -> list[bytes]:
        calls = self.city.calls(range(self.made, self.made + count))
        self.made += count
        return calls

    def prove(self) -> None:
        """Measure proofs: of consistency, over HTTP, warm after the first round."""
        draw, size = random.Random(SEED), self.amounts.calls  # noqa: S311 - which sizes
        server = self.city.node.server
        host = server.url.removeprefix("http://")
        asked = [
            f"GET /api/v1/logs/{POLICE}/consistency?old={draw.randrange(1, size)}&new={size} "
            f"HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            for _ in range(size)
        ]
        self.keep("proofs_per_second", server.take(asked, CONNECTIONS).rate)

    def append(self) -> None:
        """Measure durable appends to a log, in the build's own process."""
        said = self.build.script(_APPENDS, self.amounts.appends, self.city.folder)
        self.keep("appends_per_second", float(said))

    def follow(self) -> None:
        """Measure how long each history takes to follow."""
        for name in HISTORIES:
            self.keep(name, self._rebuild(name))

    def settle(self) -> None:
        """Turn the seconds of following into rates: less what there is to do without a history.

        On a noisy machine a few events may seem to cost nothing: half of the time always counts.
        """
        idle = statistics.median(self.found.pop(BLANK))
        for name, history, count in (
            ("decisions_per_second", DECIDED, self.amounts.decisions),
            ("events_per_second", ANCHORED, self.amounts.anchors),
        ):
            seconds = self.found.pop(history)
            self.found[name] = [count / max(each - idle, each / 2) for each in seconds]

    def verify(self) -> None:
        """Measure the offline verification of a bundle, the start of the process included."""
        command = ("verify", "evidence.json", "--trust", "trust.json")
        seconds = [self.build.seconds(self.city.folder, *command) for _ in range(VERIFICATIONS)]
        self.keep("verify_seconds", statistics.median(seconds))

    def file(self) -> None:
        """Measure the filing of a table by command line."""
        city, number = self.city, len(self.found.get("filing_seconds", ()))
        table = city.folder / f"table-{number}.xlsx"
        first = number * self.amounts.entries
        codes = (f"30300101/{first + index + 10_000:05d}" for index in range(self.amounts.entries))
        rows = [{**row, "信息资源代码": code} for code in codes for row in ROWS]
        write_template(table, rows)
        options = ("--config", "node.toml", "--key", "police-head.key")
        command = ("catalogue", "import", table.name, POLICE, *options)
        self.keep("filing_seconds", self.build.seconds(city.folder, *command))
        # What the node still does with these entries is not to be in the next figure.
        city.await_quiet()

    def weigh(self) -> None:
        """Measure the node's resident memory."""
        self.keep("node_mebibytes", self.city.node.server.resident_mebibytes())

    def _rebuild(self, name: str) -> float:
        """Return the seconds of a rebuilding, from its first question to the process's end."""
        history = self.histories[name]
        history.listen()
        self.city.run("sync", "rebuild", "--config", f"{name}.toml")
        ended = time.perf_counter()
        if history.first_at is None:
            raise CommandFailed(f"{self.build.revision}: sync rebuild asked the chain nothing")
        return ended - history.first_at


STEPS: tuple[Callable[[Side], None], ...] = (
    Side.load,
    Side.prove,
    Side.weigh,
    Side.load_fronts,
    Side.append,
    Side.follow,
    Side.verify,
    Side.file,
)


def measure(
    builds: tuple[Build, Build],
    amounts: Amounts,
    machine: Machine,
    started: float,
    stack: ExitStack,
) -> tuple[Side, Side]:
    """Found both cities and measure in turns; `started` is when the minutes began.

    Raises:
        CommandFailed: a build does not do what it is asked.
    """
    sides = _sides(builds, amounts, stack)
    for side in sides:
        side.found.clear()  # what came before only warmed it up
    machine.look()
    begun = time.monotonic()
    for number in range(1, amounts.rounds + 1):
        for step in STEPS:
            for side in sides:
                step(side)
        machine.look()
        now = time.monotonic()
        say(
            f"第 {number} 轮，共 {amounts.rounds} 轮：已用 {now - started:.0f} 秒",
            f"round {number} of {amounts.rounds}: {now - started:.0f} s so far",
        )
        if (now - started) + (now - begun) / number > amounts.minutes * 60:
            break
    for side in sides:
        side.settle()
    return sides


def _sides(builds: tuple[Build, Build], amounts: Amounts, stack: ExitStack) -> tuple[Side, Side]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
    keys = Keys.make(folder / "keys")
    sides = []
    for name, build in zip(("before", "after"), builds, strict=True):
        say(f"正在建立 {build.revision} 的城市", f"founding the city of {build.revision}")
        city = founded(build, keys, folder / name, HISTORIES, stack)
        sides.append(Side(build, city, amounts))
        sides[-1].prepare(stack)
    return sides[0], sides[1]
