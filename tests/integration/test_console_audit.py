"""The auditor's and the operator's seats in a real browser: what leads where, who may see it."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import pytest
from python_calamine import CalamineWorkbook

from node.crypto import sm3, verify_login
from node.errors import LedgerBehind, LedgerError
from node.log import LogReader, check_log
from node.protocol.evidence import verify_evidence
from node.protocol.forms.fields import day_of
from node.protocol.wire.leaf import (
    AUDIT,
    KINDS,
    Leaf,
    login_event,
    parse_leaf,
    session_event,
)
from node.protocol.wire.trustfile import parse_trust
from tests.common import papers
from tests.common.browser import WIDTHS, axe, shoot
from tests.common.nodes import ENTRY, QUERY, until
from tests.common.officials import sign_in, signed_in
from tests.common.rowwise import A_FEW, statements_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chain
SCRIPT = '"><img src=x onerror="document.title=1"><script>document.title=1</script>'


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    """A town with one call served, one refused, and both anchored."""
    with moulds.served(tmp_path_factory.mktemp("audited")) as town:
        with town.client() as client:
            client.query(town.first, **{**QUERY, "matter": "办件 2026-0042"})
            with pytest.raises(LedgerError):
                client.query(town.first, **{**QUERY, "items": ["XM", "MZ"]})
        reader, log = town.node.reader, town.node.identities[1].log
        size = reader.head(log).size
        until(lambda: (fact := town.node.queries.find_log(log)) and fact.size >= size)
        yield town


@pytest.fixture(scope="module")
def auditor(town):
    with signed_in(town.url, town.keys.auditor) as client:
        client.headers["Accept"] = "text/html"
        yield client


@pytest.fixture(scope="module")
def served(town) -> str:
    """The event of a call that was served."""
    reader, log = town.node.reader, town.node.identities[1].log
    leaves = [parse_leaf(leaf, KINDS) for leaf in reader.entries(log, 0, reader.head(log).size)]
    return next(leaf.event.hex() for leaf in leaves if leaf.outcome == "served" and leaf.matter)


@pytest.fixture
def seat(town, page: Page, context, auditor) -> Page:
    """A page of somebody who is signed in as the auditor."""
    context.add_cookies(
        [{"name": each.name, "value": each.value or "", "url": town.url}
         for each in auditor.cookies.jar]
    )  # fmt: skip
    return page


def looks(town) -> list[Leaf]:
    """The leaves of auditors' looks in all logs here."""
    reader = town.node.reader
    found = []
    for log, _ in reader.logs():
        leaves = reader.entries(log, 0, reader.head(log).size)
        found += [
            each for each in (parse_leaf(leaf, KINDS) for leaf in leaves) if each.kind == AUDIT
        ]
    return found


def english(client: httpx.Client) -> str:
    """The client's cookies, and the one of somebody who reads English."""
    kept = "; ".join(f"{each.name}={each.value}" for each in client.cookies.jar)
    return f"{kept}; language=en"


class TestBox:
    def test_one_meaning_opens_its_page(self, town, seat, served):
        seat.goto(f"{town.url}/audit")
        assert axe(seat) == []
        shoot(seat, "audit-box", WIDTHS["seat"])
        seat.fill("#q", served)
        seat.keyboard.press("Enter")
        seat.wait_for_url(f"**/audit/call/{served}")

    def test_a_matter_leads_to_its_call_and_stands_in_no_leaf(self, town, auditor):
        answer = auditor.get("/audit", params={"q": "办件 2026-0042"})
        assert answer.status_code == 303
        assert "/audit/call/" in answer.headers["location"]
        newest = max(looks(town), key=lambda leaf: leaf.at)
        assert newest.question == "find"
        assert newest.values is not None

    def test_several_are_a_list_and_none_says_what_was_tried(self, town, seat):
        seat.goto(f"{town.url}/audit?q=局")
        assert seat.locator(".results li").count() >= 2
        assert axe(seat) == []
        seat.goto(f"{town.url}/audit?q=没有这个东西")
        assert seat.locator(".tried li").count() >= 2
        assert axe(seat) == []
        shoot(seat, "audit-nothing", WIDTHS["seat"])

    def test_behind_the_chain_nothing_is_said_and_nothing_logged(self, town, auditor, monkeypatch):
        def behind(*_):
            raise LedgerBehind("the read model is being filled")

        monkeypatch.setattr("ledger_sync.locating.Finder.find", behind)
        before = len(looks(town))
        answer = auditor.get("/audit", params={"q": "1"})
        assert answer.status_code == 503
        assert "账本尚未同步" in answer.text
        assert len(looks(town)) == before

    def test_a_script_stays_text(self, town, seat):
        seat.goto(f"{town.url}/audit")
        seat.fill("#q", SCRIPT)
        seat.keyboard.press("Enter")
        seat.wait_for_selector(".tried")
        assert SCRIPT in seat.locator("#q").input_value()
        assert seat.title() != "1"


class TestThings:
    def test_a_call_is_traced_to_its_block_with_every_check_made(self, town, seat, served):
        seat.goto(f"{town.url}/audit/call/{served}")
        assert "✓" in seat.locator(".title .badge").inner_text()
        kinds = seat.locator(".tree .badge").all_inner_texts()
        assert {"调用", "授权", "目录版本", "决定", "检查点", "锚定", "区块"} <= set(kinds)
        assert seat.locator("svg.trace rect").count() == len(kinds)
        assert seat.locator("svg.trace circle.bad").count() == 0
        assert axe(seat) == []
        shoot(seat, "audit-call", WIDTHS["seat"])

    @pytest.mark.parametrize("kind", ["authorisation", "version", "entry", "department", "block"])
    def test_every_kind_of_thing_has_a_page(self, town, seat, kind):
        name = {
            "authorisation": str(town.first),
            "version": f"{ENTRY.hex()}:1",
            "entry": ENTRY.hex(),
            "department": papers.POLICE,
            "block": str(town.node.queries.steps(town.first)[0].block),
        }[kind]
        seat.goto(f"{town.url}/audit/{kind}/{name}")
        assert seat.locator("h1").inner_text()
        assert axe(seat) == []
        shoot(seat, f"audit-{kind}", WIDTHS["seat"])
        # Outcomes are words: an authorisation's calls are listed with how they ended.
        assert "served" not in seat.inner_text("main")
        assert kind != "authorisation" or "已提供" in seat.inner_text("main")

    def test_keys_and_applications_have_theirs(self, town, auditor):
        key = town.keys.auditor.public_key.key_id.hex()
        application = town.node.queries.get_authorisation(town.first).application.hex()
        for path in (f"key/{key}", f"application/{application}"):
            answer = auditor.get(f"/audit/{path}")
            assert answer.status_code == 200, answer.text
            assert "经过" in answer.text

    def test_a_trace_is_in_english_too(self, auditor, served):
        answer = auditor.get(f"/audit/call/{served}", headers={"Cookie": english(auditor)})
        assert "every check holds" in answer.text
        assert "核对" not in answer.text

    @pytest.mark.parametrize(
        "path", ["call/" + "00" * 32, "authorisation/999", "block/99999999", "key/" + "11" * 32]
    )
    def test_what_there_is_not_is_a_page_that_says_so(self, auditor, path):
        answer = auditor.get(f"/audit/{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")

    def test_the_bundle_verifies_against_the_trust_file_beside_it(self, auditor, served):
        data = auditor.get(f"/audit/call/{served}/bundle").content
        trust = auditor.get(f"/audit/call/{served}/trust").content
        verify_evidence(data, parse_trust(trust))
        # The digest on the report is of this very file, whenever either is asked for.
        assert auditor.get(f"/audit/call/{served}/bundle").content == data
        report = auditor.get(f"/audit/call/{served}/report", timeout=60)
        assert report.headers["content-type"] == "application/pdf"
        assert report.content.startswith(b"%PDF-")


class TestCalls:
    def test_the_list_is_filtered(self, town, seat):
        seat.goto(f"{town.url}/audit/calls")
        everything = seat.locator("#rows tbody tr").count()
        assert everything >= 3
        assert axe(seat) == []
        shoot(seat, "audit-calls", WIDTHS["seat"])
        seat.select_option("[name=outcome]", "refused")
        seat.click("form button.main")
        seat.wait_for_url("**outcome=refused**")
        assert 1 <= seat.locator("#rows tbody tr").count() < everything
        assert set(seat.locator("#rows tbody .badge").all_inner_texts()) <= {"信息项未获授权"} | {
            "授权尚未同意", "授权不存在", "文书不存在", "账本尚未同步"
        }  # fmt: skip

    def test_an_application_is_named_by_its_code_at_a_consumer(self, auditor):
        asked = {"application": "ZHSX", "consumer": papers.EDUCATION}
        rows = auditor.get("/audit/calls", params=asked).text
        assert rows.count('<td class="nowrap"><a href="/audit/call/') >= 3
        other = auditor.get("/audit/calls", params={**asked, "application": "OTHER"}).text
        assert "没有符合条件的调用" in other
        assert "同时选使用部门" in auditor.get("/audit/calls", params={"application": "ZHSX"}).text

    def test_every_log_is_named_with_where_it_is_asked(self, town, auditor, monkeypatch):
        police, elsewhere = town.node.identities[1], "https://police.example"
        address = town.node.directory.url_of(police.department)
        assert address == town.url
        answer = auditor.get("/audit/calls", params={"outcome": "refused"})
        assert answer.text.count("查的是它") == 1
        assert answer.text.count("没有查") == len(town.node.queries.logs()) - 1
        # A log that is not at this node is asked at its own, with the same filters.
        here = town.node.reader.sizes()
        del here[police.log]
        monkeypatch.setattr(town.node.reader, "sizes", lambda: here)
        monkeypatch.setattr(town.node.directory, "url_of", lambda _: elsewhere)
        query = f"outcome=refused&amp;log={police.log.hex()}"
        answer = auditor.get("/audit/calls", params={"outcome": "refused"})
        assert f'<a href="{elsewhere}/audit/calls?{query}">{elsewhere}</a>' in answer.text
        answer = auditor.get(f"/audit/authorisation/{town.first}")
        assert f'href="{elsewhere}/audit/calls?authorisation={town.first}&amp;log=' in answer.text
        fact = town.node.queries.get_authorisation(town.first)
        assert f"至 {day_of(fact.valid_until - 1)}" in answer.text
        monkeypatch.setattr(town.node.directory, "url_of", lambda _: "javascript:alert(1)")
        answer = auditor.get("/audit/calls")
        assert "不知网址" in answer.text
        assert "javascript:" not in answer.text

    def test_a_filter_that_is_wrong_is_said(self, auditor):
        answer = auditor.get("/audit/calls", params={"since": SCRIPT[:10], "entry": "x"})
        assert answer.status_code == 200
        assert "条件有误" in answer.text

    def test_the_export_holds_the_list(self, auditor, served):
        answer = auditor.get("/audit/calls.xlsx", params={"outcome": "served"})
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
        rows = sheet.to_python()
        assert rows[0][0] == "时间"
        assert served in {row[-1] for row in rows[1:]}
        assert {row[1] for row in rows[1:]} == {"已提供"}


class TestLeaves:
    def test_every_look_is_a_leaf_under_the_signed_login(self, town, auditor, served):
        before = len(looks(town))
        answer = auditor.get(f"/audit/call/{served}")
        found = looks(town)
        assert len(found) == before + 1
        leaf = next(each for each in found if each.answer == sm3(answer.content))
        assert leaf.question == f"trace call {served}"
        assert leaf.event == session_event(login_event(leaf.base), leaf.sequence)
        verify_login(town.keys.auditor.public_key, leaf.base, leaf.signature)

    def test_the_log_is_whole_with_them(self, town, auditor):
        assert auditor.get("/audit/calls").status_code == 200
        log = town.node.identities[1].log
        reader = LogReader(town.node.settings.stores.open("log", readonly=True))
        assert parse_leaf(reader.entry(log, reader.head(log).size - 1), KINDS).kind == AUDIT


class TestWho:
    def test_a_stranger_and_an_officer_who_is_no_auditor_see_nothing(self, town):
        before = len(looks(town))
        stranger = httpx.get(f"{town.url}/audit", headers={"Accept": "text/html"})
        assert stranger.status_code == 401
        with signed_in(town.url, town.keys.reviewer) as reviewer:
            reviewer.headers["Accept"] = "text/html"
            for path in ("/audit", "/audit/calls", "/audit/calls.xlsx", "/audit/block/1"):
                assert reviewer.get(path).status_code == 403
        assert len(looks(town)) == before

    def test_queries_under_one_login_are_bounded(self, town, auditor, monkeypatch):
        monkeypatch.setattr("node.office.sessions.MOST_REQUESTS", 0)
        before = len(looks(town))
        assert auditor.get(f"/audit/department/{papers.POLICE}").status_code == 503
        assert len(looks(town)) == before


class TestOperation:
    def test_a_head_sees_how_the_node_fares_and_no_secret(self, town, page, context):
        with httpx.Client(base_url=town.url) as client:
            assert sign_in(client, town.keys.heads[papers.POLICE]).status_code == 200
            context.add_cookies(
                [{"name": each.name, "value": each.value or "", "url": town.url}
                 for each in client.cookies.jar]
            )  # fmt: skip
        page.goto(f"{town.url}/operation")
        assert page.locator("#fares .badge.bad").count() == 0
        assert axe(page) == []
        shoot(page, "operation-health", WIDTHS["seat"])
        page.goto(f"{town.url}/operation/settings")
        assert "••••" in page.content()
        assert "people.db" not in page.content()
        assert axe(page) == []
        shoot(page, "operation-settings", WIDTHS["seat"])

    def test_an_alarm_says_what_to_do(self, town, monkeypatch):
        full = SimpleNamespace(active=frozenset({"disk-low"}), details={"disk-low": "3 MiB free"})
        monkeypatch.setitem(town.node.__dict__, "monitor", full)
        with signed_in(town.url, town.keys.heads[papers.POLICE]) as head:
            answer = head.get("/operation", headers={"Accept": "text/html"})
        assert "腾出空间" in answer.text

    def test_others_are_refused(self, town):
        with signed_in(town.url, town.keys.auditor) as auditor:
            for path in ("/operation", "/operation/settings"):
                assert auditor.get(path, headers={"Accept": "text/html"}).status_code == 403


def test_a_log_with_an_auditors_looks_is_found_whole(town, auditor):
    assert auditor.get("/audit/calls").status_code == 200
    engine = town.node.settings.stores.open("log", readonly=True)
    try:
        for identity in town.node.identities:
            assert check_log(engine, identity.log).size == town.node.reader.head(identity.log).size
    finally:
        engine.dispose()


def test_a_block_that_anchors_looks_lists_no_call_of_them(town, auditor):
    log = town.node.identities[0].log
    assert auditor.get("/audit/calls").status_code == 200
    size = town.node.reader.head(log).size
    until(lambda: (fact := town.node.queries.find_log(log)) and fact.size >= size)
    anchor = town.node.queries.find_anchor(log, size - 1)
    answer = auditor.get(f"/audit/block/{anchor.block.number}")
    assert answer.status_code == 200
    assert f"第 {anchor.old_size} 至 {anchor.size - 1} 条" in answer.text


def test_no_page_asks_the_databases_call_by_call(town, auditor):
    paths = (f"/audit/authorisation/{town.first}", "/audit/calls", f"/audit?q={'ab' * 32}")
    few = {path: statements_of(auditor, path) for path in paths}
    with town.client() as client:
        for number in range(2 * A_FEW):
            client.query(town.first, **{**QUERY, "matter": f"2026-{number}"})
    many = {path: statements_of(auditor, path) for path in paths}
    assert {path: n for path, n in many.items() if n > few[path] + A_FEW} == {}
