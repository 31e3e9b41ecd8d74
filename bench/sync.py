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
from node.store import open_engine
from tests.common.story import CENTRE, Story

ANCHORS = 30_000
DECISIONS = 4_000
PLAIN_BLOCKS = 1_000
BLOCK = 10
"""Events a block."""
SNAPSHOTS = 20_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, per second."""

    events: float
    events_cpu: float
    """By the processor's time of all threads: what an idle core would reach."""
    decisions: float
    decisions_cpu: float
    plain_events: float
    snapshots: float
    """Of a key and an authorisation the model has shown before at this block."""
    fresh_snapshots: float
    """Read from the database."""


def measure() -> Figures:
    """Record two chains and follow them."""
    with tempfile.TemporaryDirectory(prefix="shareledger-sync-") as name:
        folder = Path(name)
        events = _follow(_anchors(), folder / "anchors.db")
        decisions = _follow(_decisions(), folder / "decisions.db")
        engine = open_engine(folder / "decisions.db", readonly=True)
        grants = Grants(engine)
        snapshots = _snapshots(grants, fresh=False)
        fresh = _snapshots(grants, fresh=True)
        engine.dispose()
        plain = _plain(folder / "plain.db")
        return Figures(
            ANCHORS / events[0],
            ANCHORS / events[1],
            DECISIONS / decisions[0],
            DECISIONS / decisions[1],
            plain,
            snapshots,
            fresh,
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


def _decisions() -> Story:
    story = Story.begin()
    story.enrol(CENTRE)
    key = story.heads[CENTRE].public_key.key_id
    for number in range(1, DECISIONS + 1):
        story.grant(CENTRE, key, 4 + number % 2)
        if number % BLOCK == 0:
            story.mine()
    return story


def _follow(story: Story, database: Path) -> tuple[float, float]:
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


def main() -> None:
    """Measure and print."""
    found = measure()
    print(  # noqa: T201 - a bench prints
        f"sync: {found.events:,.0f} small events/s ({found.events_cpu:,.0f}/s by processor time); "
        f"{found.decisions:,.0f} decisions/s with SM2 verified again ({found.decisions_cpu:,.0f}/s "
        f"by processor time of all threads); plain way, one transaction a block, nothing checked: "
        f"{found.plain_events:,.0f} events/s; snapshots for a call: {found.snapshots:,.0f}/s, "
        f"{found.fresh_snapshots:,.0f}/s when the cursor has just moved"
    )


if __name__ == "__main__":
    main()
