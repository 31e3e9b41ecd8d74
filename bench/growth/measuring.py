"""The log of a town's provider, a search index and a read model, at growing sizes.

The log is filled below the API while no node runs, by its own committer. At every size a node is
started as a process, asked for a call until it answers, and left until it has anchored what is
there; then it is killed, and calls drawn at random are traced and proved by a reader of their own.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from api.parts import Node
from api.settings import load_settings
from ledger_sync.flows import FlowQueries
from ledger_sync.trace import Tracer
from node.protocol.wire.leaf import parse_leaf
from tests.common import nodes
from tests.common.chain import deployed_on, running_chain
from tests.common.node_process import NodeProcess
from tests.common.nodes import running_town, until

from .. import calls, search, sync
from ..figures import p99
from ..filling import BATCH, fill, police_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.log import LogReader
    from tests.common.nodes import NodeTown

    from ..soak import Soaked

LOG_SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SEARCH_SIZES = (10_000, 100_000, 1_000_000)
SYNC_SIZES = (10_000, 100_000, 1_000_000)
TRACES = 200
PROOFS = 2_000
LAST = 50_000
"""Entries of a filling whose appends are timed: what a log of that size takes."""
PATIENCE_SECONDS = 3_600
UNBOUNDED = {"callsPerDay": 2**32 - 1, "rowsPerDay": 2**32 - 1}


@dataclass(frozen=True, slots=True)
class Called:
    """What a call, a decision and an anchor cost."""

    cpu_ms: float
    """Processor time of a call, of all that a node does meanwhile."""
    decision_gas: float
    anchor_gas: float


@dataclass(frozen=True, slots=True)
class FrontsAt:
    """A node of so many fronts under as many calls as it takes."""

    fronts: int
    per_second: float
    p99_ms: float
    cpu_ms: float
    mebibytes: float
    """Of all its processes, what they share counted once."""


@dataclass(frozen=True, slots=True)
class SoakedAt:
    """Such a node under four fifths of that, for minutes."""

    fronts: int
    per_second: float
    minutes: int
    p99_ms: float
    worst_p99_ms: float
    """Of the worst minute."""
    first_mebibytes: float
    """Resident memory of the largest front after the first stretch."""
    last_mebibytes: float
    """And after the last."""


@dataclass(frozen=True, slots=True)
class LogAt:
    """A log of one size."""

    entries: int
    appends_per_second: float
    inclusion_per_second: float
    """Proofs at random places, each asked for the first time."""
    trace_median_ms: float
    trace_p99_ms: float
    """Of one call, to its authorisation, version, decisions, checkpoint and block."""
    restart_seconds: float
    """From the start of the process to the first answered call."""
    bytes_per_entry: float
    """log.db on the disk, answers kept for resends included."""
    mebibytes: float
    """Resident memory of the node that was restarted, once it had anchored."""


@dataclass(frozen=True, slots=True)
class SearchAt:
    """A search index of one size."""

    entries: int
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class SyncAt:
    """A read model built from nothing, of so many decisions."""

    decisions: int
    per_second: float
    catch_up_seconds: float
    bytes_per_decision: float


def measure_fronts(fronts: int) -> FrontsAt:
    """Time calls to a node of so many fronts."""
    taken = calls.take(fronts)
    return FrontsAt(
        fronts,
        per_second=taken.rate.median,
        p99_ms=taken.p99_ms.median,
        cpu_ms=taken.cpu_ms.median,
        mebibytes=taken.mebibytes,
    )


def told_of(fronts: int, found: Soaked) -> SoakedAt:
    """Return what a table says of minutes under load."""
    first, last = (max(found.stretches[place].mebibytes.values()) for place in (0, -1))
    return SoakedAt(
        fronts,
        per_second=found.rate,
        minutes=len(found.minutes),
        p99_ms=p99(found.seconds) * 1000,
        worst_p99_ms=max(p99(each) for each in found.minutes) * 1000,
        first_mebibytes=first,
        last_mebibytes=last,
    )


def measure_log(sizes: Sequence[int] = LOG_SIZES) -> Iterator[LogAt]:
    """Yield what a log takes at each size, ascending."""
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shareledger-growth-")))
            for _ in range(2)
        ]
        running = stack.enter_context(running_chain(folders[0]))
        chain = stack.enter_context(deployed_on(running))
        # More calls than a grant of the other benches allows a day.
        with patch.dict(nodes.QUOTA, UNBOUNDED), running_town(folders[1], chain) as town:
            town.serve()
        # Its node has stopped and its clients are closed; its chain and files go on.
        town.https.clear()
        stack.callback(_close, town)
        there = 0
        for size in sizes:
            yield _grow(town, folders[1], size - there)
            there = size


def _close(town: NodeTown) -> None:
    for http in town.https.values():
        http.close()


def _grow(town: NodeTown, folder: Path, calls: int) -> LogAt:
    settings = folder / "node.toml"
    node = Node(load_settings(settings))
    try:
        log = police_log(node).log
        seconds = fill(node, folder, town.first, calls)[-(LAST // BATCH) :]
        size = node.reader.head(log).size
    finally:
        node.stop()
    restarted, mebibytes = _restart(town, settings, log, size)
    node = Node(load_settings(settings))
    try:
        [database] = folder.rglob("log.db")
        tracer = Tracer(node.queries, node.reader, node.store, node.deployment)
        traced, proved = _trace(tracer, node.reader, log), _prove(node.reader, log)
        return LogAt(
            entries=size,
            appends_per_second=BATCH * len(seconds) / sum(seconds),
            inclusion_per_second=proved,
            trace_median_ms=statistics.median(traced),
            trace_p99_ms=p99(traced),
            restart_seconds=restarted,
            bytes_per_entry=database.stat().st_size / size,
            mebibytes=mebibytes,
        )
    finally:
        node.stop()


def _restart(town: NodeTown, settings: Path, log: bytes, size: int) -> tuple[float, float]:
    """Return the seconds to the first answer, and the memory once everything is anchored."""
    process = NodeProcess(settings, installed=True)
    started = time.perf_counter()
    try:
        process.start()
        with town.client() as client:
            until(lambda: town.answers(client), PATIENCE_SECONDS)
        took = time.perf_counter() - started
        node = Node(load_settings(settings))
        try:
            flows = FlowQueries(node.ledger_engine)
            until(
                lambda: any(each.size >= size for each in flows.anchored() if each.log == log),
                PATIENCE_SECONDS,
            )
        finally:
            node.stop()
        return took, process.mebibytes()
    finally:
        process.end()


def _trace(tracer: Tracer, reader: LogReader, log: bytes) -> list[float]:
    """Return the milliseconds of tracing one call each."""
    draw, size = random.Random(TRACES), reader.head(log).size - 1  # noqa: S311 - places in a log
    events = [parse_leaf(reader.entry(log, draw.randrange(size))).event for _ in range(TRACES)]
    milliseconds = []
    for event in events:
        started = time.perf_counter()
        tracer.trace_call(event)
        milliseconds.append((time.perf_counter() - started) * 1000)
    return milliseconds


def _prove(reader: LogReader, log: bytes) -> float:
    size = reader.head(log).size
    draw = random.Random(PROOFS)  # noqa: S311 - places in a log
    places = [draw.randrange(size) for _ in range(PROOFS)]
    started = time.perf_counter()
    for place in places:
        reader.inclusion(log, place, size)
    return PROOFS / (time.perf_counter() - started)


def measure_search(sizes: Sequence[int] = SEARCH_SIZES) -> Iterator[SearchAt]:
    """Yield what a search takes at each size."""
    for size in sizes:
        found = search.measure(size)
        yield SearchAt(size, found.median, found.p99)


def measure_sync(sizes: Sequence[int] = SYNC_SIZES) -> Iterator[SyncAt]:
    """Yield how fast an empty node catches up with a recorded chain."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="shareledger-growth-") as folder:
            database = Path(folder) / "ledger.db"
            seconds, _ = sync.follow(sync.record_decisions(size), database)
            each = database.stat().st_size / size
        yield SyncAt(size, size / seconds, seconds, each)
