"""The public pages as people use them: a real browser on a real node."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from node.documents.finding import SORTED
from tests.common import papers
from tests.common.browser import ROOT, axe, shoot
from tests.common.firstview import LOADED, MOST_BYTES, first_view_bytes
from tests.common.furnished import ENTRIES, LONG
from tests.common.make_pictures import PICTURES, named
from tests.common.officials import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain

HTML = {"Accept": "text/html"}
LARGEST_PICTURE = 120_000
POLICE = f"/departments/{papers.POLICE}"


def entry_of(town: NodeTown, name: str) -> str:
    return f"/catalogue/{town.node.search.search(name)[0].entry.hex()}"


def address(town: NodeTown, name: str) -> str:
    """Return a page's address by the name its picture has."""
    known = {
        "home": "/",
        "catalogue": "/catalogue",
        "nothing": "/catalogue?q=zzzz",
        "departments": "/departments",
        "department": POLICE,
        "decision": "/decisions/CatalogueRegistry/1",
        "missing": "/nowhere",
    }
    return town.url + (known.get(name) or entry_of(town, name))


class TestEveryPage:
    @pytest.mark.parametrize(
        "name",
        ["home", "catalogue", "nothing", "departments", "department", "decision", "missing"],
    )
    def test_can_be_read_by_everybody_at_both_widths(
        self, page: Page, furnished: NodeTown, name: str
    ) -> None:
        page.goto(address(furnished, name))
        assert page.title()
        assert axe(page) == []
        shoot(page, f"public-{name}")

    def test_an_entry_with_a_long_name_and_many_items(
        self, page: Page, furnished: NodeTown
    ) -> None:
        page.goto(address(furnished, LONG))
        assert axe(page) == []
        shoot(page, "public-entry-long")

    def test_is_english_where_that_was_chosen_and_stays_so(
        self, page: Page, furnished: NodeTown
    ) -> None:
        page.goto(f"{furnished.url}/catalogue?q=驾驶")
        page.get_by_role("link", name="English").click()
        page.wait_for_url("**/catalogue?q=*")
        assert page.get_by_role("heading", name="Catalogue").is_visible()
        page.goto(furnished.url + entry_of(furnished, "驾驶"))
        assert page.get_attribute("html", "lang") == "en"
        assert page.get_by_text("What it is").is_visible()
        assert axe(page) == []
        shoot(page, "public-entry-english")

    def test_can_be_walked_by_keyboard(self, page: Page, furnished: NodeTown) -> None:
        page.goto(furnished.url)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("/")
        page.keyboard.type("驾驶")
        page.keyboard.press("Enter")
        page.wait_for_url("**/catalogue?q=*")


def test_the_manuals_pictures_are_small_and_taken_by_tests() -> None:
    pictures = named()
    assert pictures == {path.stem for path in PICTURES.glob("*.png")}
    source = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for each in pictures:
        shot = re.sub(r"-\d+$", "", each)
        assert f'"{shot}"' in source or f'"{shot.removeprefix("public-")}"' in source, each
        assert (PICTURES / f"{each}.png").stat().st_size < LARGEST_PICTURE, each


class TestSearch:
    def test_answers_while_one_types_and_marks_what_it_found(
        self, page: Page, furnished: NodeTown
    ) -> None:
        page.goto(f"{furnished.url}/catalogue")
        page.get_by_role("searchbox").type("駕駛", delay=20)
        page.wait_for_url("**/catalogue?q=*")
        assert page.locator(".results li").count() == 1
        assert page.locator("mark").first.inner_text() == "驾驶"
        assert "1" in page.locator("[role=status]").first.inner_text()

    def test_is_narrowed_by_a_filter_that_says_how_many(
        self, page: Page, furnished: NodeTown
    ) -> None:
        page.goto(f"{furnished.url}/catalogue")
        chosen = page.locator(".filters a", has_text="不予共享")
        assert chosen.locator(".count").inner_text() == "1"
        chosen.click()
        page.wait_for_url("**share=*")
        assert page.locator(".results li").count() == 1
        assert page.locator(".filters a[aria-current]", has_text="不予共享").count() == 1

    def test_shows_what_others_wrote_as_text(self, page: Page, furnished: NodeTown) -> None:
        page.goto(f"{furnished.url}/catalogue?q=管控")
        assert page.locator(".results p").inner_text().startswith("<script>alert(1)</script>")
        page.goto(f"{furnished.url}/catalogue?q=<img src=x onerror=alert(1)>")
        assert page.locator("main img").count() == 0


class TestEntry:
    def test_says_what_a_version_changed(self, page: Page, furnished: NodeTown) -> None:
        page.goto(furnished.url + entry_of(furnished, "驾驶证"))
        changed = page.locator("#compared tbody tr")
        assert "更新周期 每周 每日" in " ".join(changed.nth(1).inner_text().split())
        assert axe(page) == []
        shoot(page, "public-entry")

    def test_leads_to_a_decision_that_was_checked_just_now(
        self, page: Page, furnished: NodeTown
    ) -> None:
        page.goto(furnished.url + entry_of(furnished, "驾驶证"))
        page.get_by_role("link", name="自行核验").first.click()
        page.wait_for_url("**/decisions/CatalogueRegistry/*")
        assert page.get_by_text("刚刚核验：签名成立").is_visible()

    def test_a_decision_whose_signature_does_not_hold_is_called_so(
        self, furnished: NodeTown, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node = furnished.node
        other = replace(node.deployment, chain_id=node.deployment.chain_id + 1)
        monkeypatch.setitem(node.__dict__, "deployment", other)
        page = httpx.get(f"{furnished.url}/decisions/CatalogueRegistry/1", headers=HTML)
        assert "签名不成立" in page.text
        assert "签名成立" not in page.text

    def test_is_dcat_for_machines(self, furnished: NodeTown) -> None:
        found = httpx.get(f"{furnished.url}{entry_of(furnished, '驾驶证')}.jsonld")
        assert found.headers["content-type"] == "application/ld+json"
        entry = found.json()
        assert entry["@type"] == "dcat:Dataset"
        assert entry["dct:title"] == {"@value": ENTRIES[0]["name"], "@language": "zh"}
        whole = httpx.get(f"{furnished.url}/catalog.jsonld").json()
        assert whole["hydra:totalItems"] == len(whole["dcat:dataset"]) == len(ENTRIES) + 1
        assert entry["@id"] in {each["@id"] for each in whole["dcat:dataset"]}

    def test_stands_in_the_sitemap(self, furnished: NodeTown) -> None:
        robots = httpx.get(f"{furnished.url}/robots.txt").text
        index = httpx.get(re.search(r"Sitemap: (\S+)", robots)[1]).text  # type: ignore[index] # it is there
        part = httpx.get(re.search(r"<loc>(\S+?)</loc>", index)[1]).text  # type: ignore[index] # it is there
        assert f"{furnished.url}{entry_of(furnished, LONG)}</loc>" in part


class TestPerson:
    @pytest.fixture
    def official(self, page: Page, furnished: NodeTown) -> Iterator[Page]:
        with signed_in(furnished.url, furnished.keys.office[papers.POLICE]) as client:
            cookies = [
                {"name": name, "value": value, "url": furnished.url}
                for name, value in client.cookies.items()
            ]
            page.context.add_cookies(cookies)  # type: ignore[arg-type] # as Playwright wants them
            page.goto(furnished.url)
            yield page

    def test_who_has_signed_in_stands_above_with_the_ways_to_the_work(self, official: Page) -> None:
        menu = official.locator(".bar details.menu", has_text="市公安局")
        menu.locator("summary").click()
        assert official.get_by_role("button", name="退出登录").is_visible()
        ways = [each.get_attribute("href") for each in menu.get_by_role("link").all()]
        assert ways == ["/desk", "/operation", "/board", "/"]
        assert axe(official) == []
        shoot(official, "public-person")
        official.keyboard.press("Escape")
        assert not official.get_by_role("button", name="退出登录").is_visible()

    def test_signs_out_for_good(self, official: Page, furnished: NodeTown) -> None:
        official.locator(".bar details.menu", has_text="市公安局").locator("summary").click()
        with official.expect_navigation():
            official.get_by_role("button", name="退出登录").click()
        assert official.locator(".bar").get_by_text("市公安局").count() == 0
        assert official.locator(".bar a", has_text="登录").is_visible()
        official.goto(furnished.url)
        assert official.locator('meta[name="csrf-token"]').count() == 0


class TestAnswers:
    def test_load_little_before_they_can_be_read(self, furnished: NodeTown) -> None:
        with httpx.Client(base_url=furnished.url) as http:
            names = set(LOADED.findall(http.get("/catalogue", headers=HTML).text))
            assert len(names) >= 4
            for name in names:
                assert "immutable" in http.get(name).headers["cache-control"]
            entry = entry_of(furnished, LONG)
            for path in ("/", "/catalogue", "/departments", POLICE, entry, "/sign-in", "/evidence"):
                assert first_view_bytes(http, path) <= MOST_BYTES

    def test_run_nothing_and_load_nothing_that_is_not_the_nodes(self, furnished: NodeTown) -> None:
        answer = httpx.get(f"{furnished.url}/catalogue", headers=HTML)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)

    def test_have_head_and_their_errors_are_pages_for_browsers_alone(
        self, furnished: NodeTown
    ) -> None:
        assert httpx.head(f"{furnished.url}/catalogue", headers=HTML).status_code == 200
        page = httpx.get(f"{furnished.url}/catalogue?share=x", headers=HTML)
        assert (page.status_code, page.headers["content-type"]) == (
            400,
            "text/html; charset=utf-8",
        )
        assert "malformed-request" in page.text
        for path, headers in (("/nowhere", {}), ("/api/v1/catalogue/xyz", HTML)):
            problem = httpx.get(furnished.url + path, headers=headers)
            assert problem.headers["content-type"] == "application/problem+json"

    def test_a_part_of_a_page_that_fails_is_a_part_of_a_page(self, furnished: NodeTown) -> None:
        asked = {"HX-Request": "true", "HX-Target": "results"}
        part = httpx.get(f"{furnished.url}/catalogue?share=x", headers=asked)
        assert part.status_code == 400
        assert "<html" not in part.text
        assert "malformed-request" in part.text

    @pytest.mark.parametrize("back", ["//elsewhere", "/\\elsewhere", "https:elsewhere", "/%0aa:b"])
    def test_a_language_leads_back_nowhere_else(self, furnished: NodeTown, back: str) -> None:
        answer = httpx.get(f"{furnished.url}/language/en?back={back}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")

    @pytest.mark.parametrize("name", ["..%2fpages.py", "manifest.json", "nothing.js"])
    def test_no_file_but_what_was_built_is_served(self, furnished: NodeTown, name: str) -> None:
        assert httpx.get(f"{furnished.url}/static/{name}").status_code == 404

    def test_know_who_has_signed_in_and_stay_in_no_cache(self, furnished: NodeTown) -> None:
        with signed_in(furnished.url, furnished.keys.office[papers.POLICE]) as client:
            answer = client.get("/", headers=HTML)
            assert "市公安局" in answer.text
            assert "工作机构负责人" in answer.text
            assert 'name="csrf-token"' in answer.text
            assert answer.headers["cache-control"] == "no-store"
        assert 'name="csrf-token"' not in httpx.get(furnished.url, headers=HTML).text

    def test_are_printed_whole_and_without_what_paper_cannot_do(
        self, page: Page, furnished: NodeTown
    ) -> None:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 718, "height": 1000})  # A4 between Chromium's margins
        page.goto(furnished.url + entry_of(furnished, "驾驶"))
        assert page.locator("button:visible, .bar:visible, footer:visible").count() == 0
        wide = page.evaluate(
            "[...document.querySelectorAll('table')].map(it => it.getBoundingClientRect().right)"
        )
        assert max(wide) <= 718
        shown = page.evaluate(
            "getComputedStyle(document.querySelector('.digest.short'), '::before').content"
        )
        assert len(shown.strip('"')) == 64

    def test_say_that_what_they_show_may_be_old(
        self, furnished: NodeTown, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(furnished.node.queries, "contact", lambda: None)
        answer = httpx.get(f"{furnished.url}/", headers=HTML)
        assert "链上数据正在追赶" in answer.text

    def test_a_search_that_finds_too_much_to_count_says_so(
        self, furnished: NodeTown, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from node.documents import finding

        monkeypatch.setattr(finding, "SORTED", 1)
        answer = httpx.get(f"{furnished.url}/catalogue?q=信息", headers=HTML)
        assert f"超过 {SORTED} 条" in answer.text
