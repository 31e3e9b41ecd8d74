"""The officers' seat as it is used: a browser at a running node, real keys, a real chain."""

from __future__ import annotations

import io
import re
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import orjson
import pytest
from openpyxl import load_workbook

from api.console.wording import day
from node.crypto import SoftwareSigner
from node.documents.importing.template import COLUMNS, write_template
from node.errors import AuthorisationUnknown, PurposeNotGranted
from node.office import cataloguing, departments
from node.office.act import Act
from node.office.possession import prove_possession, render_request, request_possession
from node.protocol.ledger.enums import AuthorisationState, EntryState, Role
from node.protocol.wire import ids
from node.protocol.wire.prepared import parse_message
from tests.common import papers
from tests.common.browser import axe, shoot
from tests.common.firstview import MOST_BYTES, first_view_bytes
from tests.common.keyfiles import quick_files
from tests.common.nodes import PASSWORD, QUERY, until
from tests.common.officials import decide, signed_in
from tests.common.rowwise import A_FEW, statements_of
from tests.common.t2 import ROW, SECOND_ITEM

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


pytestmark = pytest.mark.chain
WIDTHS = (1366, 1920)
SCRIPT = "<script>window.pwned=1</script>'\"&"
CODE = "40400101/07001"
LONG = "沧州市城乡居民基本养老保险待遇领取资格认证及生存状况核验结果信息（含历史变更）"
OF_ALL = {
    "信息资源提供方": "沧州市公安局", "资源提供方代码": papers.POLICE, "来源系统": "平台",
    "职责依据": "三定方案", "类分类": "主题",
    "保密审查结论": "不涉密", "保密审查日期": "2026-02-27",
}  # fmt: skip
"""What a platform's table does not hold."""
ENTRY = ids.entry_id(ids.department_id(papers.POLICE), CODE)


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    with moulds.founded(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture(scope="module")
def sessions(town):
    """Return what opens somebody's session, once: who signs in too often has to wait."""
    with ExitStack() as open_ones:
        known = {}

        def of(signer):
            if signer not in known:
                known[signer] = open_ones.enter_context(signed_in(town.url, signer))
            return known[signer]

        yield of


@pytest.fixture
def at(town, context, sessions):
    """Return what signs somebody in: his HTTP, and the browser with his cookie."""

    def sign_in(signer):
        http = sessions(signer)
        context.clear_cookies()
        context.add_cookies(
            [{"name": each.name, "value": each.value, "url": town.url} for each in http.cookies.jar]
        )
        return http

    return sign_in


@pytest.fixture
def table(tmp_path):
    rows = [ROW, SECOND_ITEM]
    mended = [
        {**row, "信息资源代码": CODE, "资源提供方代码": papers.POLICE}
        if "资源提供方代码" in row
        else {**row, "信息资源代码": CODE}
        for row in rows
    ]
    path = tmp_path / "一季度报送.xlsx"
    write_template(path, [mended[0], {**mended[1], "数据类型": f"文字{SCRIPT}"}])
    return path


@pytest.fixture
def keyfile(tmp_path):
    """Return what writes an officer's key file as it lies on his own machine."""

    def write(signer: SoftwareSigner) -> Path:
        path: Path = tmp_path / f"{signer.public_key.key_id.hex()[:8]}.pem"
        if not path.exists():
            with quick_files():
                signer.save(path, PASSWORD)
        return path

    return write


def looked_at(page: Page, name: str) -> None:
    shoot(page, name, WIDTHS)
    assert axe(page) == []
    assert page.evaluate("window.pwned") is None


def test_a_table_goes_from_the_file_to_the_chain(town, at, page, table, keyfile):
    head = town.keys.heads[papers.POLICE]
    at(head)
    page.goto(f"{town.url}/desk/filings")
    looked_at(page, "desk-filings-empty")
    page.set_input_files("input[type=file]", table)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url("**/desk/filings/*")
    assert "1 处有误" in page.inner_text("main")
    looked_at(page, "desk-table-wrong")

    # The cell is mended where it stands, and the table checked again.
    page.locator("td.bad").click()
    page.locator("td textarea").fill("字符型C")
    page.get_by_role("button", name="保存").click()
    page.locator("td.bad").wait_for(state="detached")
    page.get_by_role("button", name="重新检查").click()
    page.get_by_text("没有错误").wait_for()
    page.get_by_role("link", name="核对改动").click()
    page.get_by_role("button", name="签署并报送").wait_for()
    looked_at(page, "desk-comparison")

    # Signed in the page, it is on the chain, and the draft is gone.
    sign(page, "签署并报送", keyfile(head))
    assert town.node.queries.get_entry(ENTRY).state == EntryState.SUBMITTED
    page.get_by_text("没有草稿").wait_for()


def _has_focus(shown):
    return shown.evaluate("each => each === document.activeElement")


def test_a_grid_is_worked_in_by_keyboard_alone(town, at, page, table):
    http = at(town.keys.heads[papers.POLICE])
    place = {"department": papers.POLICE, "name": "键盘.xlsx"}
    made = http.post("/desk/filings", params=place, content=table.read_bytes())
    page.goto(f"{town.url}{made.headers['Location']}?show=all")
    assert axe(page) == []
    cell = page.locator("table.grid tbody tr").nth(0).locator("td")
    cell.nth(0).focus()
    page.keyboard.press("ArrowRight")
    until(lambda: _has_focus(cell.nth(1)))
    was = cell.nth(1).inner_text()
    page.keyboard.press("Enter")
    field = page.locator("td textarea")
    until(lambda: _has_focus(field))
    assert axe(page) == []
    # Left with Escape it is as it was; kept with Ctrl+Enter the way goes on from there.
    field.fill("不要")
    page.keyboard.press("Escape")
    assert cell.nth(1).inner_text() == was
    page.keyboard.press("Enter")
    field.wait_for()
    field.fill(f"{was}{SCRIPT}")
    page.keyboard.press("Control+Enter")
    field.wait_for(state="detached")
    until(lambda: cell.nth(1).inner_text() == f"{was}{SCRIPT}")
    until(lambda: _has_focus(cell.nth(1)))
    page.keyboard.press("ArrowLeft")
    until(lambda: _has_focus(cell.nth(0)))
    assert page.evaluate("window.pwned") is None
    assert http.post(f"{made.headers['Location']}/drop").is_success


def _many(tmp_path, count, **row):
    """Return a workbook of so many entries."""
    rows = [
        {**ROW, "信息资源代码": f"40400103/{n:05}", "信息资源名称": f"第 {n} 个目录",
         "资源提供方代码": papers.POLICE, **row}
        for n in range(count)
    ]  # fmt: skip
    path = tmp_path / "大表.xlsx"
    write_template(path, rows)
    return path.read_bytes()


def test_a_large_table_is_compared_once_while_the_page_says_how_far_it_is(town, at, page, tmp_path):
    http = at(town.keys.heads[papers.POLICE])
    place = {"department": papers.POLICE, "name": "大表.xlsx"}
    made = http.post("/desk/filings", params=place, content=_many(tmp_path, 180))
    draft = made.headers["Location"]
    drawn = http.get(f"{draft}/comparison").text
    assert "正在与现行目录逐项核对" in drawn
    assert "0%" in http.get(f"{draft}/comparison/progress", headers={"HX-Request": "true"}).text
    page.goto(f"{town.url}{draft}/comparison")
    page.get_by_role("button", name="签署并报送").wait_for()
    looked_at(page, "desk-comparison-large")
    assert page.get_by_role("cell", name="40400103/00000").is_visible()
    page.get_by_role("link", name="下一页").click()
    page.get_by_role("cell", name="40400103/00050").wait_for()
    for shown in ("?show=all", "/comparison"):
        assert first_view_bytes(http, draft + shown) <= MOST_BYTES
    # Done, it leads whoever still waits to the result, and stays for who has it next.
    again = http.get(f"{draft}/comparison/progress")
    assert again.headers["HX-Redirect"] == f"{draft}/comparison"
    over = {"role": "4", "revision": "1", "comment": "请审签"}
    assert http.post(f"{draft}/hand-over", data=over).is_success
    assert "180" in http.get(f"{draft}/comparison").text
    assert "正在与现行目录逐项核对" not in http.get(f"{draft}/comparison").text
    assert http.get(f"{draft}/comparison/changed/0").status_code == 404
    assert http.post(f"{draft}/drop").is_success


def test_what_was_filed_waits_for_the_reviewer(town, at, page, monkeypatch):
    http = at(town.keys.reviewer)
    with monkeypatch.context() as patched:
        patched.setattr("node.office.inbox.find_versions", lambda *_: {})
        without = http.get("/desk").text
    assert "目录文书尚未到达本节点" in without
    assert ENTRY.hex() not in without
    page.goto(f"{town.url}/desk")
    assert "审核目录" in page.inner_text("main")
    assert CODE in page.inner_text("main")
    looked_at(page, "desk-inbox")


def test_a_reviewer_publishes_what_he_read_with_one_signature(town, at, page, keyfile):
    at(town.keys.reviewer)
    page.goto(f"{town.url}/review")
    assert "新目录" in page.inner_text("main")
    looked_at(page, "review-queue")
    # Without a reason nothing is returned, and the form says so where it stands.
    page.locator(".verdict select").select_option("return")
    page.get_by_label("审核人").fill(f"张伟{SCRIPT}")
    page.get_by_role("button", name="签署审核结论").click()
    page.get_by_text("退回应写明理由").wait_for()
    page.locator(".verdict select").select_option("")
    page.get_by_role("button", name="本页未定的全部发布").click()
    # What signs in the page takes the decision up; here its fields are signed beside it.
    sign(page, "签署审核结论", keyfile(town.keys.reviewer))
    entry = town.node.queries.get_entry(ENTRY)
    assert entry.state == EntryState.PUBLISHED
    page.get_by_text("没有待审核的目录").wait_for()
    looked_at(page, "review-empty")


def sign(page: Page, button: str, key: Path) -> None:
    """Press a form's button, read the decision in its dialog and sign it with a key file."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("dialog").wait_for()
    page.set_input_files("#signing-file", key)
    page.locator("#signing-pin").fill(PASSWORD.decode())
    page.get_by_role("button", name="签署并提交").click()
    page.get_by_text("块生效").wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="完成").click()


def test_an_entry_is_applied_for_replied_to_and_delivered(town, at, page, keyfile):
    consumer, provider = (town.keys.office[each] for each in (papers.EDUCATION, papers.POLICE))
    at(consumer)
    page.goto(f"{town.url}/catalogue/{ENTRY.hex()}")
    page.get_by_role("button", name="申请使用").click()
    page.get_by_role("button", name="签署并申请").wait_for()
    looked_at(page, "desk-apply")
    for label in ("姓名 XM", "身份号码 GMSFHM"):
        page.get_by_label(label).check()
    for label, text in (
        ("使用依据", "义务教育法"), ("使用场景", f"核验{SCRIPT}"), ("使用范围", "学校"),
        ("安全措施", "专用终端"), ("经办人", "赵敏"), ("电话", "0317-0000003"),
    ):  # fmt: skip
        page.get_by_label(label).fill(text)
    sign(page, "签署并申请", keyfile(consumer))
    number = 1
    assert "已申请" in page.inner_text("main")
    looked_at(page, "desk-authorisations")

    at(provider)
    page.goto(f"{town.url}/desk")
    page.get_by_role("link", name="户籍信息").click()
    looked_at(page, "desk-reply")
    page.get_by_label("对 身份号码 的答复").select_option("refuse")
    for label, text in (("依据的内容", "与用途无关"), ("理由", f"核验姓名即可{SCRIPT}")):
        page.get_by_label(f"身份号码：{label}", exact=True).fill(text)
    page.get_by_label("身份号码：依据", exact=True).select_option("必要性")
    for label, text in (
        ("答复意见", "同意提供姓名"),
        ("经办人", "王建国"),
        ("电话", "0317-0000001"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    sign(page, "签署答复", keyfile(provider))
    fact = town.node.queries.get_authorisation(number)
    assert (fact.state, fact.items) == (AuthorisationState.AGREED, 1)

    page.get_by_label("事项").select_option("交付")
    page.get_by_label("理由", exact=True).fill("接口已开通")
    looked_at(page, "desk-step")
    sign(page, "签署办理", keyfile(provider))
    fact = town.node.queries.get_authorisation(number)
    assert fact.state == AuthorisationState.DELIVERED
    # The consumer's turn: it waits in his inbox, and nothing waits for the provider.
    page.goto(f"{town.url}/desk")
    page.get_by_text("没有待办").wait_for()
    at(consumer)
    page.goto(f"{town.url}/desk")
    assert "确认" in page.inner_text("main")


def test_who_uses_what_is_seen_from_both_sides(town, at, page):
    asked = {**QUERY, "purpose": "WRONG", "items": ["XM"], "where": {}}
    applied = town.node.queries.get_authorisation(1).application
    ours = [town.keys.application, town.keys.stranger]
    # One application applied for it; the other calls for what is not its own.
    for signer in ours:
        mine = town.node.queries.get_key(signer.public_key.key_id).holder == applied
        with (
            town.client(signer) as client,
            pytest.raises(PurposeNotGranted if mine else AuthorisationUnknown),
        ):
            client.query(1, **asked)
    at(town.keys.office[papers.EDUCATION])
    page.goto(f"{town.url}/desk/authorisations")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="1", exact=True))
    assert "姓名" in row.inner_text()
    # What was refused used nothing up.
    assert "1000 次" in row.inner_text()
    looked_at(page, "desk-authorisations-left")
    http = at(town.keys.office[papers.POLICE])
    page.goto(f"{town.url}/desk/uses")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="1", exact=True))
    assert "用途未获授权" in row.inner_text()
    page.get_by_text("不归调用的应用").wait_for()
    looked_at(page, "desk-uses")
    page.goto(f"{town.url}/desk/uses?consumer={papers.POLICE}")
    page.get_by_text("没有调用").wait_for()
    page.goto(f"{town.url}/desk/uses?since=2026-13-01")
    page.get_by_text("日期应写作").wait_for()
    answer = http.get("/desk/uses", params={"department": papers.EDUCATION})
    assert answer.status_code == 403
    at(town.keys.reviewer)
    page.goto(f"{town.url}/desk/uses")
    page.get_by_text("您不能查看").wait_for()
    assert axe(page) == []


def test_a_department_sees_its_entries_in_every_state_and_an_officer_his_key(town, at, page):
    at(town.keys.heads[papers.POLICE])
    page.goto(f"{town.url}/desk/entries")
    assert CODE in page.inner_text("main")
    looked_at(page, "desk-entries")
    page.get_by_role("link", name="已发布 1").click()
    page.get_by_role("cell", name=CODE).wait_for()
    page.goto(f"{town.url}/desk/entries?state={int(EntryState.FROZEN)}")
    page.get_by_text("没有目录").wait_for()
    page.get_by_role("link", name="密钥与人员").click()
    page.get_by_text("长期").first.wait_for()
    looked_at(page, "desk-key")


def test_who_is_no_head_grants_and_revokes_nothing(town, at, page):
    http = at(town.keys.office[papers.EDUCATION])
    page.goto(f"{town.url}/desk/key")
    assert page.get_by_role("button", name="签署撤销").count() == 0
    assert axe(page) == []
    for what in ("revoke", "grant"):
        answer = http.post(f"/desk/key/{what}/fields", data={"department": papers.EDUCATION})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")


def test_whose_business_it_is_not_reads_no_authorisation(town, at):
    http = at(town.keys.heads[papers.POLICE])
    assert http.get(f"{town.url}/desk/authorisations/1").status_code == 200
    assert http.get(f"{town.url}/desk/authorisations/99").status_code == 404
    answer = http.post(f"{town.url}/desk/authorisations/1/reply/fields", data={})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    answer = http.post(f"{town.url}/desk/authorisations/1/step/fields", data={"step": "恢复"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


def test_a_request_without_the_sessions_token_does_nothing(town, at):
    http = at(town.keys.heads[papers.POLICE])
    body, place = b"a,b\n", f"department={papers.POLICE}&name=a.csv"
    another = {"X-CSRF-Token": http.headers["X-CSRF-Token"][::-1]}
    answer = http.post(f"{town.url}/desk/filings?{place}", content=body, headers=another)
    assert answer.status_code == 403


def test_a_table_is_handed_over_given_back_and_taken_back(town, at, page, table):
    office, head = town.keys.office[papers.POLICE], town.keys.heads[papers.POLICE]
    http = at(office)
    place = {"department": papers.POLICE, "name": "二季度.xlsx"}
    made = http.post("/desk/filings", params=place, content=table.read_bytes())
    at_draft = made.headers["Location"]
    over = {"role": "4", "revision": "1", "comment": f"请审签{SCRIPT}"}
    assert http.post(f"{at_draft}/hand-over", data=over).status_code == 204
    # Changed by who has it no more, or from what he no longer sees: refused.
    assert http.post(f"{at_draft}/check").status_code == 403
    at(head)
    page.goto(f"{town.url}/desk/filings")
    page.get_by_text("移交给我", exact=True).wait_for()
    page.goto(f"{town.url}/desk")
    page.get_by_text("移交给我的草稿").wait_for()
    page.get_by_role("link", name="二季度.xlsx").click()
    page.get_by_text("请审签").wait_for()
    looked_at(page, "desk-comparison-wrong")
    assert http.post(f"{at_draft}/take-back").headers["HX-Redirect"] == at_draft
    stale = {"role": "4", "revision": "1", "comment": ""}
    assert http.post(f"{at_draft}/hand-over", data=stale).status_code == 409
    changed = {"sheet": "目录", "row": "4", "column": "12", "was": "别的", "text": "字符型C"}
    assert http.post(f"{at_draft}/cell", data=changed).status_code == 409
    assert http.post(f"{at_draft}/drop").status_code == 204
    assert http.get(at_draft).status_code == 404


def fill_entry(page, code):
    """Fill in the form of one entry, all but its second item's type."""
    own = {"信息资源代码": code, "信息资源名称": LONG, "资源提供方代码": papers.POLICE}
    texts = {**ROW, **own}
    for field in page.locator("fieldset .field").all():
        heading = field.locator(".label").inner_text()
        for box in field.locator("input[type=checkbox]").all():
            if box.locator("..").inner_text().strip() in texts[heading].split("、"):
                box.check()
        if text := texts.get(heading):
            for plain in field.locator("input:not([type=checkbox]), textarea").all():
                plain.fill(text)
            for select in field.locator("select").all():
                select.select_option(text)


def fill_item(page, number, row):
    for heading in ("信息项名称", "信息项代码", "数据类型", "数据分级"):
        field = page.get_by_label(f"第 {number} 项的{heading}")
        if text := row.get(heading):
            if field.evaluate("each => each.tagName") == "SELECT":
                field.select_option(text)
            else:
                field.fill(text)


def test_a_change_by_form_says_what_was_and_what_is(town, at, page):
    http = at(town.keys.heads[papers.POLICE])
    page.goto(f"{town.url}/desk/entries")
    page.get_by_role("button", name=f"修改 {ROW['信息资源名称']}").click()
    page.wait_for_url("**/form")
    page.get_by_label("信息资源摘要").fill(f"新的摘要{SCRIPT}")
    with page.expect_navigation():
        page.get_by_role("button", name="保存并检查").click()
    page.get_by_text("没有错误").wait_for()
    page.get_by_role("link", name="核对改动").click()
    row = page.get_by_role("row", name="摘要").last
    assert ROW["信息资源摘要"] in row.inner_text()
    assert "新的摘要" in row.inner_text()
    looked_at(page, "desk-entry-comparison")
    draft = page.url.removesuffix("/comparison")
    # Two who change it at once do not undo each other.
    assert http.post(f"{draft}/form", data={"revision": "1", "do": "save"}).status_code == 409
    assert http.post(f"{draft}/drop").status_code == 204
    # It is no table, and a table no form.
    assert http.get(f"{draft}/mapping").status_code == 404


def test_an_entry_is_changed_in_the_name_of_its_own_department(town, at):
    """Who files for two departments cannot carry one's entry over to the other."""
    filer = town.keys.office[papers.EDUCATION]
    lent = {**papers.ALWAYS, "department": papers.POLICE, "roles": ["数据专管员"]}
    body = papers.roles(**lent, key=filer.public_key.key_id.hex())
    town.decide(departments.grant_roles(body), town.keys.heads[papers.POLICE])
    http = at(filer)
    asked = {"department": papers.EDUCATION, "entry": ENTRY.hex()}
    answer = http.post("/desk/entries/form", data=asked)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    assert "另一个部门" in answer.json()["detail"]
    assert "没有草稿" in http.get("/desk/filings").text
    assert http.post("/desk/entries/form", data={**asked, "entry": "00" * 32}).status_code == 404
    mine = http.post("/desk/entries/form", data={**asked, "department": papers.POLICE})
    assert mine.status_code == 204
    assert http.post(f"{mine.headers['HX-Redirect'].removesuffix('/form')}/drop").is_success


def test_a_template_is_sent_that_is_read_again_as_a_table(town, at):
    http = at(town.keys.heads[papers.POLICE])
    assert 'href="/desk/filings/template.xlsx"' in http.get("/desk/filings").text
    book = load_workbook(io.BytesIO(http.get("/desk/filings/template.xlsx").content))
    for row in (ROW, SECOND_ITEM):
        book.worksheets[0].append([row.get(heading, "") for heading in COLUMNS])
    filled = io.BytesIO()
    book.save(filled)
    place = {"department": papers.POLICE, "name": "模板.xlsx"}
    made = http.post("/desk/filings", params=place, content=filled.getvalue())
    # Its headings are known: the way leads to the table, not to the choice of columns.
    assert re.fullmatch("/desk/filings/[0-9a-f]{32}", made.headers["Location"])
    assert http.post(f"{made.headers['Location']}/drop").is_success


def test_a_table_with_other_headings_is_read_as_chosen(town, at, page, tmp_path):
    http = at(town.keys.heads[papers.POLICE])
    lines = ["数据集编号,数据集名称,摘要,数据项,更新频率,备注列"]
    lines += [f"PX{n:04d},{LONG}{n},介绍{n},姓名、地址、电话,每年,无" for n in range(1, 5)]
    path = tmp_path / "平台导出.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    page.goto(f"{town.url}/desk/filings")
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url("**/mapping")
    assert "备注列" in page.inner_text("main")
    assert page.get_by_label("更新周期", exact=True).input_value() == "更新频率"
    looked_at(page, "desk-mapping-open")
    for name, text in OF_ALL.items():
        page.get_by_label(name, exact=True).last.fill(text)
    page.get_by_role("button", name="按所选对应").click()
    page.get_by_text("按此对应，4 个目录可以报送").wait_for()
    assert f"{LONG}1" in page.inner_text("main")
    looked_at(page, "desk-mapping")
    draft = page.url.removesuffix("/mapping")
    wrong = http.post(f"{draft}/mapping/file", content=b"layout = 'none'")
    assert wrong.status_code == 400
    assert http.post(f"{draft}/mapping/text", data={"text": "x = 1"}).status_code == 400
    page.get_by_role("link", name="到表中看问题").click()
    page.get_by_text("没有错误").wait_for()

    # The next table of the department is read by it unasked.
    place = {"department": papers.POLICE, "name": "下一季.csv"}
    made = http.post("/desk/filings", params=place, content=path.read_bytes())
    assert not made.headers["Location"].endswith("/mapping")
    assert "4 个目录" in http.get(made.headers["Location"]).text


def test_a_reviewer_keeps_an_entry_that_was_to_be_withdrawn(town, at, page, keyfile):
    head = town.keys.heads[papers.POLICE]
    at(head)
    page.goto(f"{town.url}/desk/entries/{ENTRY.hex()}/withdrawal")
    page.get_by_label("理由").fill(f"不再采集{SCRIPT}")
    looked_at(page, "desk-withdrawal")
    sign(page, "签署并申请撤回", keyfile(head))
    at(town.keys.reviewer)
    page.goto(f"{town.url}/desk")
    page.get_by_text("审核撤回").wait_for()
    page.get_by_role("link", name="户籍信息").click()
    page.get_by_text("不再采集").wait_for()
    looked_at(page, "review-withdrawal")
    page.get_by_label(f"撤回 {CODE} 的结论").select_option("keep")
    page.get_by_label("审核人").fill("张伟")
    page.get_by_label("审核意见").fill("仍有部门使用")
    page.get_by_role("button", name="签署撤回审核").click()
    page.get_by_text("不同意撤回应写明理由").wait_for()
    page.get_by_label(f"不同意撤回 {CODE} 的理由").fill("教育局仍在使用")
    sign(page, "签署撤回审核", keyfile(town.keys.reviewer))
    assert town.node.queries.get_entry(ENTRY).state == EntryState.PUBLISHED
    # Asked for again: the new withdrawal waits, and the one that was refused does not.
    fields = {"department": papers.POLICE, "reasons": {CODE: "系统已下线"}}
    decide(at(head), "SubmitWithdrawal", fields, head)
    http = at(town.keys.reviewer)
    # Listed once its paper has been held against the decision, which the fetcher does.
    until(lambda: "系统已下线" in http.get("/review").text)
    page.goto(f"{town.url}/review")
    page.get_by_text("系统已下线").wait_for()
    assert "不再采集" not in page.inner_text("main")


def test_an_entry_is_filed_by_form(town, at, page, keyfile):
    office, head = town.keys.office[papers.POLICE], town.keys.heads[papers.POLICE]
    at(office)
    page.goto(f"{town.url}/desk/filings")
    page.get_by_role("button", name="填写表单").click()
    page.wait_for_url("**/form")
    assert page.locator("#e7").input_value() == papers.POLICE
    fill_entry(page, "40400101/07002")
    fill_item(page, 1, ROW)
    page.get_by_role("button", name="增加一个信息项").click()
    page.locator("#item-2").wait_for()
    fill_item(page, 2, {**SECOND_ITEM, "数据类型": ""})
    page.get_by_role("button", name="保存并检查").click()
    page.get_by_text("1 处有误").wait_for()
    assert "必须填写" in page.locator("td.bad").inner_text()
    looked_at(page, "desk-entry-form")
    fill_item(page, 2, SECOND_ITEM)
    page.get_by_role("button", name="增加一个信息项").click()
    page.locator("#item-3").wait_for()
    page.get_by_role("button", name="删除第 3 项").click()
    page.get_by_text("没有错误").wait_for()
    page.get_by_role("link", name="核对改动").click()
    page.wait_for_load_state()
    page.get_by_label("说明").fill("新目录，请审签")
    page.get_by_role("button", name="移交签署").click()
    page.get_by_text("已移交负责人").wait_for()

    at(head)
    page.goto(f"{town.url}/desk/filings")
    page.get_by_role("link", name=LONG).click()
    page.get_by_text("新目录，请审签").wait_for()
    page.get_by_role("link", name="核对改动").click()
    sign(page, "签署并报送", keyfile(head))
    filed = town.node.queries.get_entry(
        ids.entry_id(ids.department_id(papers.POLICE), "40400101/07002")
    )
    assert (filed.state, filed.item_count) == (EntryState.SUBMITTED, 2)


def test_who_is_no_reviewer_reviews_nothing(town, at, page):
    http = at(town.keys.heads[papers.POLICE])
    page.goto(f"{town.url}/review")
    page.get_by_text("您不是审核员").wait_for()
    answer = http.post(f"{town.url}/review/fields", data={"competent": papers.CENTRE})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")


def test_who_has_not_signed_in_is_told_to(town, page):
    page.goto(f"{town.url}/desk")
    page.get_by_text("请先登录").first.wait_for()
    assert axe(page) == []


def test_a_head_grants_roles_and_revokes_a_key(town, at, page, keyfile):
    head, officer = town.keys.heads[papers.POLICE], town.keys.office[papers.POLICE].public_key
    at(head)
    page.goto(f"{town.url}/desk/key")
    page.get_by_label("授予谁").select_option(officer.key_id.hex())
    for label in ("数据专管员", "工作机构负责人"):
        page.get_by_label(label).check()
    form = page.locator("#grant")
    form.get_by_label("职务").fill(f"科长{SCRIPT}")
    form.get_by_label("止日").fill("2036-12-31")
    form.get_by_label("授予的理由").fill("兼任")
    sign(page, "签署授予", keyfile(head))
    roles = {each.department: each for each in town.node.queries.roles_of(officer.key_id)}
    granted = roles[ids.department_id(papers.POLICE)]
    assert granted.roles == Role.DATA_OFFICER | Role.OFFICE_HEAD
    page.get_by_label("撤销哪一把").select_option(officer.key_id.hex())
    page.get_by_label("撤销的理由").fill(f"遗失{SCRIPT}")
    sign(page, "签署撤销", keyfile(head))
    assert town.node.queries.get_key(officer.key_id).revoked_at is not None
    page.get_by_text("已撤销").wait_for()
    looked_at(page, "desk-key-revoked")


def test_whose_key_ends_soon_is_warned(town, at, page):
    head, new = town.keys.heads[papers.EDUCATION], SoftwareSigner.generate()
    soon = {"validFrom": "2020-01-01", "validUntil": day(int(time.time()) + 30 * 86_400)}
    given = {"type", "v", "salt"}
    body = papers.officer_key(
        **soon,
        department=papers.EDUCATION,
        post="科员",
        person=papers.person_of(new),
        publicKey=new.public_key.raw.hex(),
    )
    http = at(head)
    decide(http, "AddKey", {k: v for k, v in body.items() if k not in given}, head, new)
    key = new.public_key.key_id.hex()
    roles = papers.roles(**soon, department=papers.EDUCATION, key=key, roles=["数据专管员"])
    decide(http, "GrantRoles", {k: v for k, v in roles.items() if k not in given}, head)
    at(new)
    page.goto(f"{town.url}/desk/key")
    page.get_by_text("您的密钥还有 30 天到期").wait_for()
    page.get_by_text("即将到期").first.wait_for()
    looked_at(page, "desk-key-ends")


def test_an_officer_makes_a_new_key_that_his_head_registers(town, at, page, keyfile, tmp_path):
    office, head = town.keys.office[papers.EDUCATION], town.keys.heads[papers.EDUCATION]
    at(office)
    page.goto(f"{town.url}/desk/key")
    page.get_by_text("申请新密钥").click()
    form = page.locator("form[data-new-key]")
    assert form.get_by_label("姓名").input_value() == "张伟"
    form.get_by_label("职务").fill(f"工作机构负责人{SCRIPT}")
    form.get_by_label("止日").fill("2036-12-31")
    form.get_by_label("新口令").fill("another-pin")
    form.get_by_label("再填一次口令").fill("another-pim")
    form.get_by_role("button", name="生成密钥并移交登记").click()
    form.get_by_text("两次填的口令不同").wait_for()
    looked_at(page, "desk-new-key")
    form.get_by_label("再填一次口令").fill("another-pin")
    with page.expect_download() as saved:
        form.get_by_role("button", name="生成密钥并移交登记").click()
    page.get_by_text("已移交部门负责人").wait_for()
    assert axe(page) == []
    # The file is the officer's alone, and opens as those of the command line do.
    file = tmp_path / "new.pem"
    saved.value.save_as(file)
    file.chmod(0o600)
    new = SoftwareSigner.load(file, b"another-pin").public_key.key_id
    assert town.node.queries.find_key(new) is None

    # The head finds it among what was handed to him, and signs the very decision the key signed.
    at(head)
    page.goto(f"{town.url}/desk")
    page.get_by_role("link", name="登记新密钥").click()
    page.get_by_text("新密钥已对这项登记签名").wait_for()
    looked_at(page, "desk-new-key-waits")
    sign(page, "签署登记", keyfile(head))
    page.wait_for_url(f"**/desk/key?grant={new.hex()}*")
    assert page.get_by_label("授予谁").input_value() == new.hex()
    found = town.node.queries.get_key(new)
    kept = [
        town.node.store.get(each)
        for each in (found.digest, town.node.queries.get_key(office.public_key.key_id).digest)
    ]
    assert len({orjson.loads(paper)["person"] for paper in kept}) == 1


def test_a_new_key_is_given_back_and_nobody_applies_for_another(town, at, page):
    office, head = town.keys.office[papers.EDUCATION], town.keys.heads[papers.EDUCATION]
    http, new = at(office), SoftwareSigner.generate()
    said = {"name": "张伟", "post": "科长", "validFrom": "2026-01-01", "validUntil": "2036-12-31"}
    asked = {**said, "publicKey": new.public_key.raw.hex()}
    fields = http.post("/desk/key/new/fields", data=asked).json()["fields"]
    prepared = http.post(
        "/api/v1/office/decisions/prepare", json={"kind": "AddKey", "fields": fields}
    ).json()

    def proved(prepared, **changed):
        act = Act(
            "AddKey",
            parse_message("AddKey", prepared["message"]),
            [prepared["documents"][0].encode()],
        )
        domain = town.node.desk.domain_of("AddKey")
        request = request_possession(act, domain, 0)
        return {
            "request": render_request(request).decode(),
            "possession": prove_possession(request, new).hex(),
            **changed,
        }

    other = papers.person_of(new)
    strange = http.post(
        "/api/v1/office/decisions/prepare",
        json={"kind": "AddKey", "fields": {**fields, "person": other}},
    ).json()
    assert http.post("/desk/key/new", data=proved(strange)).status_code == 403
    assert (
        http.post("/desk/key/new", data=proved(prepared, possession="00" * 64)).status_code == 401
    )
    assert (
        http.post("/desk/key/new", data=proved(prepared, comment=f"换电脑{SCRIPT}")).status_code
        == 204
    )
    at(head)
    page.goto(f"{town.url}/desk")
    page.get_by_role("link", name="登记新密钥：科长 张伟").click()
    page.get_by_text("换电脑<script>").wait_for()
    page.get_by_label("意见").fill("止日太远")
    page.get_by_role("button", name="退回").click()
    page.wait_for_url(f"{town.url}/desk")
    at(office)
    page.goto(f"{town.url}/desk/key")
    page.get_by_role("link", name="登记新密钥：科长 张伟").click()
    page.get_by_text("止日太远").wait_for()
    looked_at(page, "desk-new-key-back")
    page.get_by_role("button", name="撤回并删除").click()
    page.get_by_text("我的职责").wait_for()
    assert page.get_by_text("等待登记的新密钥").count() == 0


def test_an_office_head_registers_an_application_system(town, at, page, keyfile):
    office = town.keys.office[papers.EDUCATION]
    at(office)
    page.goto(f"{town.url}/desk/key")
    form = page.locator("form").filter(has_text="登记应用系统")
    for label, text in {
        "代码": "XWYC",
        "名称": f"学位预测{SCRIPT}",
        "做什么用": "预测",
        "联系人": "值班室",
        "电话": "0317-0000000",
    }.items():
        form.get_by_label(label, exact=True).fill(text)
    sign(page, "签署登记", keyfile(office))
    page.get_by_text("XWYC").wait_for()
    made = ids.application_id(ids.department_id(papers.EDUCATION), "XWYC")
    held = town.node.queries.applications_of(ids.department_id(papers.EDUCATION))
    assert made in {each.application for each in held}
    looked_at(page, "desk-application")


def test_no_page_asks_the_databases_row_by_row(town, sessions):
    head, auditor = sessions(town.keys.heads[papers.POLICE]), sessions(town.keys.auditor)
    reviewer = sessions(town.keys.reviewer)
    looks = {
        "/desk": reviewer,
        "/review": reviewer,
        "/desk/entries": head,
        "/desk/filings": head,
        "/desk/key": head,
        f"/api/v1/office/filings/{papers.POLICE}": head,
        f"/audit/department/{papers.POLICE}": auditor,
        "/audit?q=市": auditor,
        f"/departments/{papers.POLICE}": auditor,
    }
    found = []
    for numbers in (range(2), range(2, 62)):
        for start in range(numbers.start, numbers.stop, 10):
            bodies = [
                papers.catalogue_version(code=f"40400102/{number:05}", name=f"第 {number} 个目录")
                for number in range(start, min(start + 10, numbers.stop))
            ]
            town.decide(cataloguing.submit_versions(bodies), town.keys.heads[papers.POLICE])
        found.append({path: statements_of(http, path) for path, http in looks.items()})
    pages = {path for path in looks if not path.startswith("/api/")}
    heavy = {
        path: size for path in pages if (size := first_view_bytes(looks[path], path)) > MOST_BYTES
    }
    assert heavy == {}
    few, many = found
    # A statement or two depend on the clock, as that somebody was seen; sixty rows would be sixty.
    assert {path: n for path, n in many.items() if n > few[path] + A_FEW} == {}
