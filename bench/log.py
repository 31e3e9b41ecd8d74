"""The log at 200,000 entries: durable appends, proofs and the whole check, beside the plain way.

Appends are timed inside `Committer.commit`, in batches as the writer's thread makes them; making
the drafts is not timed. Leaves have about 900 bytes and event ids of their second and 24 random
bytes. The plain way is one SQLite transaction per entry: no tree, no proof, no signature. Both
are only as fast as the disk: its own fdatasync is measured in the same run.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from node.crypto import Ed25519Signer, SoftwareSigner
from node.log import Committed, Committer, Draft, LogIdentity, LogReader, check_log
from node.protocol.facts import BlockRef
from node.protocol.ids import department_id, log_id, log_origin
from node.protocol.leaf import build_leaf
from node.protocol.merkle import leaf_hash, verify_inclusion
from node.store import open_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENTRIES = 200_000
BATCH = 256
PLAIN_ENTRIES = 3_000
PROOFS = 20_000
AUTHORISATIONS = 200
ANSWER_BYTES = 600
SEED = 20260101
CODE = "11130900000000001A"
FIRST_SECOND = 1_790_000_000
CALLS_PER_SECOND = 3_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, per second unless named otherwise."""

    entries: int
    leaf_bytes: float
    fdatasync_microseconds: float
    plain_appends: float
    appends: float
    last_appends: float
    """The last tenth alone: what a log of that size still takes."""
    appends_cpu: float
    """The same by the processor's time: what an idle machine with a fast disk would reach."""
    appends_with_answers: float
    """Each with 600 bytes to be kept for the resend window, and its request's 300."""
    inclusion_proofs: float
    consistency_proofs: float
    checked: float
    bytes_per_entry: float


def measure(entries: int = ENTRIES) -> Figures:
    """Fill logs and time what is done with them."""
    with tempfile.TemporaryDirectory(prefix="shareledger-log-") as folder:
        path = Path(folder) / "log.db"
        identity = _identity()
        wall, processor, leaf_bytes = _append(path, identity, entries)
        size = path.stat().st_size
        batches = len(wall)
        tenth = wall[-(batches // 10 or 1) :]
        answered, _, _ = _append(
            Path(folder) / "answers.db", identity, entries // 4, answer=bytes(ANSWER_BYTES)
        )
        inclusion, consistency = _prove(path, identity)
        started = time.perf_counter()
        checked = check_log(open_engine(path, readonly=True), identity.log)
        check_seconds = time.perf_counter() - started
        return Figures(
            entries=checked.size,
            leaf_bytes=leaf_bytes,
            fdatasync_microseconds=_fdatasync(Path(folder) / "sync"),
            plain_appends=_plain(Path(folder) / "plain.db"),
            appends=BATCH * batches / sum(wall),
            last_appends=BATCH * len(tenth) / sum(tenth),
            appends_cpu=BATCH * batches / sum(processor),
            appends_with_answers=BATCH * len(answered) / sum(answered),
            inclusion_proofs=inclusion,
            consistency_proofs=consistency,
            checked=checked.size / check_seconds,
            bytes_per_entry=size / checked.size,
        )


def _identity() -> LogIdentity:
    origin = log_origin(31337, bytes(20), CODE)
    return LogIdentity(
        log_id(origin),
        origin,
        department_id(CODE),
        SoftwareSigner.generate(),
        Ed25519Signer.generate(),
    )


def _append(
    path: Path, identity: LogIdentity, entries: int, answer: bytes | None = None
) -> tuple[list[float], list[float], float]:
    """Append batches; return the seconds of each, by the wall and by the processor."""
    committer = Committer(open_engine(path), [identity])
    wall, processor, leaf_bytes = [], [], 0
    for drafts in _batches(identity, entries, answer):
        started, thread_started = time.perf_counter(), time.thread_time()
        results = committer.commit(drafts)
        wall.append(time.perf_counter() - started)
        processor.append(time.thread_time() - thread_started)
        done = results[-1]
        if not isinstance(done, Committed):
            raise done
        leaf_bytes += len(done.leaf)
    committer.close()
    return wall, processor, leaf_bytes / len(wall)


def _batches(identity: LogIdentity, entries: int, answer: bytes | None) -> Iterator[list[Draft]]:
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    block = BlockRef(812, bytes(32), FIRST_SECOND)
    pattern = Draft(
        log=identity.log,
        event=b"",
        text=b"",
        authorisation=0,
        counted=True,
        calls_per_day=1_000_000,
        rows_per_day=1_000_000,
        rows=1,
        leaf={},
        answer=answer,
        request=answer and answer[: len(answer) // 2],
    )
    for start in range(0, entries - BATCH + 1, BATCH):
        drafts = []
        for number in range(start, start + BATCH):
            second = FIRST_SECOND + number // CALLS_PER_SECOND
            event = second.to_bytes(8, "big") + draw.randbytes(24)
            authorisation = draw.randrange(AUTHORISATIONS)
            leaf = build_leaf(
                block=block,
                event=event,
                base=b'"@method": POST',
                signature=draw.randbytes(64),
                authorisation=authorisation,
                custody="own",
                items=7,
                rows=1,
                answer=event,
            )
            drafts.append(
                replace(pattern, event=event, text=event, authorisation=authorisation, leaf=leaf)
            )
        yield drafts


def _prove(path: Path, identity: LogIdentity) -> tuple[float, float]:
    """Return inclusion and consistency proofs a second at the head, once warm."""
    reader, log = LogReader(open_engine(path, readonly=True)), identity.log
    head = reader.head(log)
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    indexes = [draw.randrange(head.size) for _ in range(PROOFS)]
    inclusion = _rate(lambda index: reader.inclusion(log, index, head.size), indexes)
    consistency = _rate(lambda index: reader.consistency(log, index + 1, head.size), indexes)
    index = indexes[0]
    leaf = leaf_hash(reader.entry(log, index))
    proof = reader.inclusion(log, index, head.size)
    verify_inclusion(leaf, index, head.size, proof, head.root)
    return inclusion, consistency


def _rate(prove: Callable[[int], object], indexes: list[int]) -> float:
    for index in indexes:
        prove(index)
    started = time.perf_counter()
    for index in indexes:
        prove(index)
    return len(indexes) / (time.perf_counter() - started)


def _plain(path: Path) -> float:
    """Return entries a second with one transaction each, under the same pragmas."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entry (i INTEGER PRIMARY KEY, event BLOB UNIQUE, leaf BLOB)")
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    rows = [(number, draw.randbytes(32), draw.randbytes(900)) for number in range(PLAIN_ENTRIES)]
    started = time.perf_counter()
    for row in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entry VALUES (?, ?, ?)", row)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return PLAIN_ENTRIES / seconds


def _fdatasync(path: Path) -> float:
    """Return the median microseconds of a 4 KiB append and its fdatasync."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    times = []
    for _ in range(200):
        started = time.perf_counter()
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - started)
    os.close(descriptor)
    return statistics.median(times) * 1e6


def main() -> None:
    """Measure and print."""
    found = measure()
    print(  # noqa: T201 - a bench prints
        f"log: {found.entries:,} entries, leaves of {found.leaf_bytes:.0f} bytes, batches of "
        f"{BATCH}: {found.appends:,.0f} appends/s (last tenth {found.last_appends:,.0f}/s, "
        f"{found.appends_cpu:,.0f}/s by processor time; with {ANSWER_BYTES}-byte answers "
        f"{found.appends_with_answers:,.0f}/s); plain way, one transaction each: "
        f"{found.plain_appends:,.0f}/s; fdatasync {found.fdatasync_microseconds:.0f} µs; "
        f"proofs warm: inclusion {found.inclusion_proofs:,.0f}/s, consistency "
        f"{found.consistency_proofs:,.0f}/s; whole check {found.checked:,.0f} entries/s; "
        f"{found.bytes_per_entry:,.0f} bytes an entry"
    )


if __name__ == "__main__":
    main()
