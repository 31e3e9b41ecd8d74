"""Events a second into the read model, from a chain recorded beforehand, beside the plain way.

Small events are anchors: decoded, checked, projected, committed. Decisions are role grants, each
hashed and its SM2 signature verified again in threads. The plain way: the same anchors, one SQLite
transaction a block, nothing checked. Fetching is not timed: the recorded chain answers from memory.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ledger_sync.follower import Follower
from ledger_sync.grants import Grants
from node.storage.engines import open_engine
from tests.common.story import CENTRE, Story

from .figures import Line, Spread, show

ANCHORS = 10_000
DECISIONS = 1_500
ROUNDS = 3
PLAIN_BLOCKS = 300
BLOCK = 10
"""Events a block."""
SNAPSHOTS = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, per second."""

    events: Spread
    events_cpu: Spread
    """By the processor's time of all threads: what an idle core would reach."""
    decisions: Spread
    decisions_cpu: Spread
    plain_events: Spread
    snapshots: Spread
    """Of a key and an authorisation the model has shown before at this block."""
    fresh_snapshots: Spread
    """Read from the database."""


def measure() -> Figures:
    """Record two chains and follow each from nothing, several times."""
    with tempfile.TemporaryDirectory(prefix="shareledger-sync-") as name:
        folder = Path(name)
        events = _rounds(_anchors(), folder / "anchors", ANCHORS)
        decisions = _rounds(record_decisions(), folder / "decisions", DECISIONS)
        engine = open_engine(folder / "decisions-0.db", readonly=True)
        grants = Grants(engine)
        snapshots = [_snapshots(grants, fresh=False) for _ in range(ROUNDS)]
        # Each a key of its own that the grants have not met.
        fresh = [_snapshots(Grants(engine), fresh=True) for _ in range(ROUNDS)]
        engine.dispose()
        return Figures(
            *events,
            *decisions,
            Spread.of(_plain(folder / f"plain-{number}.db") for number in range(ROUNDS)),
            Spread.of(snapshots),
            Spread.of(fresh),
        )


def _rounds(story: Story, database: Path, count: int) -> tuple[Spread, Spread]:
    """Return events a second by the clock and by the processor."""
    found = [
        follow(story, database.with_name(f"{database.name}-{number}.db"))
        for number in range(ROUNDS)
    ]
    return (
        Spread.of(count / wall for wall, _ in found),
        Spread.of(count / processor for _, processor in found),
    )


def _anchors() -> Story:
    story = Story.begin()
    story.enrol(CENTRE)
    log = story.register_log(CENTRE)
    for size in range(1, ANCHORS + 1):
        story.anchor(log, size - 1, size)
        if size % BLOCK == 0:
            story.mine()
    return story


def record_decisions(count: int = DECISIONS) -> Story:
    """Record a chain of role grants, each signed and checked."""
    story = Story.begin()
    story.enrol(CENTRE)
    key = story.heads[CENTRE].public_key.key_id
    for number in range(1, count + 1):
        story.grant(CENTRE, key, 4 + number % 2)
        if number % BLOCK == 0:
            story.mine()
    return story


def follow(story: Story, database: Path) -> tuple[float, float]:
    """Return the seconds from nothing to the head, by the clock and by the processor."""
    engine = open_engine(database)
    follower = Follower(engine, story.chain, story.chain.deployment)
    started, worked = time.perf_counter(), time.process_time()
    while follower.run_once():
        pass
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    follower.close()
    engine.dispose()
    return seconds, processor


def _snapshots(grants: Grants, *, fresh: bool) -> float:
    count = SNAPSHOTS // 10 if fresh else SNAPSHOTS
    started = time.perf_counter()
    for number in range(count):
        grants.snapshot(number.to_bytes(32, "big") if fresh else bytes(32), 1)
    return count / (time.perf_counter() - started)


def _plain(database: Path) -> float:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE anchor (log BLOB, size INTEGER, root BLOB, hash BLOB)")
    started = time.perf_counter()
    for block in range(PLAIN_BLOCKS):
        rows = [(bytes(32), block * BLOCK + at, bytes(32), bytes(32)) for at in range(BLOCK)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO anchor VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return PLAIN_BLOCKS * BLOCK / seconds


def lines(found: Figures) -> list[Line]:
    """Return the report's lines on the sync."""
    return [
        Line(
            "小事件/秒",
            "small events/s",
            found.events.show(),
            found.plain_events.show(),
            "60,000",
        ),
        Line("　按处理器时间", "  by processor time", found.events_cpu.show()),
        Line(
            "决定/秒，签名规则重验",
            "decisions/s, all rechecked",
            found.decisions.show(),
            aim="5,000",
        ),
        Line("　按处理器时间", "  by processor time", found.decisions_cpu.show()),
        Line("调用所用快照/秒", "snapshots for calls/s", found.snapshots.show()),
        Line("　区块刚变时", "  at a new block", found.fresh_snapshots.show()),
    ]


def main() -> None:
    """Measure and print."""
    show(
        "同步（朴素做法：每块一个事务，不核对）",
        "Sync (plain way: a transaction a block, unchecked)",
        lines(measure()),
    )


if __name__ == "__main__":
    main()
