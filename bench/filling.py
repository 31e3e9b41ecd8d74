"""Calls put into a provider's log below the API, by the log's own committer: what a bench fills."""

from __future__ import annotations

import random
import time
from contextlib import closing
from typing import TYPE_CHECKING

from node.crypto import sm3
from node.log import Committed, Committer, Draft, LeafDraft
from node.protocol.wire import ids
from node.protocol.wire.leaf import build_leaf
from node.storage.engines import open_engine
from tests.common import papers
from tests.common.nodes import ENTRY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.parts import Node
    from node.log import LogIdentity
    from node.protocol.evm.blocks import BlockRef

BATCH = 512
REFUSED_IN = 20
REASONS = ("item-not-granted", "purpose-not-granted", "quota-calls", "source-unavailable")


def police_log(node: Node) -> LogIdentity:
    """Return the log of the town's provider."""
    police = ids.department_id(papers.POLICE)
    return next(each for each in node.identities if each.department == police)


def fill(node: Node, folder: Path, authorisation: int, calls: int) -> list[float]:
    """Add calls of an authorisation to the police's log; return the seconds of each commit.

    Whoever else writes to it goes on: this is one more writer.
    """
    identity = police_log(node)
    [path] = folder.rglob("log.db")
    engine = open_engine(path)
    seconds = []
    with closing(Committer(engine, [identity])) as committer:
        for drafts in _batches(node, identity.log, authorisation, calls):
            started = time.perf_counter()
            done = committer.commit(drafts)[-1]
            seconds.append(time.perf_counter() - started)
            if not isinstance(done, Committed):
                raise done
    engine.dispose()
    return seconds


def _batches(node: Node, log: bytes, authorisation: int, calls: int) -> Iterator[list[Draft]]:
    draw = random.Random()  # noqa: S311 - synthetic data, and no event twice
    block = node.queries.get_block(node.queries.cursor().next_block - 1)
    for start in range(0, calls, BATCH):
        yield [
            _draft(log, authorisation, block, draw) for _ in range(start, min(start + BATCH, calls))
        ]


def _draft(log: bytes, authorisation: int, block: BlockRef, draw: random.Random) -> Draft:
    now = int(time.time())
    event = now.to_bytes(8, "big") + draw.randbytes(24)
    refusal = None if draw.randrange(REFUSED_IN) else draw.choice(REASONS)
    leaf = build_leaf(
        judged=now,
        block=block,
        event=event,
        base=b'"@method": POST' + b"x" * 200,
        signature=draw.randbytes(64),
        authorisation=authorisation,
        outcome=refusal or "served",
        custody="own",
        entry=ENTRY,
        version=1,
        revision=1,
        items=3,
        rows=0 if refusal else 1,
        answer=None if refusal else sm3(event),
        plain=None if refusal else sm3(event[8:]),
    )
    return Draft(
        log=log,
        event=event,
        text=event,
        authorisation=authorisation,
        counted=True,
        leaf=LeafDraft.of(leaf),
        calls_per_day=2**40,
        rows_per_day=2**40,
        rows=0 if refusal else 1,
        answer=None if refusal else event,
        refusal=refusal,
    )
