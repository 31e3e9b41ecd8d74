"""The demo's page of its people: one click puts a key file into a tab, and only a demo has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from api.app import build
from api.console.frames import DOORS
from api.demo.impersonating import WORK, Company, Person, Place, origin_of, routes_of
from tests.common import papers
from tests.common.browser import WIDTHS, axe, shoot
from tests.common.keyfiles import quick_files

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Page

pytestmark = pytest.mark.chain
PIN = "204816"
HEAD = "police-head"


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    """A town whose node has the page, as a demo's has."""
    folder = tmp_path_factory.mktemp("demo")
    apps: list[FastAPI] = []
    with moulds.founded(folder, extend=apps.append, hosts=[f"{HEAD}.node.localhost"]) as town:
        people = []
        keys = town.keys
        for name, called, post, role, key in (
            (HEAD, "安定邦", "局长", "部门负责人", keys.heads[papers.POLICE]),
            ("police-office", "户晓", "科长", "工作机构负责人", keys.office[papers.POLICE]),
            ("centre-reviewer", "沈知行", "目录审核员", "审核员", keys.reviewer),
            ("centre-auditor", "查清", "审计处处长", "审计员", keys.auditor),
        ):
            with quick_files():
                key.save(folder / f"{name}.key", PIN.encode())
            centre = Place("沧州市数据局", origin_of(name, "node", town.url))
            police = Place("沧州市公安局", origin_of(name, "node", town.url))
            places = {"police": (police,), "审计员": (centre, police)}
            found = places.get(role) or places.get(name.partition("-")[0], (centre,))
            file = str(folder / f"{name}.key")
            people.append(Person(name, called, found[0].of, post, (role,), file, found))
        apps[0].include_router(routes_of(Company(PIN, tuple(people))))
        yield town


def test_a_click_and_the_pin_sign_one_in(town, page: Page, context):
    page.goto(f"{town.url}/demo")
    page.get_by_text(PIN).first.wait_for()
    assert axe(page) == []
    shoot(page, "demo-people", WIDTHS["seat"])
    with context.expect_page() as opened:
        page.get_by_role("link", name="以安定邦登录").first.click()
    tab = opened.value
    tab.wait_for_url(f"{origin_of(HEAD, 'node', town.url)}/sign-in?back=%2Fdesk")
    assert "连接未加密" not in tab.inner_text("main")
    tab.get_by_label("口令").fill(PIN)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/desk")
    # Who is inside goes straight there; his tab keeps the sealed file for his signatures.
    tab.goto(f"{origin_of(HEAD, 'node', town.url)}/demo/{HEAD}")
    tab.wait_for_url("**/desk")
    kept = tab.evaluate("sessionStorage.getItem('shareledger-keyfile')")
    assert kept.startswith(f"{HEAD}.key\n")
    assert PIN not in kept


def test_a_key_file_is_handed_out_sealed_and_to_no_other_page(town):
    answer = httpx.get(f"{town.url}/demo/keys/{HEAD}")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in answer.content
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers
    for name in ("nobody", "..%2Fpassword", "password"):
        assert httpx.get(f"{town.url}/demo/keys/{name}").status_code == 404


def test_a_node_by_itself_has_no_such_page(town):
    paths = {getattr(route, "path", "") for route in build(town.node).routes}
    assert not [path for path in paths if path.startswith("/demo")]


def test_who_is_written_is_read(tmp_path):
    place = Place("某局", "http://a.localhost:1")
    company = Company(PIN, (Person("a", "甲", "某局", "局长", ("审计员",), "/a.key", (place,)),))
    company.save(tmp_path / "people.json")
    assert (tmp_path / "people.json").stat().st_mode & 0o777 == 0o600
    assert Company.load(tmp_path / "people.json") == company
    assert company.people[0].doors[0].href == "/audit"


def test_what_is_behind_every_door_is_said():
    assert set(WORK) == {door.href for door in DOORS}
