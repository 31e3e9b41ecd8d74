"""Calls a second through one real node on loopback, and the gas of what came before.

`python -m bench.calls --fronts N` times a node of N fronts beside one of a single process instead.

The node is `api.app.serve` with its follower, keeper and fetcher, on a real embedded chain; every
call is signed, authorised by the read model, fetched, masked, sealed, logged and proved. Founding
the town takes some thirty decisions and some anchors: their gas is measured on the way.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson

from api.parts import Node
from api.settings import load_settings
from node.errors import Unavailable
from node.protocol.wire import encoding, ids
from tests.common import papers
from tests.common.chain import deployed_on, running_chain
from tests.common.founding import TownKeys
from tests.common.nodes import (
    QUERY,
    NodeTown,
    until,
    write_settings,
)

from . import plain
from .figures import (
    Line,
    Spread,
    p99,
    show,
)
from .load import Server, child
from .signing import Caller, person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.crypto import SoftwareSigner
    from node.office import Act, Decided

    from .load import Load

ROUNDS = 5
CALLS = 600
"""A round."""
WARM_UP = 200
ALONE = 100
CONNECTIONS = 32
PLAIN_ROUNDS = 3
PLAIN_CALLS = {"gmssl": 20, "libcrypto": 200}
"""A round."""
IDLE_SECONDS = 2.0
WORKERS = "SHARELEDGER_WORKERS"


@dataclass
class GasTown(NodeTown):
    """A town that keeps what its decisions cost."""

    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def decide(self, act: Act, *signers: SoftwareSigner) -> Decided:
        """Decide, and note the gas."""
        decided = super().decide(act, *signers)
        self.gas[decided.kind].append(decided.gas_used)
        return decided


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain way's figures with one cipher."""

    rate: Spread
    median_ms: Spread
    p99_ms: Spread
    cpu_ms: Spread
    alone_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; times in milliseconds."""

    rate: Spread
    """Calls a second."""
    median_ms: Spread
    p99_ms: Spread
    cpu_ms: Spread
    """Processor time of the node per call, all its threads."""
    alone_ms: float
    """Median of calls made one after the other."""
    alone_p99_ms: float
    idle_cpu: float
    """Per cent of one processor that a node without calls uses."""
    shared: float
    """Calls a commit, under load."""
    answer_bytes: int
    receipt_bytes: int
    leaf_bytes: int
    peak_mebibytes: float
    gas: dict[str, list[int]]
    plain: dict[str, Plain]


def measure(calls: int = CALLS) -> Figures:
    """Found a town on a real chain, then time calls to its node; then the plain way."""
    with tempfile.TemporaryDirectory(prefix="shareledger-calls-") as name:
        folder = Path(name)
        with town_apart(folder) as (town, server):
            requests = caller_of(town).sign(range(ROUNDS * calls + WARM_UP + ALONE))
            server.take(requests[:WARM_UP], CONNECTIONS)
            alone = server.take(requests[WARM_UP : WARM_UP + ALONE], 1)
            before = _commits(town)
            rounds = [
                server.take(requests[start : start + calls], CONNECTIONS)
                for start in range(WARM_UP + ALONE, len(requests), calls)
            ]
            commits = _commits(town) - before
            idle = server.cpu_seconds()
            time.sleep(IDLE_SECONDS)
            idle = (server.cpu_seconds() - idle) / IDLE_SECONDS
            peak = server.peak_mebibytes()
            for step in ("暂停", "恢复"):
                town.step(step)
            gas = {**town.gas, "Anchor": _anchor_gas(town)}
        answer = orjson.loads(rounds[-1].last)
        return Figures(
            rate=Spread.of(each.rate for each in rounds),
            median_ms=_milliseconds(rounds, statistics.median),
            p99_ms=_milliseconds(rounds, p99),
            cpu_ms=Spread.of(each.cpu_seconds * 1000 / calls for each in rounds),
            alone_ms=statistics.median(alone.seconds) * 1000,
            alone_p99_ms=p99(alone.seconds) * 1000,
            idle_cpu=idle * 100,
            shared=len(rounds) * calls / commits,
            answer_bytes=len(rounds[-1].last),
            receipt_bytes=len(orjson.dumps(answer["receipt"])),
            leaf_bytes=len(encoding.unb64u(answer["receipt"]["leaf"])),
            peak_mebibytes=peak,
            gas=gas,
            plain={cipher: _plain(folder, cipher) for cipher in plain.CIPHERS},
        )


def compare(fronts: int, calls: int = CALLS) -> list[Line]:
    """Return the report's lines on a node of several fronts beside one of one process."""
    ways = {workers: take(workers, calls) for workers in (1, fronts)}

    def both(name: str, chinese: str, figure: Callable[[Taken], str], aim: str = "") -> Line:
        return Line(chinese, name, figure(ways[fronts]), figure(ways[1]), aim)

    return [
        both("calls/s", "调用/秒", lambda way: way.rate.show()),
        both("loaded p99, ms", "有载 p99，毫秒", lambda way: way.p99_ms.show()),
        both("processor ms a call", "处理器毫秒/次", lambda way: way.cpu_ms.show(2)),
        both("memory, MiB", "内存，MiB", lambda way: f"{way.mebibytes:,.0f}"),
    ]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a node of several processes took."""

    rate: Spread
    p99_ms: Spread
    cpu_ms: Spread
    mebibytes: float


def take(workers: int, calls: int = CALLS) -> Taken:
    """Time calls to a node of so many fronts, all its processes counted."""
    with (
        tempfile.TemporaryDirectory(prefix="shareledger-calls-") as name,
        patch.dict(os.environ, {WORKERS: str(workers)}),
        town_apart(Path(name)) as (town, server),
    ):
        requests = caller_of(town).sign(range(ROUNDS * calls + WARM_UP))
        server.take(requests[:WARM_UP], CONNECTIONS)
        rounds = [
            server.take(requests[start : start + calls], CONNECTIONS)
            for start in range(WARM_UP, len(requests), calls)
        ]
        return Taken(
            rate=Spread.of(each.rate for each in rounds),
            p99_ms=_milliseconds(rounds, p99),
            cpu_ms=Spread.of(each.cpu_seconds * 1000 / calls for each in rounds),
            mebibytes=server.own_mebibytes(),
        )


def _milliseconds(rounds: list[Load], figure: Any) -> Spread:  # noqa: ANN401 - of many floats, one
    return Spread.of(figure(each.seconds) * 1000 for each in rounds)


def caller_of(town: NodeTown) -> Caller:
    """Return the town's application."""
    http = town.http(town.keys.application)
    return Caller(http, town.url, town.first, QUERY["purpose"], QUERY["items"])


def _commits(town: NodeTown) -> int:
    """Return how many commits the provider's log has made: each keeps its checkpoint a while."""
    path = town.node.settings.data_dir / "log.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as log:
        return int(log.execute("SELECT count(DISTINCT size) FROM batch").fetchone()[0])


def _anchor_gas(town: NodeTown) -> list[int]:
    """Return the gas of the provider's anchors."""
    node = town.node
    log = next(
        each.log for each in node.identities if each.department == ids.department_id(papers.POLICE)
    )
    found = []
    for anchor in node.queries.list_anchors(log):
        receipt = node.gateway.receipt(anchor.tx)
        if receipt is None:
            raise RuntimeError(f"no receipt of the anchor {anchor.tx.hex()}")
        found.append(receipt.gas_used)
    return found


@contextmanager
def town_apart(folder: Path) -> Iterator[tuple[GasTown, Server]]:
    """Found a town whose node runs in a process of its own."""
    (folder / "chain").mkdir()
    with running_chain(folder / "chain") as running, deployed_on(running) as chain:
        keys = TownKeys()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        settings = write_settings(folder, chain, keys, port)
        with child("bench.lone", str(settings), str(os.getpid())) as server:
            # The same disks, opened beside the running node as its command line would.
            node = Node(load_settings(settings))
            town = GasTown(chain, node, keys, server.url, [])
            try:
                town.found()
                town.grant()
                with town.client() as client:
                    until(lambda: _served(client, town))
                yield town, server
            finally:
                for http in town.https.values():
                    http.close()
                node.stop()


def _served(client: Any, town: NodeTown) -> bool:  # noqa: ANN401 - a LedgerClient
    try:
        client.query(town.first, **QUERY)
    except Unavailable:
        return False
    return True


def _plain(folder: Path, cipher: str) -> Plain:
    count = PLAIN_CALLS[cipher]
    numbers = [person(number) for number in range((PLAIN_ROUNDS + 1) * count)]
    requests = plain.sign_requests(cipher, numbers)
    with child("bench.plain", str(folder), cipher) as server:
        alone = server.take(requests[:count], 1)
        rounds = [
            server.take(requests[start : start + count], CONNECTIONS)
            for start in range(count, len(requests), count)
        ]
    return Plain(
        rate=Spread.of(each.rate for each in rounds),
        median_ms=_milliseconds(rounds, statistics.median),
        p99_ms=_milliseconds(rounds, p99),
        cpu_ms=Spread.of(each.cpu_seconds * 1000 / count for each in rounds),
        alone_ms=statistics.median(alone.seconds) * 1000,
    )


def lines(found: Figures) -> list[Line]:
    """Return the report's lines on calls; the plain way: gmssl/libcrypto."""
    ways = found.plain["gmssl"], found.plain["libcrypto"]

    def both(name: str, digits: int = 0) -> str:
        return "/".join(
            f"{value.median if isinstance(value, Spread) else value:,.{digits}f}"
            for value in (getattr(way, name) for way in ways)
        )

    return [
        Line(
            f"调用/秒（{CONNECTIONS} 连接）",
            f"calls/s ({CONNECTIONS} connections)",
            found.rate.show(),
            both("rate"),
            "2,000",
        ),
        Line(
            "有载时延中位数，毫秒", "loaded median, ms", found.median_ms.show(), both("median_ms")
        ),
        Line("有载 p99，毫秒", "loaded p99, ms", found.p99_ms.show(), both("p99_ms"), "50"),
        Line(
            "单独 中位数/p99，毫秒",
            "alone median/p99, ms",
            f"{found.alone_ms:.1f}/{found.alone_p99_ms:.1f}",
            both("alone_ms", 1),
        ),
        Line(
            "处理器毫秒/次",
            "processor ms a call",
            found.cpu_ms.show(2),
            both("cpu_ms", 2),
        ),
        Line("每次提交的调用", "calls a commit", f"{found.shared:.1f}", "1"),
        Line("空闲占一核，%", "idle, % of a core", f"{found.idle_cpu:.1f}"),
        Line(
            "字节 应答/回执/叶",
            "bytes answer/receipt/leaf",
            f"{found.answer_bytes:,}/{found.receipt_bytes:,}/{found.leaf_bytes:,}",
        ),
        Line("内存峰值，MiB", "peak memory, MiB", f"{found.peak_mebibytes:,.0f}"),
    ]


def gas_lines(found: Figures) -> list[Line]:
    """Return the report's lines on gas."""
    return [
        Line(kind, kind, _range(gas), aim=_GAS_AIMS.get(kind, _GAS_AIM))
        for kind, gas in sorted(found.gas.items())
        if gas
    ]


_GAS_AIM = "440,000"
_GAS_AIMS = {
    "Anchor": "65,000",
    "ApplyFor": "560,000",
    "EnrolDepartment": "1,100,000",
    "AddKey": "1,100,000",
}


def _range(gas: list[int]) -> str:
    low, high = min(gas), max(gas)
    return f"{low:,} ({len(gas)})" if low == high else f"{low:,}-{high:,} ({len(gas)})"


def main() -> None:
    """Measure and print."""
    found = measure()
    show("调用（朴素做法：gmssl/libcrypto）", "Calls (plain way: gmssl/libcrypto)", lines(found))
    show("决定与锚定的 gas（次数）", "Gas of decisions and anchors (how many)", gas_lines(found))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--fronts", fronts]:
            title = f"{fronts} 个应答进程（对比：一个进程）", f"{fronts} fronts (one process)"
            show(*title, compare(int(fronts)))
        case _:
            main()
