"""Pages behind a sign-in, and decisions from the request to the block, at a node that has worked.

The node is a real one with a small town, in a process of its own. A million calls are filled into
its provider's log below the API, by the log's own committer, and 10,000 entries wait for their
review, filed by decisions. Each page is asked for with the session of an officer, over loopback;
the p99 is over all requests of a page, each from its sending to its last byte.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node.documents.importing.template import write_template
from node.office import cataloguing
from node.protocol.wire.leaf import parse_leaf
from tests.common import papers
from tests.common.nodes import ENTRY, until
from tests.common.officials import decide, signed_in
from tests.common.t2 import ROW, SECOND_ITEM

from .browsing import ask, line
from .calls import town_apart
from .figures import Line, Spread
from .filling import fill, police_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.crypto import SoftwareSigner
    from tests.common.nodes import NodeTown

    from .browsing import Browsed
    from .load import Server

CALLS = 1_000_000
WAITING = 10_000
PER_DECISION = 100
DECISIONS = 20
TABLE = 1_429
"""Entries of a city's table."""
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
        tempfile.TemporaryDirectory(prefix="shareledger-seats-") as folder,
        town_apart(Path(folder)) as (town, server),
    ):
        fill(town.node, Path(folder), town.first, calls)
        _file(town, waiting)
        until(lambda: _is_counted(town), 600)
        return Seated(list(_pages(town, server, Path(folder))), Spread.of(_decide(town)))


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


def _is_counted(town: NodeTown) -> bool:
    """Tell whether all calls are summed, as they are a second after the last one."""
    return town.node.tallies.sizes() == town.node.reader.sizes()


def _drop(town: NodeTown, folder: Path) -> str:
    """Drop a table of a city's size as a draft; return its page."""
    rows = []
    for number in range(TABLE):
        code = {"信息资源代码": f"30300103/{number:05}"}
        named = {"信息资源名称": f"第 {number} 个目录", "资源提供方代码": papers.POLICE}
        rows += [ROW | code | named, SECOND_ITEM | code]
    path = folder / "catalogue.xlsx"
    write_template(path, rows)
    with signed_in(town.url, town.keys.heads[papers.POLICE]) as client:
        asked = {"department": papers.POLICE, "name": path.name}
        made = client.post("/desk/filings", params=asked, content=path.read_bytes(), timeout=300)
        made.raise_for_status()
        draft = made.headers["Location"]
        # Compared once, while the first who looks sees how far it is; measured is a view after it.
        client.post(f"{draft}/comparison", timeout=300).raise_for_status()
        return draft


def _pages(town: NodeTown, server: Server, folder: Path) -> Iterator[Browsed]:
    """Yield what each seat's pages took."""
    keys, event, draft = town.keys, _event(town), _drop(town, folder)
    seats: dict[SoftwareSigner, tuple[tuple[str, str, list[str]], ...]] = {
        keys.office[papers.POLICE]: (
            ("待办", "inbox", ["/desk"]),
            ("本部门目录", "own entries", ["/desk/entries"]),
            ("授权", "authorisations", ["/desk/authorisations?side=provider"]),
            ("一件授权", "an authorisation", [f"/desk/authorisations/{town.first}"]),
            ("谁在用我们的数据", "who uses our data", ["/desk/uses"]),
        ),
        keys.heads[papers.POLICE]: (
            ("报送：一张大表", "filing: a large table", [f"{draft}?show=all", draft]),
            ("报送：与现行版本核对", "filing: compared", [f"{draft}/comparison"]),
        ),
        keys.office[papers.EDUCATION]: (("申请单", "applications", ["/desk/apply"]),),
        keys.reviewer: (
            ("审核员的待办", "a reviewer's inbox", ["/desk"]),
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
            ("一次调用的来龙去脉", "a call's trace", [f"/audit/call/{event}"]),
            ("一件授权的来龙去脉", "an authorisation's trace", [
                f"/audit/authorisation/{town.first}",
            ]),
            ("审计员看部门、目录", "a department, an entry, audited", [
                f"/audit/department/{papers.POLICE}", f"/audit/entry/{ENTRY.hex()}",
            ]),
            ("一框查询：名称、办件号", "the box: a name, a matter", [
                "/audit?q=市", "/audit?q=2026-0001",
            ]),
            ("一框查询：散列", "the box: a hash", [f"/audit?q={'ab' * 32}"]),
        ),
        keys.office[papers.CENTRE]: (("运行", "operation", ["/operation"]),),
    }  # fmt: skip
    for signer, pages in seats.items():
        with signed_in(town.url, signer) as client:
            for page in pages:
                yield ask(server, client, *page)


def _event(town: NodeTown) -> str:
    reader, log = town.node.reader, police_log(town.node).log
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
