"""Pages behind a sign-in, and decisions from the request to the block, at a node that has worked.

The node is a real one with a small town. A million calls are filled into its provider's log below
the API, by the log's own committer, and 10,000 entries wait for their review, filed by decisions.
Each page is asked for with the session of an officer, over loopback; the p99 is over all requests
of a page, each from its sending to its last byte.
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node.crypto import sm3
from node.log import Committed, Committer, Draft
from node.office import cataloguing
from node.protocol.wire import ids
from node.protocol.wire.leaf import build_leaf, parse_leaf
from node.storage.engines import open_engine
from tests.common import papers
from tests.common.chain import deployed_on, running_chain
from tests.common.nodes import ENTRY, running_town, until
from tests.common.officials import decide, signed_in

from .browsing import ask, line
from .figures import Line, Spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.crypto import SoftwareSigner
    from node.protocol.evm.blocks import BlockRef
    from tests.common.nodes import NodeTown

    from .browsing import Browsed

CALLS = 1_000_000
WAITING = 10_000
PER_DECISION = 100
BATCH = 512
DECISIONS = 20
SEED = 20260101
REFUSED_IN = 20
REASONS = ("item-not-granted", "purpose-not-granted", "quota-calls", "source-unavailable")
AIM_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Seated:
    """What was measured."""

    pages: list[Browsed]
    decided: Spread
    """Seconds of a decision: prepared, signed, submitted, answered when mined."""


def measure(calls: int = CALLS, waiting: int = WAITING) -> Seated:
    """Fill a town's node and ask for its pages."""
    with (
        tempfile.TemporaryDirectory(prefix="shareledger-seats-") as chain_folder,
        tempfile.TemporaryDirectory(prefix="shareledger-seats-") as folder,
        running_chain(Path(chain_folder)) as running,
        deployed_on(running) as chain,
        running_town(Path(folder), chain) as town,
    ):
        town.serve()
        _call(town, Path(folder), calls)
        _file(town, waiting)
        return Seated(list(_pages(town)), Spread.of(_decide(town)))


def lines(found: Seated) -> list[Line]:
    """Return the report."""
    return [
        *map(line, found.pages),
        Line(
            "拟稿、签署、提交到入块，秒",
            "prepared, signed, submitted, in a block, s",
            found.decided.show(2),
            aim=f"{AIM_SECONDS}",
        ),
    ]


def _call(town: NodeTown, folder: Path, calls: int) -> None:
    """Fill the police's log, as one more writer beside the node's own."""
    police = ids.department_id(papers.POLICE)
    identity = next(each for each in town.node.identities if each.department == police)
    [path] = folder.rglob("log.db")
    engine = open_engine(path)
    with closing(Committer(engine, [identity])) as committer:
        for drafts in _batches(town, identity.log, calls):
            done = committer.commit(drafts)[-1]
            if not isinstance(done, Committed):
                raise done
    engine.dispose()


def _batches(town: NodeTown, log: bytes, calls: int) -> Iterator[list[Draft]]:
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    block = town.node.queries.get_block(town.node.queries.cursor().next_block - 1)
    for start in range(0, calls, BATCH):
        yield [_draft(town, log, block, draw) for _ in range(start, min(start + BATCH, calls))]


def _draft(town: NodeTown, log: bytes, block: BlockRef, draw: random.Random) -> Draft:
    now = int(time.time())
    event = now.to_bytes(8, "big") + draw.randbytes(24)
    refusal = None if draw.randrange(REFUSED_IN) else draw.choice(REASONS)
    leaf = build_leaf(
        judged=now,
        block=block,
        event=event,
        base=b'"@method": POST' + b"x" * 200,
        signature=draw.randbytes(64),
        authorisation=town.first,
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
        authorisation=town.first,
        counted=True,
        leaf=leaf,
        calls_per_day=2**40,
        rows_per_day=2**40,
        rows=0 if refusal else 1,
        answer=None if refusal else event,
        refusal=refusal,
    )


def _file(town: NodeTown, waiting: int) -> None:
    """Submit entries, which wait for their review."""
    head = town.keys.heads[papers.POLICE]
    for start in range(0, waiting, PER_DECISION):
        bodies = [
            papers.catalogue_version(
                code=f"30300102/{number:06}", name=f"待审核的第 {number} 个目录"
            )
            for number in range(start, min(start + PER_DECISION, waiting))
        ]
        decided = town.desk.decide(*cataloguing.submit_versions(bodies), head)
    until(lambda: town.node.queries.cursor().next_block > decided.block, 120)


def _pages(town: NodeTown) -> Iterator[Browsed]:
    """Yield what each seat's pages took."""
    keys = town.keys
    seats: dict[SoftwareSigner, tuple[tuple[str, str, list[str]], ...]] = {
        keys.office[papers.POLICE]: (
            ("待办", "inbox", ["/desk"]),
            ("本部门目录", "own entries", ["/desk/entries"]),
            ("授权", "authorisations", ["/desk/authorisations?side=provider"]),
            ("一件授权", "an authorisation", [f"/desk/authorisations/{town.first}"]),
            ("谁在用我们的数据", "who uses our data", ["/desk/uses"]),
        ),
        keys.reviewer: (
            ("审核", "review queue", ["/review", "/review?after=9900"]),
        ),
        keys.auditor: (
            ("调用清单", "calls", ["/audit/calls"]),
            ("调用清单，筛去大半", "calls, most filtered out", [
                "/audit/calls?outcome=quota-calls",
                f"/audit/calls?consumer={papers.EDUCATION}&outcome=refused",
            ]),
            ("调用清单，什么也没有", "calls, none found", [
                "/audit/calls?outcome=entry-frozen", f"/audit/calls?consumer={papers.CENTRE}",
            ]),
            ("一次调用的来龙去脉", "a call's trace", [f"/audit/call/{_event(town)}"]),
        ),
        keys.office[papers.CENTRE]: (("运行", "operation", ["/operation"]),),
    }  # fmt: skip
    for signer, pages in seats.items():
        with signed_in(town.url, signer) as client:
            for page in pages:
                yield ask(client, *page)


def _event(town: NodeTown) -> str:
    reader, police = town.node.reader, ids.department_id(papers.POLICE)
    log = next(each.log for each in town.node.identities if each.department == police)
    return parse_leaf(reader.entry(log, reader.head(log).size // 2)).event.hex()


def _decide(town: NodeTown) -> list[float]:
    """Suspend and resume by turns; return the seconds of each decision."""
    signer, seconds = town.keys.office[papers.POLICE], []
    with signed_in(town.url, signer) as client:
        for number in range(DECISIONS):
            step = "恢复" if number % 2 else "暂停"
            fields = {"authorisation": town.first, "step": step, "reason": "例行核查"}
            started = time.perf_counter()
            decide(client, "Step", fields, signer)
            seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    import sys

    from .figures import show

    show("坐席", "Seats", lines(measure(*map(int, sys.argv[1:]))))
