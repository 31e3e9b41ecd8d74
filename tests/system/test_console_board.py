"""The board on a wall: a real call makes it move, and it lives as long as the wall does."""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from api.app import build
from api.console.board.watching import DEPARTMENTS, FLOWS
from api.console.wording import outcome_words
from api.refusing_words import TITLES
from node.errors import PurposeNotGranted
from tests.common import papers
from tests.common.browser import WIDTHS, axe, shoot
from tests.common.furnished import LONG
from tests.common.nodes import QUERY, serving_on, until
from tests.common.officials import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page, Route

    from tests.common.nodes import NodeTown

pytestmark = [pytest.mark.chain, pytest.mark.usefixtures("officer")]


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture
def officer(town, context):
    """Whoever is at the browser has signed in."""
    with signed_in(town.url, town.keys.heads[papers.EDUCATION]) as http:
        context.add_cookies(
            [{"name": each.name, "value": each.value, "url": town.url} for each in http.cookies.jar]
        )
        yield http


MINUTES = float(os.environ.get("SHARELEDGER_BOARD_MINUTES", "30"))
RATE, CALLERS, WALLS = 20, 4, 20
"""Calls a second: twenty times what a city of 50,000 a day makes in its working hours."""
OUTSIDE = """() => {
  const outer = document.querySelector("#network").getBoundingClientRect();
  const sticksOut = box => box.left < outer.left - 1 || box.right > outer.right + 1;
  return [...document.querySelectorAll("#network text")]
    .filter(text => sticksOut(text.getBoundingClientRect())).map(text => text.textContent);
}"""
"""Names that do not fit beside the network."""


def number(page: Page, place: str) -> int:
    return int(page.inner_text(place).replace(",", ""))


def live(page: Page, town: NodeTown) -> None:
    page.goto(f"{town.url}/board")
    page.locator("#stream.live").wait_for()
    page.locator("#days canvas").wait_for()


def test_a_call_makes_the_page_move(town: NodeTown, page: Page) -> None:
    live(page, town)
    page.locator("#flows li").wait_for()
    served, refused = number(page, "#served"), number(page, "#refused")
    assert served > 0
    with town.client() as client:
        client.query(town.first, **QUERY)
        with pytest.raises(PurposeNotGranted):
            client.query(town.first, **QUERY | {"purpose": "QITA"})
    page.locator("#network .flow.lit").wait_for(state="attached")
    page.locator("#network .spark").wait_for(state="attached")
    until(lambda: number(page, "#served") == served + 1 and number(page, "#refused") == refused + 1)
    assert "教育" in page.inner_text("#flows")
    # Before it was served it may have been refused for other reasons.
    assert "用途未获授权" in page.locator("#refusals .what").all_inner_texts()
    assert page.locator("#entries a[href^='/catalogue/']").count() == 1
    assert number(page, "#block") > 0
    assert axe(page) == []
    shoot(page, "board", WIDTHS["seat"])
    page.locator("#network .flow.lit").wait_for(state="detached")

    # Whoever wants nothing to move sees the same in colours alone.
    page.emulate_media(reduced_motion="reduce")
    with town.client() as client:
        client.query(town.first, **QUERY)
    page.locator("#network .flow.lit").wait_for(state="attached")
    assert page.locator("#network .spark").first.is_hidden()


def test_goes_on_where_the_stream_breaks_and_says_so(
    town: NodeTown, page: Page, context: BrowserContext
) -> None:
    # No stream, as where its places are taken: the state is asked for instead.
    page.route("**/board/events", lambda route: route.fulfill(status=503))
    page.clock.install()
    page.goto(f"{town.url}/board")
    page.locator("#stream.polled").wait_for()
    assert number(page, "#served") > 0

    # No node at all: what stands there is said to be old.
    page.route("**/board/now", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda asked: asked.url.endswith("/board/now")):
        page.clock.fast_forward(10_000)
    page.clock.fast_forward(10_000)
    page.locator("#stream.broken").wait_for()
    assert re.search(r"数据截至 \d{4}/", page.inner_text("#stream"))
    assert axe(page) == []
    shoot(page, "board-broken", (1366,))

    # It is there again: the page finds it by itself.
    page.unroute("**/board/events")
    page.unroute("**/board/now")
    page.clock.fast_forward(10_000)
    page.locator("#stream.live").wait_for()

    # Signed out, it leads to the sign-in.
    context.clear_cookies()
    page.goto(f"{town.url}/board")
    assert "请先登录" in page.inner_text("main")


def test_a_whole_city_fits_on_the_wall(town: NodeTown, officer: httpx.Client, page: Page) -> None:
    names = [
        "市场监督管理局",
        "公安局",
        LONG,
        "人力资源和社会保障局",
        "行政审批局（政务服务管理办公室）",
    ]
    city = [
        f"沧州市{names[n % 5]}" + (f"第{n // 5}分局" if n > 4 else "") for n in range(DEPARTMENTS)
    ]
    pairs = [[a, b] for a in range(0, 60, 7) for b in range(60) if a != b and (a + b) % 3]
    flows = [
        [*pair, 1, max(0, 9_000_000 // (n + 100) - 30_000)] for n, pair in enumerate(pairs[:FLOWS])
    ]
    refusals = [
        {"words": outcome_words(code), "calls": 9_000 // n}
        for n, code in enumerate(sorted(TITLES)[:6], 1)
    ]
    state = {
        **officer.get("/board/now").json(),
        "today": {"served": 1_234_567, "refused": 98_765, "rows": 23_456_789},
        "hours": [[40_000 + 2_000 * n, 3_000] if n < 17 else [0, 0] for n in range(24)],
        "yesterday": [30_000 + 2_500 * n for n in range(24)],
        "days": [[f"11-{n:02}", 900_000 + 20_000 * n, 70_000] for n in range(15, 29)],
        "departments": city,
        "flows": flows,
        "left": {"departments": 3, "flows": 41},
        "enrolled": 63,
        "entries": [{"entry": "0" * 64, "name": LONG, "calls": 90_000 - n} for n in range(8)],
        "refusals": refusals,
    }
    counts = iter(range(1_000_000))

    def stream(route: Route) -> None:
        # Each time the page comes back a tenth of the flows has moved.
        grown = next(counts)
        for n in range(0, len(flows), 10):
            flows[n][3] += grown
        body = f"retry: 500\n\nevent: board\ndata: {json.dumps(state)}\n\n"
        route.fulfill(body=body, content_type="text/event-stream")

    page.route("**/board/events", stream)
    page.goto(f"{town.url}/board")
    page.locator("#network .flow.lit").first.wait_for(state="attached")
    page.locator("#days canvas").wait_for()
    assert axe(page) == []
    shoot(page, "board-city", WIDTHS["seat"])
    assert page.evaluate(OUTSIDE) == []
    page.context.add_cookies([{"name": "language", "value": "en", "url": town.url}])
    page.reload()
    page.get_by_text("Calls today").wait_for()
    page.locator("#days canvas").wait_for()
    shoot(page, "board-english", (1366,))


def test_opens_to_all_by_its_setting_and_ends_with_its_server(
    town: NodeTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("/board", "/board/now", "/board/events"):
        refused = httpx.get(town.url + path)
        assert (refused.status_code, refused.json()["code"]) == (401, "signature-invalid")
    node, before = town.node, town.node.settings
    console = before.console.model_copy(update={"board": True})
    monkeypatch.setattr(node, "settings", before.model_copy(update={"console": console}))
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as server:
        server.enter_context(serving_on(build(node), listener))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert "/board" in httpx.get(url).text
        assert httpx.head(f"{url}/board/events").status_code == 405
        with httpx.stream("GET", f"{url}/board/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            for line in lines:
                if line.startswith("id: "):
                    break
            assert node.board.listening == 1
            # The server ends while somebody listens: the stream is brought to its end, not cut.
            server.close()
            assert [*lines][-1] == ""
        assert node.board.listening == 0


class Load:
    """Applications that call at a rate, and walls that listen, in threads of their own."""

    def __init__(self, town: NodeTown, cookies: httpx.Cookies) -> None:
        self.town, self.cookies = town, cookies
        self.stop = threading.Event()
        self.called, self.heard = [0] * CALLERS, [0] * WALLS

    def call(self, number: int) -> None:
        started = time.monotonic()
        with self.town.client() as client:
            while not self.stop.is_set():
                due = started + self.called[number] * CALLERS / RATE
                self.stop.wait(max(0.0, due - time.monotonic()))
                client.query(self.town.first, **QUERY)
                self.called[number] += 1

    def listen(self, number: int) -> None:
        with httpx.Client(cookies=self.cookies, timeout=30) as client:
            while not self.stop.is_set():
                with client.stream("GET", f"{self.town.url}/board/events") as stream:
                    for line in stream.iter_lines():
                        self.heard[number] += line.startswith("id: ")
                        if self.stop.is_set():
                            break

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(CALLERS + WALLS) as pool:
            running = [pool.submit(self.call, n) for n in range(CALLERS)]
            running += [pool.submit(self.listen, n) for n in range(WALLS)]
            try:
                yield
            finally:
                self.stop.set()
        for each in running:
            each.result()


class Held(NamedTuple):
    """What is held in memory after everything that may go has gone."""

    heap: int
    """Bytes of the page's JavaScript."""
    nodes: int
    """Of the page's document."""
    listeners: int
    objects: int
    """Python's, of node and callers together."""
    resident: int
    """Bytes of that process."""


def held(page: Page) -> Held:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    counts = session.send("Memory.getDOMCounters")
    session.detach()
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(
        heap,
        counts["nodes"],
        counts["jsEventListeners"],
        len(gc.get_objects()),
        pages * resource.getpagesize(),
    )


@pytest.mark.long
def test_lives_through_half_an_hour_at_twenty_times_the_usual_rate(
    town: NodeTown, officer: httpx.Client, page: Page
) -> None:
    live(page, town)
    before, load = number(page, "#served"), Load(town, officer.cookies)
    with load.running():
        page.wait_for_timeout(MINUTES * 60_000 / 4)
        warm = held(page)
        page.wait_for_timeout(MINUTES * 60_000 * 3 / 4)
        after = held(page)
        page.locator("#stream.live").wait_for()
        # Streams end after their time and come back: all of them still do.
        until(lambda: town.node.board.listening == WALLS + 1)
    calls = sum(load.called)
    print(f"{calls} calls in {MINUTES} min, {sum(load.heard)} events, {warm} -> {after}")  # noqa: T201 - by hand: -s
    until(lambda: number(page, "#served") == before + calls)
    # V8 goes on compiling what runs often, about 0.5 MB; states that were kept would be 6 MB.
    assert after.heap - warm.heap < 3_000_000
    assert after.nodes - warm.nodes < 100
    assert after.listeners - warm.listeners < 10
    assert after.objects - warm.objects < 0.02 * warm.objects
    # The writer of the log keeps up to 64 MiB of pages, which a growing log fills.
    assert after.resident - warm.resident < 100_000_000
