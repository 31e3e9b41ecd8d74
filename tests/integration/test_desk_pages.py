"""The officers' seat as it is used: a browser at a running node, real keys, a real chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.documents.importing.template import write_template
from node.protocol.ledger.enums import EntryState
from node.protocol.wire import ids
from tests.common import papers
from tests.common.browser import axe, shoot
from tests.common.chain import deployed_on
from tests.common.nodes import running_town
from tests.common.officials import decide, signed_in
from tests.common.t2 import ROW, SECOND_ITEM

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.chain, pytest.mark.untraced]
WIDTHS = (1366, 1920)
SCRIPT = "<script>window.pwned=1</script>'\"&"
CODE = "40400101/07001"
ENTRY = ids.entry_id(ids.department_id(papers.POLICE), CODE)
TAKEN_UP = """window.asked = new Promise(resolve => {
  document.addEventListener("shareledger:decide", event => {
    event.preventDefault();
    resolve({kind: event.detail.kind, fields: event.detail.fields});
  });
}); 0"""


@pytest.fixture(scope="module")
def town(tmp_path_factory, embedded_chain):
    with (
        deployed_on(embedded_chain) as chain,
        running_town(tmp_path_factory.mktemp("node"), chain) as town,
    ):
        town.found()
        yield town


@pytest.fixture
def at(town, context):
    """Return what signs somebody in: his HTTP, and the browser with his cookie."""
    opened = []

    def sign_in(signer):
        client = signed_in(town.url, signer)
        http = client.__enter__()
        opened.append(client)
        context.clear_cookies()
        context.add_cookies(
            [{"name": each.name, "value": each.value, "url": town.url} for each in http.cookies.jar]
        )
        return http

    yield sign_in
    for client in opened:
        client.__exit__(None, None, None)


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


def looked_at(page: Page, name: str) -> None:
    shoot(page, name, WIDTHS)
    assert axe(page) == []
    assert page.evaluate("window.pwned") is None


def test_a_table_goes_from_the_file_to_the_chain(town, at, page, table):
    head = town.keys.heads[papers.POLICE]
    http = at(head)
    page.goto(f"{town.url}/desk/filings")
    looked_at(page, "desk-filings-empty")
    page.set_input_files("input[type=file]", table)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url("**/desk/filings/*")
    assert "1 处有误" in page.inner_text("main")
    looked_at(page, "desk-table-wrong")

    # The cell is mended where it stands, and the table checked again.
    page.locator("td.bad button.cell").click()
    page.locator("td textarea").fill("字符型C")
    page.get_by_role("button", name="保存").click()
    page.locator("td.bad").wait_for(state="detached")
    page.get_by_role("button", name="重新检查").click()
    page.get_by_text("没有错误").wait_for()
    page.get_by_role("link", name="核对改动").click()
    page.get_by_role("button", name="签署并报送").wait_for()
    looked_at(page, "desk-comparison")

    # What the page hands to whoever signs is what the table says; signed, it is on the chain.
    at_draft = page.url.removesuffix("/comparison")
    asked = http.post(f"{at_draft}/fields").json()
    assert asked["kind"] == "SubmitVersions"
    decide(http, asked["kind"], asked["fields"], head)
    assert town.node.queries.get_entry(ENTRY).state == EntryState.SUBMITTED
    assert http.post(f"{at_draft}/done").headers["HX-Redirect"] == "/desk/filings"
    assert http.get(at_draft).status_code == 404


def test_what_was_filed_waits_for_the_reviewer(town, at, page):
    at(town.keys.reviewer)
    page.goto(f"{town.url}/desk")
    assert "审核目录" in page.inner_text("main")
    assert CODE in page.inner_text("main")
    looked_at(page, "desk-inbox")


def test_a_reviewer_publishes_what_he_read_with_one_signature(town, at, page):
    http = at(town.keys.reviewer)
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
    page.evaluate(TAKEN_UP)
    page.get_by_role("button", name="签署审核结论").click()
    asked = page.evaluate("window.asked")
    decide(http, asked["kind"], asked["fields"], town.keys.reviewer)
    entry = town.node.queries.get_entry(ENTRY)
    assert entry.state == EntryState.PUBLISHED
    page.reload()
    page.get_by_text("没有待审核的目录").wait_for()
    looked_at(page, "review-empty")


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
