"""Downloads of open data from a real node: what is handed out was logged first."""

from __future__ import annotations

import csv
import io
import json
from concurrent.futures import Future

import httpx
import pytest

from api.console.public import download_pages
from node.crypto import sm3
from node.errors import LogUnavailable
from node.log import check_log
from node.office import cataloguing
from node.office.turnstile import PER_ENTRY
from node.protocol.wire import ids
from node.protocol.wire.leaf import OPEN, parse_leaf
from node.service.needs import Page
from tests.common import founding, papers
from tests.common.browser import axe, shoot
from tests.common.furnished import OPENLY
from tests.common.nodes import until

pytestmark = pytest.mark.chain

OPENED, ASKED = "30300101/06010", "30300101/06011"
ITEMS = [
    papers.item("BH", name="编号", shareType="无条件共享", grade="一般1级", mask="keep:6,4"),
    papers.item("MC", name="名称", shareType="无条件共享", grade="一般1级"),
]


def entry_of(code: str) -> str:
    return ids.entry_id(ids.department_id(papers.POLICE), code).hex()


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("opened")
    source = {
        "entry": OPENED,
        "url": f"sqlite:///{folder / 'people.db'}",
        "table": "person",
        "key": "id",
        "columns": {"BH": "id", "MC": "name"},
    }
    with moulds.served(folder, sources=[source, {**source, "entry": ASKED}]) as town:
        bodies = [
            papers.catalogue_version(
                **OPENLY, code=code, name="公共场所名录", items=ITEMS, opening=opening
            )
            for code, opening in (
                (OPENED, {"open": True, "condition": None}),
                (ASKED, {"open": True, "condition": "注明来源"}),
            )
        ]
        submitted, review = founding.publication(*bodies)
        town.decide(submitted, town.keys.heads[papers.POLICE])
        town.decide(review, town.keys.reviewer)
        until(lambda: town.node.search.search("公共场所名录"))
        yield town


@pytest.fixture(autouse=True)
def minute(town):
    """Every test begins a minute of its own."""
    another_minute(town)


def another_minute(town) -> None:
    now = town.node.turnstile._clock() + 60
    town.node.turnstile._clock = lambda: now


def get(town, kind="csv", code=OPENED, **headers):
    address = f"{town.url}/catalogue/{entry_of(code)}/data.{kind}"
    return httpx.get(address, headers=headers, timeout=30)


def size(town):
    return town.node.reader.head(town.node.identities[1].log).size


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_what_is_handed_out_stands_in_the_providers_log_by_its_digest(town, kind):
    answer = get(town, kind)
    assert answer.status_code == 200, answer.text
    log = town.node.identities[1].log
    leaf = parse_leaf(town.node.reader.entry(log, int(answer.headers["ShareLedger-Leaf"])), (OPEN,))
    assert leaf.answer == sm3(answer.content)
    assert answer.headers["ShareLedger-SM3"] == leaf.answer.hex()
    assert (leaf.entry.hex(), leaf.version, leaf.rows) == (entry_of(OPENED), 1, 50)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[:2] == [["编号（BH）", "名称（MC）"], ["130902********0000", "张三0"]]
        assert len(rows) == 51
    if kind == "json":
        assert json.loads(answer.content)["masked"] == ["BH"]


@pytest.mark.parametrize(
    ("code", "status", "problem"),
    [
        ("30300101/06001", 403, "forbidden"),
        (ASKED, 403, "forbidden"),
        ("30300101/09999", 404, "not-found"),
    ],
)
def test_what_is_not_open_to_everybody_is_not_handed_out(town, code, status, problem):
    before = size(town)
    answer = get(town, code=code)
    assert (answer.status_code, answer.json()["code"]) == (status, problem)
    assert size(town) == before
    page = httpx.get(f"{town.url}/catalogue/{entry_of(code)}", headers={"Accept": "text/html"})
    assert "/data.csv" not in page.text


def test_what_cannot_be_logged_is_not_handed_out(town, monkeypatch):
    def refuse(_draft):
        refused: Future[None] = Future()
        refused.set_exception(LogUnavailable("日志停了 / no log"))
        return refused

    monkeypatch.setattr(town.node.open_data, "_submit", refuse)
    answer = get(town)
    assert (answer.status_code, answer.json()["code"]) == (503, "log-unavailable")
    assert "张三" not in answer.text


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_text_that_is_no_unicode_is_told_to_nobody(town, monkeypatch, kind):
    source = town.node.open_data._providers[ids.department_id(papers.POLICE)].sources[
        bytes.fromhex(entry_of(OPENED))
    ]
    broken = Page([{"BH": "130902200001010000", "MC": "张\ud800"}], None)
    monkeypatch.setattr(source, "fetch", lambda _query: broken)
    answer = get(town, kind)
    assert (answer.status_code, answer.json()["code"]) == (503, "source-unavailable")


def test_so_many_a_minute_and_two_at_once(town, monkeypatch):
    for _ in range(PER_ENTRY):
        assert get(town).status_code == 200
    before = size(town)
    answer = get(town)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert size(town) == before
    another_minute(town)
    monkeypatch.setattr(download_pages, "_making", type(download_pages._making)(1))
    with download_pages._making:
        assert get(town).json()["code"] == "overloaded"
    assert get(town).status_code == 200


def test_a_head_is_no_download(town):
    before = size(town)
    address = f"{town.url}/catalogue/{entry_of(OPENED)}/data.csv"
    assert httpx.head(address).status_code == 405
    assert size(town) == before


def test_machines_find_a_distribution_a_format(town):
    found = httpx.get(f"{town.url}/catalogue/{entry_of(OPENED)}.jsonld").json()
    addresses = [
        each["dcat:downloadURL"]["@id"]
        for each in found["dcat:distribution"]
        if "dcat:downloadURL" in each
    ]
    wanted = f"/catalogue/{entry_of(OPENED)}/data."
    assert [each.split(wanted)[1] for each in addresses] == ["csv", "xlsx", "json"]
    assert "Disallow: /catalogue/*/data." in httpx.get(f"{town.url}/robots.txt").text


def test_the_page_has_the_links_and_the_digest(town, page):
    digest = get(town, "json").headers["ShareLedger-SM3"]
    page.goto(f"{town.url}/catalogue/{entry_of(OPENED)}")
    box = page.locator("#download")
    assert box.locator("a.button").all_inner_texts() == ["CSV", "XLSX", "JSON"]
    assert digest in box.inner_html()
    with page.expect_download() as caught:
        box.get_by_role("link", name="CSV").click()
    assert caught.value.suggested_filename == "公共场所名录-第1版.csv"
    assert axe(page) == []
    shoot(page, "public-entry-open")


def test_a_frozen_entry_is_not_handed_out(town):
    order = papers.freeze_order(code=OPENED)
    town.decide(cataloguing.freeze_entry(order), town.keys.heads[papers.CENTRE])
    before = size(town)
    answer = get(town)
    assert (answer.status_code, answer.json()["code"]) == (403, "entry-frozen")
    assert size(town) == before
    lift = papers.freeze_order(code=OPENED, reason="已更正")
    town.decide(cataloguing.unfreeze_entry(lift), town.keys.heads[papers.CENTRE])
    assert get(town).status_code == 200


def test_a_log_with_downloads_is_found_whole(town):
    assert get(town).status_code == 200
    engine = town.node.settings.stores.open("log", readonly=True)
    try:
        assert check_log(engine, town.node.identities[1].log).size == size(town)
    finally:
        engine.dispose()
