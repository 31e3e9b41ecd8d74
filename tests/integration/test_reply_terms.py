"""Terms built by form at a running node: previewed on real rows, logged first, signed as built."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from node.crypto import SoftwareSigner, sm3, verify_login
from node.errors import LedgerBehind, LogUnavailable
from node.log import check_log
from node.office import authorising, departments
from node.office.authorising import Request
from node.office.drafts import Person
from node.office.mandates import held_roles
from node.office.turnstile import PREVIEWS
from node.protocol.evidence import verify_evidence
from node.protocol.forms import authorisation_object
from node.protocol.ledger.enums import AuthorisationState, Role
from node.protocol.wire import ids
from node.protocol.wire.leaf import PREVIEW, Leaf, parse_leaf
from node.protocol.wire.trustfile import parse_trust
from node.service.needs import Page as SourcePage
from node.storage.engines import open_engine
from tests.common import founding, papers
from tests.common.browser import axe, shoot
from tests.common.keyfiles import quick_files
from tests.common.nodes import PASSWORD, QUOTA, until
from tests.common.officials import signed_in

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Response

    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain
WIDTHS = (1366, 1920)
SCRIPT = "<script>window.pwned=1</script>'\"&"
SERVED, BARE = "30300101/06020", "30300101/06021"
SERVED_ENTRY = ids.entry_id(ids.department_id(papers.POLICE), SERVED)
LONG = "身份号码（公民身份号码或者其他有效证件的号码，按登记机关留存的样式）"
ITEMS = [
    papers.item("XM"),
    papers.item("GMSFHM", name=LONG, length=18, grade="一般3级", mask="keep:6,4"),
    papers.item("CSRQ", name="出生日期", type="日期型D", length=None),
    papers.item("MJ", name="面积", type="数值型N", length=8, scale=2, filterable=False),
]
CODES = [each["code"] for each in ITEMS]
TERMS = {
    "answer-MJ": "refuse", "ground-MJ": "必要性", "citation-MJ": "与用途无关", "reason-MJ": "不必",
    "mask-XM": "keep", "first-XM": "1", "last-XM": "0", "mask-CSRQ": "year",
    "item-0": "CSRQ", "operator-0": "le", "value-0": "2018-06-30",
    "item-1": "GMSFHM", "operator-1": "in",
    "value-1": "\n".join(f"13090220000101{n:04d}" for n in range(12)),
}  # fmt: skip
"""Born in the first half of the year, of twelve people: six rows, of which five are shown."""
OFFICER = SoftwareSigner.generate()
"""The police's data officer, who joins the town here."""
VERSIONS: dict[str, bytes] = {}
"""The versions' documents, by entry code."""
WHOLE = {"disposal": "销毁", "days": "30", "callsPerDay": "10", "rowsPerDay": "10"}


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("terms")
    source = {
        "entry": SERVED,
        "url": f"sqlite:///{folder / 'people.db'}",
        "table": "person",
        "key": "id",
        "columns": {"XM": "name", "GMSFHM": "id", "CSRQ": "born", "MJ": "area"},
    }
    with moulds.founded(folder, sources=[source]) as running:
        town: Any = running  # with what the tests keep beside it
        bodies = [papers.catalogue_version(code=code, items=ITEMS) for code in (SERVED, BARE)]
        submitted, review = founding.publication(*bodies)
        town.decide(submitted, town.keys.heads[papers.POLICE])
        town.decide(review, town.keys.reviewer)
        VERSIONS.update(zip((SERVED, BARE), submitted.documents, strict=True))
        added, granted = founding.officer(papers.POLICE, OFFICER, "数据专管员")
        town.decide(added, town.keys.heads[papers.POLICE], OFFICER)
        town.decide(granted, town.keys.heads[papers.POLICE])
        yield town


@pytest.fixture(scope="module")
def officer(town):
    """The police's data officer at his browser: who signs in too often has to wait."""
    with signed_in(town.url, OFFICER) as http:
        yield http


@pytest.fixture(scope="module")
def office(town):
    """The police's office head at his."""
    with signed_in(town.url, town.keys.office[papers.POLICE]) as http:
        yield http


@pytest.fixture(autouse=True)
def minute(town):
    """Every test begins a minute of its own."""
    now = town.node.turnstile._clock() + 60
    town.node.turnstile._clock = lambda: now


def applied_for(town, code=SERVED, name="常住人口户籍信息") -> int:
    """Apply as the education office's head; return the authorisation."""
    entry = {"department": papers.POLICE, "code": code, "version": 1, "name": name}
    body = papers.application(**papers.ALWAYS, **QUOTA, entry=entry, items=CODES)
    act = authorising.apply_for([Request(body, VERSIONS[code])])
    number: int = town.decide(act, town.keys.office[papers.EDUCATION]).event["first"]
    until(lambda: has_papers(town, number))
    return number


def has_papers(town, number: int) -> bool:
    """Tell whether the node has seen that an application's papers hold."""
    subject = town.node.queries.get_authorisation(number).subject
    try:
        town.node.facts.check(subject, authorisation_object(number))
    except LedgerBehind:
        return False
    return True


@pytest.fixture(scope="module")
def waiting(town) -> int:
    """An application that nobody replies to."""
    return applied_for(town)


def ask(http: httpx.Client, number: int, form=TERMS, what="preview") -> httpx.Response:
    return http.post(f"/desk/authorisations/{number}/reply/{what}", data=form)


def size(town: NodeTown) -> int:
    return town.node.reader.head(town.node.identities[1].log).size


def leaf_at(town: NodeTown, index: int) -> Leaf:
    return parse_leaf(town.node.reader.entry(town.node.identities[1].log, index), (PREVIEW,))


def looked_at(page: Page, name: str) -> None:
    shoot(page, name, WIDTHS)
    assert axe(page) == []
    assert page.evaluate("window.pwned") is None


@pytest.fixture
def sits(town, context, officer, office):
    """Return what puts somebody who is signed in before the browser."""
    clients = {"officer": officer, "office": office}

    def sit(who: str | httpx.Client) -> None:
        http = clients[who] if isinstance(who, str) else who
        context.clear_cookies()
        context.add_cookies(
            [{"name": each.name, "value": each.value, "url": town.url} for each in http.cookies.jar]
        )

    return sit


def build(page: Page) -> None:
    """Fill the form in as `TERMS` says."""
    page.get_by_label("对 面积 的答复").select_option("refuse")
    page.get_by_label("面积：依据", exact=True).select_option("必要性")
    page.get_by_label("面积：依据的内容").fill("与用途无关")
    page.get_by_label("面积：理由").fill(f"不必{SCRIPT}")
    page.get_by_label("姓名：脱敏").select_option("keep")
    page.get_by_label("出生日期：脱敏").select_option("year")
    for nth in range(2):
        if nth:
            page.get_by_role("button", name="再加一条").click()
        page.get_by_label(f"条件 {nth + 1}：信息项").select_option(TERMS[f"item-{nth}"])
        page.get_by_label(f"条件 {nth + 1}：比较").select_option(TERMS[f"operator-{nth}"])
        page.get_by_label(f"条件 {nth + 1}：值").fill(TERMS[f"value-{nth}"])
    page.get_by_label("用后处置").select_option("销毁")


def preview(page: Page) -> tuple[Response, list[list[str]]]:
    """Press the button; return the answer and what stands in the table."""
    with page.expect_response("**/reply/preview") as caught:
        page.get_by_role("button", name="预览前 5 行").click()
    page.locator("table[data-preview]").wait_for()
    rows = page.locator("table[data-preview] tbody tr").all()
    return caught.value, [row.locator("td").all_inner_texts() for row in rows]


def sign(page: Page, key: Path) -> None:
    page.get_by_role("button", name="签署答复").click()
    page.get_by_role("dialog").wait_for()
    page.set_input_files("#signing-file", key)
    page.locator("#signing-pin").fill(PASSWORD.decode())
    page.get_by_role("button", name="签署并提交").click()
    page.get_by_text("块生效").wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="完成").click()


def drafted(town, page, number) -> list[list[str]]:
    """Build the terms as the data officer, look at what they leave, hand them over."""
    page.goto(f"{town.url}/desk/authorisations/{number}")
    assert page.get_by_role("button", name="签署答复").count() == 0
    build(page)
    answer, rows = preview(page)
    assert answer.headers["cache-control"] == "no-store"
    leaf = leaf_at(town, int(answer.headers["shareledger-leaf"]))
    assert (leaf.answer, leaf.rows, leaf.version) == (sm3(answer.body()), 5, 1)
    assert leaf.entry == SERVED_ENTRY
    assert (leaf.items, leaf.masked, leaf.sequence) == (0b111, 0b111, 1)
    verify_login(OFFICER.public_key, leaf.base, leaf.signature)
    assert rows[0] == ["张**", "130902********0000", "2018"]
    looked_at(page, "desk-reply-preview")
    page.get_by_label("姓名：保留前几位").fill("2")
    page.locator("table[data-preview]").wait_for(state="detached")
    page.get_by_label("姓名：保留前几位").fill("1")
    page.get_by_label("移交说明").fill(f"请审签{SCRIPT}")
    page.get_by_role("button", name="移交负责人").click()
    page.get_by_text("答复草稿已移交负责人").wait_for()
    looked_at(page, "desk-reply-handed-over")
    return rows


def signed(town, page, number, key) -> list[list[str]]:
    """Find the draft as the head, look at the same rows, sign what it says."""
    page.goto(f"{town.url}/desk")
    page.get_by_role("link", name=f"授权 {number} 的答复").click()
    page.get_by_text("请审签").wait_for()
    for label, text in (("答复意见", "同意"), ("经办人", "王建国"), ("电话", "0317-0000001")):
        page.get_by_label(label, exact=True).fill(text)
    _, rows = preview(page)
    looked_at(page, "desk-reply-signing")
    sign(page, key)
    page.get_by_text("另行脱敏").wait_for()
    looked_at(page, "desk-reply-signed")
    return rows


def test_terms_are_built_previewed_handed_over_and_signed_and_calls_get_what_was_shown(
    town, page, sits, tmp_path
):
    number, head = applied_for(town), town.keys.office[papers.POLICE]
    with quick_files():
        head.save(tmp_path / "head.pem", PASSWORD)
    sits("officer")
    rows = drafted(town, page, number)
    sits("office")
    assert signed(town, page, number, tmp_path / "head.pem") == rows
    assert town.node.drafts.list(person(town, head)) == []

    fact = town.node.queries.get_authorisation(number)
    assert (fact.state, fact.items) == (AuthorisationState.AGREED, 0b111)
    terms = orjson.loads(town.node.store.get(fact.terms))
    asked = TERMS["value-1"].split("\n")
    assert terms["rowScope"] == {"CSRQ": {"le": "2018-06-30"}, "GMSFHM": {"in": asked}}
    assert terms["masks"] == {"XM": "keep:1,0", "CSRQ": "year"}
    assert terms["disposal"] == {"method": "销毁", "days": 30, "note": None}
    assert (terms["provider"], terms["consumer"]) == (papers.POLICE, papers.EDUCATION)

    # What a call gets now is what was shown then, value by value.
    query = {"purpose": "RXHY", "items": CODES[:3], "operator": "李老师", "matter": "1"}
    with town.client() as client:
        answer = client.query(number, **query)
    served = answer.rows
    assert [[row[code] for code in CODES[:3]] for row in served[:5]] == rows
    assert len(served) == 6

    # The call's evidence holds in the log that has the previews before it.
    log, call = town.node.identities[1].log, parse_leaf(answer.receipt.leaf)
    until(lambda: town.node.queries.find_log(log).size >= size(town))
    with signed_in(town.url, town.keys.auditor) as http:
        paths = (f"/audit/call/{call.event.hex()}/{each}" for each in ("bundle", "trust"))
        bundle, trust = (http.get(path).content for path in paths)
    verify_evidence(bundle, parse_trust(trust))


def person(town, signer) -> Person:
    key = signer.public_key.key_id
    return Person(key, held_roles(town.node.queries, key, 2_000_000_000))


def test_nobody_from_elsewhere_sees_a_row_and_none_leaves_a_leaf(town, officer, waiting):
    before = size(town)
    for signer in (town.keys.office[papers.EDUCATION], town.keys.heads[papers.POLICE]):
        with signed_in(town.url, signer) as http:
            answer = ask(http, waiting)
            assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
            assert ask(http, waiting, what="draft").status_code == 403
    # The provider's own, who may not sign; an application is needed, a session, and its token.
    assert ask(officer, waiting, what="fields").status_code == 403
    assert ask(officer, 99).status_code == 404
    address = f"{town.url}/desk/authorisations/{waiting}/reply/preview"
    assert httpx.post(address, data=TERMS).status_code == 401
    assert httpx.post(address, data=TERMS, cookies=officer.cookies).status_code == 403
    assert size(town) == before


def test_a_deputy_of_another_department_replies_and_sees_no_rows(town, waiting):
    """He may sign for the provider; what its source holds stays with its own people."""
    deputy = town.keys.office[papers.CENTRE]
    lent = {**papers.ALWAYS, "department": papers.POLICE, "roles": ["工作机构负责人"]}
    body = papers.roles(**lent, key=deputy.public_key.key_id.hex())
    town.decide(departments.grant_roles(body), town.keys.heads[papers.POLICE])
    before = size(town)
    with signed_in(town.url, deputy) as http:
        assert ask(http, waiting, {**TERMS, **WHOLE}, "fields").status_code == 200
        answer = ask(http, waiting)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    assert size(town) == before


def test_what_cannot_be_logged_is_not_shown(town, officer, waiting, monkeypatch):
    def refuse(_draft):
        refused: Future[None] = Future()
        refused.set_exception(LogUnavailable("日志停了 / no log"))
        return refused

    monkeypatch.setattr(town.node.previews, "_submit", refuse)
    answer = ask(officer, waiting)
    assert (answer.status_code, answer.json()["code"]) == (503, "log-unavailable")
    assert "张" not in answer.text


def test_nothing_is_answered_before_the_leaf_is_on_disk(town, officer, waiting, monkeypatch):
    asked, release, submit = threading.Event(), threading.Event(), town.node.writer.submit

    def hold(draft):
        asked.set()
        release.wait(20)
        return submit(draft)

    monkeypatch.setattr(town.node.previews, "_submit", hold)
    found: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: found.append(ask(officer, waiting)))
    asking.start()
    assert asked.wait(20)
    before, early = size(town), list(found)
    release.set()
    asking.join()
    assert early == []
    (answer,) = found
    assert (answer.status_code, int(answer.headers["ShareLedger-Leaf"])) == (200, before)
    assert leaf_at(town, before).answer == sm3(answer.content)


def test_what_no_answer_could_carry_is_shown_to_nobody(town, officer, waiting, monkeypatch):
    source = town.node.providers[1].sources[SERVED_ENTRY]
    broken = SourcePage([{"XM": "张\ud800", "GMSFHM": "1", "CSRQ": "2018-01-01"}], None)
    monkeypatch.setattr(source, "fetch", lambda _query: broken)
    before = size(town)
    answer = ask(officer, waiting, {**TERMS, "mask-XM": ""})
    assert (answer.status_code, answer.json()["code"]) == (503, "source-unavailable")
    assert size(town) == before


def test_a_node_without_the_source_says_so(town, officer):
    number = applied_for(town, BARE)
    answer = ask(officer, number)
    assert (answer.status_code, answer.json()["code"]) == (503, "source-unavailable")
    assert "本节点没有该目录的数据源" in answer.json()["detail"]
    shown = officer.get(f"/desk/authorisations/{number}").text
    assert "不能预览：本节点不服务提供部门" in shown
    assert "预览前" not in shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({f"answer-{code}": "refuse" for code in CODES}, "没有同意的信息项"),
        ({"item-0": "MJ"}, "不可作条件"),
        ({"value-0": "去年"}, "去年"),
    ],
)
def test_what_cannot_be_read_is_named_and_leaves_no_leaf(town, officer, waiting, changes, said):
    before = size(town)
    answer = ask(officer, waiting, {**TERMS, **changes})
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["detail"]
    assert size(town) == before


def test_a_session_looks_so_often_a_minute(town, officer, waiting):
    for _ in range(PREVIEWS.each):
        assert ask(officer, waiting).status_code == 200
    before = size(town)
    answer = ask(officer, waiting)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert size(town) == before


def test_a_draft_goes_to_the_head_and_back_and_undoes_nobodys_work(town, officer, office, waiting):
    mine = person(town, OFFICER)
    assert ask(officer, waiting, {**TERMS, "sudo": "1"}, "draft").status_code == 204
    listed = town.node.drafts.list(mine)
    named = next(each.id for each in listed if each.title == f"授权 {waiting} 的答复")
    assert b"sudo" not in town.node.drafts.get(mine, named, "reply").body
    first = {**TERMS, "draft": named.hex(), "revision": "1"}
    assert ask(office, waiting, first, "draft").status_code == 404
    over = {**first, "role": str(int(Role.OFFICE_HEAD)), "comment": "请审签"}
    assert ask(officer, waiting, over, "hand-over").status_code == 204
    assert ask(officer, waiting, first, "draft").status_code == 403
    place = office.get(f"/desk/replies/{named.hex()}").headers["Location"]
    assert place == f"/desk/authorisations/{waiting}"
    back = {**first, "revision": "3", "role": "0", "comment": ""}
    assert ask(office, waiting, back, "hand-over").status_code == 400
    back["comment"] = "再核行范围"
    assert ask(office, waiting, {**back, "revision": "2"}, "hand-over").status_code == 409
    assert ask(office, waiting, back, "hand-over").status_code == 204
    assert "再核行范围" in officer.get(place).text
    assert ask(officer, waiting, {"draft": named.hex()}, "drop").status_code == 204
    assert ask(officer, waiting, {"draft": "0" * 32}, "drop").status_code == 404


def test_an_auditor_finds_a_preview_and_the_log_is_whole(town, page, sits, officer, waiting):
    leaf = leaf_at(town, int(ask(officer, waiting).headers["ShareLedger-Leaf"]))
    with signed_in(town.url, town.keys.auditor) as http:
        sits(http)
        page.goto(f"{town.url}/audit?q={leaf.event.hex()}")
        assert page.url == f"{town.url}/audit/leaf/{leaf.event.hex()}"
        for said in ("脱敏预览", "常住人口户籍信息", "查看人", f"姓名、{LONG}"):
            assert said in page.inner_text("main")
        key = OFFICER.public_key.key_id.hex()
        assert page.locator(f'a[href="/audit/key/{key}"]').count() == 1
        looked_at(page, "audit-leaf-preview")
    engine = open_engine(town.node.settings.data_dir / "log.db", readonly=True)
    try:
        assert check_log(engine, town.node.identities[1].log).size == size(town)
    finally:
        engine.dispose()
