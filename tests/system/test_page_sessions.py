"""Sessions in pages: one that ends under a form, a new key's own signature, who only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from node.crypto import SoftwareSigner
from node.documents.importing.template import write_template
from node.protocol.ledger.enums import KeyKind
from tests.common import papers
from tests.common.browser import axe, shoot
from tests.common.keyfiles import quick_files, write_private
from tests.common.nodes import PASSWORD, NodeTown
from tests.common.oidc_provider import CLIENT, SECRET, Provider, provider
from tests.common.t2 import ROW, SECOND_ITEM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.common.moulds import Moulds

pytestmark = pytest.mark.chain
POLICE = papers.POLICE
WIDTHS = (1366, 1920)
PIN = PASSWORD.decode()


@pytest.fixture(scope="module")
def identity() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, moulds: Moulds, identity: Provider
) -> Iterator[NodeTown]:
    folder = tmp_path_factory.mktemp("node")
    write_private(folder / "oidc.secret", SECRET.encode() + b"\n")
    readers = [{"value": "监管", "department": POLICE, "seats": ["desk", "operation"]}]
    oidc = {
        "issuer": identity.url,
        "client_id": CLIENT,
        "client_secret_file": "oidc.secret",
        "readers": readers,
    }
    with moulds.served(folder, oidc=oidc) as town:
        yield town


@pytest.fixture
def keyfiles(tmp_path: Path, town: NodeTown) -> dict[str, Path]:
    """Key files of the police's head, of their office head, and of nobody yet."""
    people = {
        "head": town.keys.heads[POLICE],
        "office": town.keys.office[POLICE],
        "new": SoftwareSigner.generate(),
    }
    with quick_files():
        for name, signer in people.items():
            signer.save(tmp_path / f"{name}.pem", PASSWORD)
    return {name: tmp_path / f"{name}.pem" for name in people}


def sign_in(page: Page, town: NodeTown, path: Path, back: str) -> None:
    page.goto(f"{town.url}/sign-in?back={back}")
    page.get_by_label("密钥文件").set_input_files(path)
    page.get_by_label("口令").fill(PIN)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(town.url + back)


def end_session(page: Page, town: NodeTown) -> None:
    """End it behind the page's back, as half an hour without a click does."""
    (cookie,) = (each for each in page.context.cookies() if "session" in each["name"])
    town.node.sessions.end(cookie["value"])


def test_a_session_that_ends_under_a_form_costs_nothing_that_was_typed(
    town: NodeTown, page: Page, keyfiles: dict[str, Path]
) -> None:
    step = f"/desk/authorisations/{town.first}"
    sign_in(page, town, keyfiles["office"], step)
    page.get_by_label("事项").select_option("暂停")
    page.get_by_label("理由", exact=True).fill("核查用途")
    end_session(page, town)
    page.get_by_role("button", name="签署办理").click()
    page.get_by_role("heading", name="会话已结束").wait_for()
    shoot(page, "session-ended", WIDTHS)
    assert axe(page) == []

    # Not with another's key: the page is of who filled it in.
    again = page.get_by_role("dialog")
    again.get_by_label("密钥文件").set_input_files(keyfiles["head"])
    again.get_by_label("口令").fill(PIN)
    again.get_by_role("button", name="重新登录").click()
    again.get_by_text("请用原来登录的那把密钥").wait_for()
    again.get_by_label("密钥文件").set_input_files(keyfiles["office"])
    again.get_by_label("口令").fill(PIN)
    again.get_by_role("button", name="重新登录").click()

    # It goes on by itself, with what was typed; and ends once more before it is submitted.
    signing = page.get_by_role("dialog").filter(has_text="签署并提交")
    signing.get_by_text("核查用途").first.wait_for()
    end_session(page, town)
    signing.get_by_label("口令").fill(PIN)
    signing.get_by_role("button", name="签署并提交").click()
    again = page.get_by_role("dialog").filter(has_text="会话已结束")
    again.get_by_label("口令").fill(PIN)
    again.get_by_role("button", name="重新登录").click()
    page.get_by_text("块生效").wait_for()
    page.get_by_role("button", name="完成").click()
    page.get_by_role("heading", name="授权").get_by_text("暂停").or_(
        page.get_by_text("已暂停").first
    ).first.wait_for()


def test_who_does_not_sign_in_again_keeps_the_form(
    town: NodeTown, page: Page, keyfiles: dict[str, Path]
) -> None:
    sign_in(page, town, keyfiles["head"], "/desk/key")
    office = town.keys.office[POLICE].public_key.key_id.hex()
    page.get_by_label("撤销哪一把").select_option(office)
    page.get_by_label("撤销的理由").fill("遗失")
    end_session(page, town)
    page.get_by_role("button", name="签署撤销").click()
    page.get_by_role("button", name="暂不登录").click()
    page.get_by_text("请先登录").first.wait_for()
    assert page.get_by_label("撤销的理由").input_value() == "遗失"


def test_a_session_opened_in_another_tab_is_taken_over(
    town: NodeTown, page: Page, keyfiles: dict[str, Path]
) -> None:
    sign_in(page, town, keyfiles["head"], "/desk/key")
    other = page.context.new_page()
    sign_in(other, town, keyfiles["head"], "/desk/entries")
    office = town.keys.office[POLICE].public_key.key_id.hex()
    page.get_by_label("授予谁").select_option(office)
    page.get_by_label("工作机构负责人").check()
    form = page.locator("form", has=page.get_by_label("授予谁"))
    form.get_by_label("职务").fill("科长")
    form.get_by_label("止日").fill("2036-12-31")
    page.get_by_label("授予的理由").fill("续任")
    page.get_by_role("button", name="签署授予").click()
    page.get_by_role("dialog").get_by_text("续任").first.wait_for()
    other.close()


def open_cell(page: Page, town: NodeTown, keyfiles: dict[str, Path], folder: Path) -> None:
    """File a table with one item's type wrong, and type another into its cell."""
    table = folder / "一季度报送.xlsx"
    write_template(table, [ROW, {**SECOND_ITEM, "数据类型": "文字"}])
    sign_in(page, town, keyfiles["head"], "/desk/filings")
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="上传并检查").click()
    page.locator("table.grid td").filter(has_text="文字").click()
    page.locator("td textarea").fill("字符型C")


def test_a_cell_that_is_saved_after_the_session_ended_is_saved_as_typed(
    town: NodeTown, page: Page, keyfiles: dict[str, Path], tmp_path: Path
) -> None:
    open_cell(page, town, keyfiles, tmp_path)
    end_session(page, town)
    page.get_by_role("button", name="保存").click()
    again = page.get_by_role("dialog").filter(has_text="会话已结束")
    again.get_by_label("口令").fill(PIN)
    again.get_by_role("button", name="重新登录").click()
    page.locator("table.grid td").filter(has_text="字符型C").nth(1).wait_for()

    # The session is over before the cell is opened, too; and is opened again in another tab. The
    # page may have noticed meanwhile, and asks.
    later = again.get_by_role("button", name="暂不登录")
    page.add_locator_handler(later, lambda button: button.click())
    end_session(page, town)
    other = page.context.new_page()
    sign_in(other, town, keyfiles["head"], "/desk/key")
    other.close()
    page.locator("table.grid td").filter(has_text="字符型C").nth(1).click()
    page.locator("td textarea").fill("数值型N")
    page.get_by_role("button", name="保存").click()
    page.locator("table.grid td").filter(has_text="数值型N").wait_for()


def test_what_is_refused_leaves_what_was_typed_and_says_what_to_do(
    town: NodeTown, page: Page, keyfiles: dict[str, Path], tmp_path: Path
) -> None:
    open_cell(page, town, keyfiles, tmp_path)
    (mine,) = page.context.cookies()
    # Somebody else signs in beside: the page's token is not his session's.
    other = page.context.new_page()
    sign_in(other, town, keyfiles["office"], "/desk/key")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="暂不登录").click()
    said = page.locator("td [data-refused]")
    assert "请刷新页面后再试" in said.inner_text()
    assert page.locator("td textarea").input_value() == "字符型C"
    shoot(page, "cell-refused", WIDTHS)
    assert axe(page) == []

    # The cell was changed in another tab meanwhile.
    page.context.clear_cookies()
    page.context.add_cookies([{"name": mine["name"], "value": mine["value"], "url": town.url}])
    other.goto(page.url)
    other.locator("table.grid td").filter(has_text="文字").click()
    other.locator("td textarea").fill("文本")
    other.get_by_role("button", name="保存").click()
    other.locator("table.grid td").filter(has_text="文本").wait_for()
    page.get_by_role("button", name="保存").click()
    said.get_by_text("这一格已被别处改动").wait_for()
    assert said.count() == 1
    assert page.locator("td textarea").input_value() == "字符型C"


def test_a_new_key_signs_its_own_registration_in_the_page(
    town: NodeTown, page: Page, keyfiles: dict[str, Path]
) -> None:
    sign_in(page, town, keyfiles["head"], "/desk/key")
    new = SoftwareSigner.load(keyfiles["new"], PASSWORD)
    given = {"type", "v", "salt"}
    body = papers.officer_key(
        department=POLICE,
        person=papers.person_of(new),
        publicKey=new.public_key.raw.hex(),
        **papers.ALWAYS,
    )
    start(page, "AddKey", {name: each for name, each in body.items() if name not in given})
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("新密钥的文件").wait_for()
    shoot(page, "signing-possession", WIDTHS)
    assert axe(page) == []
    pins = dialog.get_by_label("口令（PIN）")

    # Another key's signature in the new one's place opens nothing.
    dialog.get_by_label("新密钥的文件").set_input_files(keyfiles["office"])
    pins.nth(0).fill(PIN)
    pins.nth(1).fill(PIN)
    dialog.get_by_role("button", name="签署并提交").click()
    dialog.get_by_role("alert").filter(has_text="签名不成立").wait_for()
    assert town.node.queries.find_key(new.public_key.key_id) is None

    dialog.get_by_label("新密钥的文件").set_input_files(keyfiles["new"])
    pins.nth(0).fill(PIN)
    pins.nth(1).fill(PIN)
    dialog.get_by_role("button", name="签署并提交").click()
    page.get_by_text("块生效").wait_for()
    found = town.node.queries.get_key(new.public_key.key_id)
    assert found.kind == KeyKind.OFFICER


def test_a_refusal_for_its_token_says_in_chinese_what_to_do(
    town: NodeTown, page: Page, keyfiles: dict[str, Path]
) -> None:
    sign_in(page, town, keyfiles["head"], "/desk/key")
    shown = page.evaluate(
        """() => fetch("/desk/key/revoke/fields",
          { method: "POST", headers: { Accept: "text/html" } })
          .then(async (answer) => [answer.status, await answer.text()])"""
    )
    assert shown[0] == 403
    page.set_content(shown[1])
    assert "请刷新页面后再试" in page.inner_text("main")
    assert "X-CSRF-Token" not in page.inner_text("main")
    assert "您的职责不含此项" not in page.inner_text("main")


def test_a_reader_comes_by_his_provider_and_looks(town: NodeTown, page: Page) -> None:
    page.goto(f"{town.url}/sign-in?back=/desk")
    shoot(page, "signin-provider", WIDTHS)
    assert axe(page) == []
    page.get_by_role("link", name="用统一身份认证登录").click()
    page.wait_for_url(f"{town.url}/desk")
    assert "只能查看" in page.inner_text("header")
    shoot(page, "reader-inbox", WIDTHS)
    assert axe(page) == []
    page.get_by_role("link", name="授权", exact=True).click()
    page.get_by_role("link", name=str(town.first), exact=True).or_(
        page.get_by_role("link", name="使用我们数据的")
    ).first.wait_for()
    page.goto(f"{town.url}/desk/authorisations/{town.first}")
    assert page.get_by_role("button", name="签署").count() == 0
    shoot(page, "reader-authorisation", WIDTHS)
    page.goto(f"{town.url}/operation")
    assert page.get_by_text("使用日志").count() > 0
    page.goto(f"{town.url}/desk/key")
    page.get_by_text("须以部门登记的密钥登录").wait_for()
    shoot(page, "reader-refused", WIDTHS)
    assert axe(page) == []
    page.locator("summary.person").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(f"{town.url}/")
    page.goto(f"{town.url}/desk")
    page.get_by_text("请先登录").first.wait_for()


def start(page: Page, kind: str, fields: dict[str, Any]) -> None:
    """Start a decision as a page's script does."""
    from api.console.bundled import asset

    page.evaluate(
        """source => new Promise((done, failed) => {
          const script = document.createElement("script");
          Object.assign(script, { type: "module", src: source, onload: done, onerror: failed });
          document.head.append(script);
        })""",
        asset("office.js"),
    )
    page.evaluate("([kind, fields]) => void shareledger.decide(kind, fields)", [kind, fields])
