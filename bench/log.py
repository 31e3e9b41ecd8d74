"""The log at 50,000 entries: durable appends, proofs and the whole check, beside the plain way.

Appends are timed inside `Committer.commit`, in batches as the writer's thread makes them; making
the drafts is not timed. Leaves have about 900 bytes and event ids of their second and 24 random
bytes. The plain way is one SQLite transaction per entry, chained to the one before by a hash: no
tree, no proof, no signature. Both are only as fast as the disk: see the machine's fdatasync.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from node.crypto import Ed25519Signer, SoftwareSigner, sm3
from node.log import (
    Committed,
    Committer,
    Draft,
    LeafDraft,
    LogIdentity,
    LogReader,
    check_log,
)
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire.ids import department_id, log_id, log_origin
from node.protocol.wire.leaf import build_leaf
from node.protocol.wire.merkle import leaf_hash, verify_inclusion
from node.storage.engines import open_engine

from .figures import Line, Spread, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENTRIES = 50_000
BATCH = 256
PLAIN_ENTRIES = 1_000
PROOFS = 5_000
AUTHORISATIONS = 200
ANSWER_BYTES = 600
SHORT_BYTES = 16
SEED = 20260101
CODE = "11130900MB0000001M"
FIRST_SECOND = 1_790_000_000
CALLS_PER_SECOND = 3_000
TENTHS = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, per second unless named otherwise; the spread is over tenths of a run."""

    leaf_bytes: float
    plain_appends: Spread
    appends: Spread
    last_appends: float
    """The last tenth alone: what a log of that size still takes."""
    appends_cpu: Spread
    """The same by the processor's time: what an idle machine with a fast disk would reach."""
    appends_with_answers: Spread
    """Each with 600 bytes to be kept for the resend window, and its request's 300."""
    inclusion_proofs: Spread
    consistency_proofs: Spread
    checked: float
    bytes_per_entry: float


def measure(entries: int = ENTRIES) -> Figures:
    """Fill logs and time what is done with them."""
    with tempfile.TemporaryDirectory(prefix="shareledger-log-") as folder:
        path = Path(folder) / "log.db"
        identity = _identity()
        wall, processor, leaf_bytes = _append(path, identity, entries)
        size = path.stat().st_size
        answered, _, _ = _append(Path(folder) / "answers.db", identity, entries // 4, ANSWER_BYTES)
        inclusion, consistency = _prove(path, identity)
        started = time.perf_counter()
        checked = check_log(open_engine(path, readonly=True), identity.log)
        check_seconds = time.perf_counter() - started
        return Figures(
            leaf_bytes=leaf_bytes,
            plain_appends=Spread.of(_tenths(_plain(Path(folder) / "plain.db"), 1)),
            appends=Spread.of(_tenths(wall, BATCH)),
            last_appends=_tenths(wall, BATCH)[-1],
            appends_cpu=Spread.of(_tenths(processor, BATCH)),
            appends_with_answers=Spread.of(_tenths(answered, BATCH)),
            inclusion_proofs=inclusion,
            consistency_proofs=consistency,
            checked=checked.size / check_seconds,
            bytes_per_entry=size / checked.size,
        )


def _tenths(seconds: list[float], each: int) -> list[float]:
    """Return the rate of each tenth of a run, whose steps of `each` entries took `seconds`."""
    step = len(seconds) // TENTHS
    parts = (seconds[start : start + step] for start in range(0, step * TENTHS, step))
    return [each * len(part) / sum(part) for part in parts]


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
    path: Path, identity: LogIdentity, entries: int, answer_bytes: int = SHORT_BYTES
) -> tuple[list[float], list[float], float]:
    """Append batches; return the seconds of each, by the wall and by the processor."""
    engine = open_engine(path)
    committer = Committer(engine, [identity])
    wall, processor, leaf_bytes = [], [], 0
    for drafts in _batches(identity, entries, answer_bytes):
        started, thread_started = time.perf_counter(), time.thread_time()
        results = committer.commit(drafts)
        wall.append(time.perf_counter() - started)
        processor.append(time.thread_time() - thread_started)
        done = results[-1]
        if not isinstance(done, Committed):
            raise done
        leaf_bytes += len(done.leaf)
    committer.close()
    # The last connection to go brings the WAL home: the file has its whole size then.
    engine.dispose()
    return wall, processor, leaf_bytes / len(wall)


def _batches(identity: LogIdentity, entries: int, answer_bytes: int) -> Iterator[list[Draft]]:
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
        leaf=LeafDraft("call", 0, ()),
    )
    for start in range(0, entries - BATCH + 1, BATCH):
        drafts = []
        for number in range(start, start + BATCH):
            second = FIRST_SECOND + number // CALLS_PER_SECOND
            event = second.to_bytes(8, "big") + draw.randbytes(24)
            authorisation, answer = draw.randrange(AUTHORISATIONS), draw.randbytes(answer_bytes)
            leaf = LeafDraft.of(
                build_leaf(
                    judged=int(time.time()),
                    block=block,
                    event=event,
                    base=b'"@method": POST',
                    signature=draw.randbytes(64),
                    authorisation=authorisation,
                    custody="own",
                    items=7,
                    rows=1,
                    answer=sm3(answer),
                )
            )
            drafts.append(
                replace(
                    pattern,
                    event=event,
                    text=event,
                    authorisation=authorisation,
                    leaf=leaf,
                    answer=answer,
                    request=answer[: answer_bytes // 2],
                )
            )
        yield drafts


def _prove(path: Path, identity: LogIdentity) -> tuple[Spread, Spread]:
    """Return inclusion and consistency proofs a second at the head, once warm."""
    reader, log = LogReader(open_engine(path, readonly=True)), identity.log
    head = reader.head(log)
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    indexes = [draw.randrange(head.size) for _ in range(PROOFS)]
    inclusion = _rates(lambda index: reader.inclusion(log, index, head.size), indexes)
    consistency = _rates(lambda index: reader.consistency(log, index + 1, head.size), indexes)
    index = indexes[0]
    leaf = leaf_hash(reader.entry(log, index))
    proof = reader.inclusion(log, index, head.size)
    verify_inclusion(leaf, index, head.size, proof, head.root)
    return inclusion, consistency


def _rates(prove: Callable[[int], object], indexes: list[int]) -> Spread:
    for index in indexes:
        prove(index)
    rates = []
    for _ in range(3):
        started = time.perf_counter()
        for index in indexes:
            prove(index)
        rates.append(len(indexes) / (time.perf_counter() - started))
    return Spread.of(rates)


def _plain(path: Path) -> list[float]:
    """Return the seconds of each entry with a transaction of its own, under the same pragmas."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE entry (i INTEGER PRIMARY KEY, event BLOB UNIQUE, leaf BLOB, hash BLOB)"
    )
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    rows = [(number, draw.randbytes(32), draw.randbytes(900)) for number in range(PLAIN_ENTRIES)]
    seconds, chain = [], bytes(32)
    for row in rows:
        started = time.perf_counter()
        chain = sha256(chain + row[2]).digest()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (*row, chain))
        connection.execute("COMMIT")
        seconds.append(time.perf_counter() - started)
    connection.close()
    return seconds


def lines(found: Figures) -> list[Line]:
    """Return the report's lines on the log."""
    return [
        Line(
            f"落盘追加/秒，批 {BATCH}",
            f"durable appends/s by {BATCH}",
            found.appends.show(),
            found.plain_appends.show(),
            "50,000",
        ),
        Line("　其中最后十分之一", "  the last tenth", f"{found.last_appends:,.0f}"),
        Line("　按处理器时间", "  by processor time", found.appends_cpu.show()),
        Line(
            f"　连同 {ANSWER_BYTES} 字节应答",
            f"  with {ANSWER_BYTES}-byte answers",
            found.appends_with_answers.show(),
        ),
        Line(
            "包含证明/秒（热）",
            "inclusion proofs/s, warm",
            found.inclusion_proofs.show(),
            aim="20,000",
        ),
        Line(
            "一致性证明/秒（热）",
            "consistency proofs/s, warm",
            found.consistency_proofs.show(),
            aim="20,000",
        ),
        Line("整本核对，条/秒", "whole check, entries/s", f"{found.checked:,.0f}"),
        Line(
            "字节 一条/其中叶",
            "bytes entry/its leaf",
            f"{found.bytes_per_entry:,.0f}/{found.leaf_bytes:,.0f}",
        ),
    ]


def main() -> None:
    """Measure and print."""
    show("日志", "Log", lines(measure()))


if __name__ == "__main__":
    main()
