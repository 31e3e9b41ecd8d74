"""Pages of a node with 100,000 entries listed: the HTML as a browser asks for it, over loopback.

The node is a real one with a small town, in a process of its own; entries are listed below the API.
The p99 is over all requests of a page, each from its sending to its last byte.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.common import papers
from tests.common.furnished import ENTRIES, furnish

from .calls import town_apart
from .figures import Line, p99
from .search import QUERIES, make_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.common.nodes import NodeTown

    from .load import Server

LISTED = 100_000
PER_BLOCK = 20
REQUESTS = 100
AIM_MILLISECONDS = 150
FILTERS = ("department", "share", "grade", "cycle")


@dataclass(frozen=True, slots=True)
class Browsed:
    """What one page took; milliseconds."""

    chinese: str
    english: str
    median: float
    p99: float
    busy: float
    """Processor time of the node, all its threads, 99th percentile."""
    kilobytes: float


def measure(listed: int = LISTED) -> list[Browsed]:
    """List entries in a town's node and ask for its pages."""
    with (
        tempfile.TemporaryDirectory(prefix="shareledger-browsing-") as folder,
        town_apart(Path(folder)) as (town, server),
    ):
        furnish(town)
        node = town.node
        with node.node_engine.begin() as connection:
            node.search.list_versions(
                connection,
                (
                    (entry, paper, number // PER_BLOCK)
                    for number, (entry, paper) in enumerate(make_entries(listed))
                ),
            )
        with httpx.Client(base_url=town.url) as client:
            return [ask(server, client, *page) for page in _pages(town)]


def lines(found: list[Browsed]) -> list[Line]:
    """Return the report."""
    return [line(each) for each in found]


def line(each: Browsed) -> Line:
    """Return a page's line of the report."""
    size = f"{each.kilobytes:.0f} kB"
    return Line(
        f"{each.chinese}（{size}）：中位数、p99、其中处理器",
        f"{each.english} ({size}): median, p99, of it processor",
        f"{each.median:.0f} ms, {each.p99:.0f} ms, {each.busy:.0f} ms",
        aim=f"p99 ≤ {AIM_MILLISECONDS} ms",
    )


def _pages(town: NodeTown) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what a page is called and the addresses it is asked for at."""
    searches = []
    for query, filters in QUERIES:
        given = (filters.department, filters.share_type, filters.grade, filters.update_cycle)
        chosen = {name: value for name, value in zip(FILTERS, given, strict=True) if value}
        searches.append(str(httpx.URL("/catalogue", params={"q": query, **chosen})))
    newest = [f"{each}&order=newest" for each in searches]
    entry = town.node.search.search(ENTRIES[0]["name"])[0].entry.hex()
    yield "首页", "front page", ["/"]
    yield "检索", "search", searches
    yield "检索，最新在前", "search, newest first", newest
    yield "目录第 2000 页", "page 2,000 of the catalogue", ["/catalogue?after=40000"]
    yield "条目", "an entry", [f"/catalogue/{entry}"]
    yield "部门", "departments", ["/departments", f"/departments/{papers.POLICE}"]


def ask(
    server: Server, client: httpx.Client, chinese: str, english: str, addresses: list[str]
) -> Browsed:
    """Ask a node for a page as a browser does, again and again; return what that took."""
    times, busy, sizes = [], [], []
    for number in range(REQUESTS + len(addresses)):
        address = addresses[number % len(addresses)]
        started, worked = time.perf_counter(), server.cpu_seconds()
        answer = client.get(address, headers={"Accept": "text/html"}, timeout=30)
        took = (time.perf_counter() - started) * 1000
        answer.raise_for_status()
        if number >= len(addresses):  # the first of each compiles its template
            times.append(took)
            busy.append((server.cpu_seconds() - worked) * 1000)
            sizes.append(len(answer.content) / 1000)
    return Browsed(chinese, english, statistics.median(times), p99(times), p99(busy), max(sizes))
