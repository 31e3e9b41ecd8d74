"""The board on a wall: a real call makes it move, and it lives as long as the wall does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from node.errors import PurposeNotGranted
from tests.common import papers
from tests.common.browser import WIDTHS, axe, shoot
from tests.common.chain import deployed_on
from tests.common.nodes import QUERY, running_town, until
from tests.common.officials import signed_in

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.common.nodes import NodeTown

pytestmark = [pytest.mark.chain, pytest.mark.untraced, pytest.mark.usefixtures("officer")]


@pytest.fixture(scope="module")
def town(tmp_path_factory, embedded_chain):
    with (
        deployed_on(embedded_chain) as chain,
        running_town(tmp_path_factory.mktemp("node"), chain) as town,
    ):
        town.serve()
        yield town


@pytest.fixture
def officer(town, context):
    """Whoever is at the browser has signed in."""
    with signed_in(town.url, town.keys.heads[papers.EDUCATION]) as http:
        context.add_cookies(
            [{"name": each.name, "value": each.value, "url": town.url} for each in http.cookies.jar]
        )
        yield http


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
    assert page.inner_text("#refusals .what") == "用途未获授权"
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
