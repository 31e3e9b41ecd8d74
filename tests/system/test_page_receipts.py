"""Kept receipts verified in a browser, where they lie: real calls of a real client, in a town."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from node.client.calls import LedgerClient
from node.client.receiptfolder import ReceiptFolder
from node.client.trust import NodeTrust
from node.errors import AuthorisationUnknown, PurposeNotGranted
from node.office import authorising, departments
from node.office.authorising import Request
from node.protocol.wire import canonical, ids
from node.protocol.wire.encoding import b64u, unb64u
from node.protocol.wire.receipt import Receipt
from tests.common import papers
from tests.common.browser import axe, shoot
from tests.common.nodes import ALWAYS, QUERY, until
from tests.common.officials import signed_in
from tests.common.vectors import load_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from playwright.sync_api import BrowserContext, Page, Route

    from tests.common.moulds import Moulds
    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain
CALLS = 8
SLOWEST_SECONDS = 60
"""Far above the second it takes: this machine may be doing anything else."""
WIDTHS = (1366, 390)
SCRIPT = "<img src=x onerror=window.pwned=1>.json"
LARGE = 1024 * 1024 + 1
DROP = """text => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], "dropped.json"));
  document.getElementById("receipts").dispatchEvent(new DragEvent("drop", {dataTransfer}));
}"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, moulds: Moulds) -> Iterator[NodeTown]:
    with moulds.served(tmp_path_factory.mktemp("node")) as town:
        yield town


@pytest.fixture(scope="module")
def client(town: NodeTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerClient]:
    """The application's client, which keeps its receipts."""
    signer = town.keys.application
    kept = ReceiptFolder(tmp_path_factory.mktemp("application") / "receipts")
    trust = NodeTrust(town.http(signer), town.url)
    with LedgerClient(town.url, signer, town.keys.encryption, trust, receipts=kept) as client:
        yield client


@pytest.fixture(scope="module")
def kept(town: NodeTown, client: LedgerClient) -> Path:
    """Every receipt there is of the authorisation: calls served and one refused, some anchored."""
    folder = client._receipts
    assert folder is not None
    reader = town.node.reader
    (log,) = (log for log, origin in reader.logs() if origin.endswith(papers.POLICE))
    # The town called before it was handed out, by a client that kept nothing.
    for _, index in reader.calls(log, town.first):
        folder.keep(reader.receipt(log, index))
    with pytest.raises(PurposeNotGranted):
        client.query(town.first, **QUERY | {"purpose": "QITA"})
    for _ in range(CALLS - 1):
        client.query(town.first, **QUERY)
    until(lambda: client.upgrade_kept().upgraded > 0)
    client.query(town.first, **QUERY)
    return folder.path


@pytest.fixture(scope="module")
def others(town: NodeTown) -> dict[str, bytes]:
    """Receipts that are not the department's: of another's authorisation, nobody's, far away."""
    office = town.keys.office[papers.CENTRE]
    system = papers.application_object(department=papers.CENTRE, code="JIANGUAN", name="数据监管")
    town.decide(departments.register_application(system), office)
    body = papers.application(
        **ALWAYS,
        department=papers.CENTRE,
        application={"code": "JIANGUAN", "name": "数据监管"},
    )
    applied = authorising.apply_for([Request(body, town.version_paper)])
    theirs = town.decide(applied, office).event["first"]
    found = {"abroad.json": canonical.dumps(load_vectors("log")["receipt"])}
    with town.client() as client:
        for name, number in (("theirs.json", theirs), ("nobody.json", 999)):
            with pytest.raises(AuthorisationUnknown) as refused:
                client.query(number, **QUERY)
            receipt = refused.value.facts["receipt"]
            assert isinstance(receipt, Receipt)
            found[name] = canonical.dumps(receipt.render())
    return found


@pytest.fixture
def officer(town: NodeTown, context: BrowserContext) -> Iterator[httpx.Client]:
    """The consumer's office head has signed in at the browser; verifying takes its processor."""
    context.set_default_timeout(SLOWEST_SECONDS * 1000)
    with signed_in(town.url, town.keys.office[papers.EDUCATION]) as http:
        context.add_cookies(
            [
                {"name": each.name, "value": str(each.value), "url": town.url}
                for each in http.cookies.jar
            ]
        )
        yield http


def choose(page: Page, folder: Path) -> str:
    """Choose a folder; return the verdict's words once all is verified."""
    files = len([each for each in folder.rglob("*") if each.is_file()])
    page.get_by_label("回执文件夹").set_input_files(folder)
    page.locator(f"[data-result][data-done='{files}']").wait_for()
    return page.locator("[data-result] .notice").inner_text()


def changed(path: Path) -> None:
    """Have a kept receipt say one row more than its log does."""
    said: dict[str, Any] = json.loads(path.read_bytes())
    leaf = leaf_of(path)
    said["leaf"] = b64u(canonical.dumps({**leaf, "rows": leaf["rows"] + 1}))
    path.write_bytes(canonical.dumps(said))


def leaf_of(path: Path) -> dict[str, Any]:
    """Return the leaf of a kept receipt."""
    leaf: dict[str, Any] = json.loads(unb64u(json.loads(path.read_bytes())["leaf"]))
    return leaf


def numbered(folder: Path) -> dict[int, Path]:
    """Return the kept files by the numbers of their leaves."""
    return {leaf_of(path)["number"]: path for path in folder.glob("*.json")}


@pytest.mark.usefixtures("officer")
def test_all_receipts_hold_and_nothing_is_sent(town: NodeTown, page: Page, kept: Path) -> None:
    sent: list[tuple[str, bytes | None]] = []
    page.goto(f"{town.url}/desk/authorisations/{town.first}")
    page.on("request", lambda asked: sent.append((asked.method, asked.post_data_buffer)))
    count = len(numbered(kept))
    said = choose(page, kept)
    assert "回执全部成立，没有缺的" in said
    assert f"成立 {count} 份，不成立 0 份" in said
    row = page.locator("[data-result] table").get_by_role("row").nth(1)
    cells = [each.strip() for each in row.locator("td").all_inner_texts()]
    assert cells[0] == str(town.first)
    assert "常住人口户籍信息" in cells[1]
    assert cells[2] == str(count)
    served = [leaf_of(path)["outcome"] for path in kept.iterdir()].count("served")
    assert served >= CALLS
    assert cells[4] == f"{served} 次，{count - served} 次"
    anchored, _, of = cells[6].split()[0:3]
    assert 0 < int(anchored) <= int(of) == count
    assert cells[7].startswith("没有")
    assert f"节点记到第 {count} 次" in cells[7]
    # What was asked for names no event and holds no leaf.
    assert {method for method, _ in sent} == {"GET"}
    assert not any(body for _, body in sent)
    assert axe(page) == []
    shoot(page, "desk-receipts", WIDTHS)


@pytest.mark.usefixtures("officer")
def test_says_of_each_file_what_is_wrong_with_it_and_which_calls_are_missing(
    town: NodeTown, page: Page, kept: Path, others: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "回执"
    folder.mkdir()
    by_number = numbered(kept)
    for path in by_number.values():
        (folder / path.name).write_bytes(path.read_bytes())
    last = max(by_number)
    changed(folder / by_number[last - 3].name)
    for number in (2, 3, last):
        (folder / by_number[number].name).unlink()
    torn = folder / by_number[4].name
    torn.write_bytes(torn.read_bytes()[:500])
    for name, receipt in others.items():
        (folder / name).write_bytes(receipt)
    (folder / "说明.txt").write_text("每月备份一次", "utf-8")
    (folder / "large.json").write_bytes(b" " * LARGE)

    page.goto(f"{town.url}/desk/authorisations")
    said = choose(page, folder)
    assert "有回执不成立" in said
    assert "不成立 3 份" in said
    shown = page.locator("[data-result]")
    row = shown.locator("table").first.get_by_role("row").nth(1)
    assert f"第 2–4、{last - 3}、{last} 次没有回执" in row.inner_text()
    why = {
        "abroad.json": "不是这份授权的提供部门所登记日志里的回执",
        by_number[4].name: "文件损坏或被改动过",
        by_number[last - 3].name: "内容被改动过，或不在它所说的日志里",
    }
    for name, words in why.items():
        assert words in shown.get_by_role("row").filter(has_text=name).inner_text()
    assert "其他部门的回执，或授权不存在；没有核验，2 个：" in shown.inner_text()
    assert f"theirs.json（授权 {town.first + 1}）" in shown.inner_text()
    assert "nobody.json（授权 999）" in shown.inner_text()
    assert "不是回执的文件，1 个：回执/说明.txt" in shown.inner_text()
    assert "超过 1 MiB" in shown.inner_text()
    assert axe(page) == []
    shoot(page, "desk-receipts-faults", WIDTHS)

    # What was missing lies in another folder; the two are counted together.
    page.get_by_label("或只选几个文件").set_input_files(
        [by_number[2], by_number[3], by_number[last]]
    )
    files = len(list(folder.iterdir())) + 3
    page.locator(f"[data-result][data-done='{files}']").wait_for()
    assert f"第 4、{last - 3} 次没有回执" in row.inner_text()

    page.get_by_role("button", name="清空，重新选").click()
    assert shown.inner_text() == ""
    assert "回执全部成立" in choose(page, kept)


def test_the_node_tells_an_officer_of_his_departments_own_authorisations(
    town: NodeTown, officer: httpx.Client
) -> None:
    asked = {"department": papers.EDUCATION, "numbers": f"0,{town.first},{town.first},999"}
    (found,) = officer.get("/desk/receipts/authorisations", params=asked).json()
    assert (found["number"], found["provider"]) == (town.first, papers.POLICE)
    assert found["last"] >= 1
    # To another department's officer it is none of his own; of another's he may not ask.
    asked["department"] = papers.POLICE
    assert officer.get("/desk/receipts/authorisations", params=asked).status_code == 403
    with signed_in(town.url, town.keys.office[papers.POLICE]) as http:
        assert http.get("/desk/receipts/authorisations", params=asked).json() == []
    asked["department"] = papers.EDUCATION
    for wrong in ("", "1,", "x", ",".join(map(str, range(201)))):
        answer = officer.get("/desk/receipts/authorisations", params=asked | {"numbers": wrong})
        assert answer.status_code == 400, wrong


def test_the_node_tells_which_sizes_the_chain_holds(town: NodeTown, officer: httpx.Client) -> None:
    log = town.node.queries.log_of(ids.department_id(papers.POLICE))
    (first, *_) = until(lambda: town.node.queries.list_anchors(log.log))
    asked = {"department": papers.POLICE, "generation": "1", "sizes": f"{first.size},999999"}
    found = officer.get("/desk/receipts/anchors", params=asked).json()
    assert found == [{"size": first.size, "root": first.root.hex()}]
    assert officer.get("/desk/receipts/anchors", params=asked | {"generation": "7"}).json() == []


@pytest.mark.usefixtures("officer")
def test_a_review_that_is_stopped_or_cut_off_goes_on_where_it_was(
    town: NodeTown, page: Page, kept: Path
) -> None:
    page.goto(f"{town.url}/desk/authorisations")
    count = len(numbered(kept))
    asked = "**/desk/receipts/anchors*"
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(asked, hold)
    with page.expect_request(asked):
        page.get_by_label("回执文件夹").set_input_files(kept)
    page.get_by_role("button", name="停止").click()
    waiting.pop().continue_()
    shown = page.locator("[data-result]")
    shown.get_by_text("没有核验完").wait_for()
    assert f"还有 {count} 个文件没有核验" in shown.inner_text()

    # The way to the node fails: nothing is said of the files, and they may be gone through again.
    page.unroute(asked)
    page.route("**/departments/*/log*", lambda route: route.abort())
    page.get_by_role("button", name="接着核验").click()
    page.get_by_text("没有连上节点，请检查网络").wait_for()
    assert "不成立 0 份" in shown.inner_text()
    assert axe(page) == []
    page.unroute("**/departments/*/log*")
    page.get_by_role("button", name="接着核验").click()
    page.locator(f"[data-result][data-done='{count}']").wait_for()
    assert "回执全部成立，没有缺的" in shown.inner_text()


@pytest.mark.usefixtures("officer")
def test_speaks_english_and_is_printed_without_what_is_chosen_by(
    town: NodeTown, page: Page, kept: Path, tmp_path: Path
) -> None:
    path = numbered(kept)[3]
    (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / SCRIPT).write_text('{"name": "<script>window.pwned=1</script>"}', "utf-8")
    page.goto(f"{town.url}/language/en?back=/desk/authorisations/{town.first}")
    page.get_by_label("Folder of receipts").set_input_files(tmp_path)
    page.locator("[data-result][data-done='2']").wait_for()
    shown = page.locator("[data-result]")
    assert "calls without a receipt" in shown.inner_text()
    assert SCRIPT in shown.inner_text()
    assert page.evaluate("window.pwned") is None
    assert axe(page) == []
    shoot(page, "desk-receipts-english", WIDTHS)
    # What is dropped is read as what is chosen is.
    page.evaluate(DROP, path.read_text("utf-8"))
    page.locator("[data-result][data-done='3']").wait_for()
    assert "1 copies" in shown.inner_text()
    page.emulate_media(media="print")
    assert page.get_by_label("Folder of receipts").is_hidden()
    assert shown.locator("table").is_visible()
    shoot(page, "desk-receipts-printed", (1366,))
