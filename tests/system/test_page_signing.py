"""An officer signs in and decides in a real browser with his own key; a lying node is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.console.bundled import asset
from node.crypto import SoftwareSigner
from tests.common import papers
from tests.common.browser import WIDTHS, axe, shoot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain

PIN = "correct horse 7"
POLICE = papers.POLICE


@pytest.fixture(scope="module")
def key_file(furnished: NodeTown, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of the police's office head, as `shareledger key` writes it."""
    path = tmp_path_factory.mktemp("key") / "head.pem"
    furnished.keys.office[POLICE].save(path, PIN.encode())
    return path


def sign_in(page: Page, town: NodeTown, path: Path, pin: str = PIN) -> None:
    page.goto(f"{town.url}/sign-in?back=/departments")
    page.get_by_label("密钥文件").set_input_files(path)
    page.get_by_label("口令").fill(pin)
    page.get_by_role("button", name="登录").click()


def decide(page: Page, kind: str, fields: dict[str, Any]) -> None:
    """Start a decision as a page's script does; `window.came` is what will come of it."""
    source = page.evaluate(
        """source => new Promise((done, failed) => {
          const script = document.createElement("script");
          Object.assign(script, { type: "module", src: source, onload: done, onerror: failed });
          document.head.append(script);
        })""",
        asset("office.js"),
    )
    assert source is not None
    page.evaluate(
        """([kind, fields]) => {
          window.came = shareledger.decide(kind, fields).then(
            (answer) => ({ answer }),
            (error) => ({ code: error.code, message: error.message }));
        }""",
        [kind, fields],
    )


def came(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.came")
    return found


def application(code: str) -> dict[str, Any]:
    return papers.application_object(department=POLICE, code=code)


class TestSigningIn:
    def test_opens_a_session_with_the_key_that_never_leaves(
        self, page: Page, furnished: NodeTown, key_file: Path
    ) -> None:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.post_data or ""))
        sign_in(page, furnished, key_file)
        page.wait_for_url(f"{furnished.url}/departments")
        assert page.get_by_text(POLICE).count() > 0
        assert page.context.cookies()[0]["httpOnly"]
        bodies = [json.loads(each) for each in sent if each]
        assert [sorted(each) for each in bodies] == [["origin"], ["challenge", "key", "signature"]]
        kept = page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage)]")
        assert PIN not in "".join([*kept, *sent])

    def test_can_be_read_by_everybody(self, page: Page, furnished: NodeTown) -> None:
        page.goto(f"{furnished.url}/sign-in")
        page.get_by_label("密钥文件").wait_for()
        assert axe(page) == []
        shoot(page, "signin", WIDTHS["public"])

    def test_five_wrong_pins_wait(self, page: Page, furnished: NodeTown, key_file: Path) -> None:
        sign_in(page, furnished, key_file, "wrong 1")
        alert = page.get_by_role("alert").filter(has_text="口令不对")
        for left in (4, 3, 2, 1):
            alert.filter(has_text=f"还可再试 {left} 次").wait_for()
            page.get_by_label("口令").fill(f"wrong {left}")
            page.get_by_role("button", name="登录").click()
        page.get_by_text("口令不对", exact=False).wait_for()
        page.get_by_label("口令").fill(PIN)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("alert").filter(has_text="秒后再试").wait_for()
        page.reload()
        page.get_by_label("密钥文件").set_input_files(key_file)
        page.get_by_label("口令").fill(PIN)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("alert").filter(has_text="秒后再试").wait_for()

    def test_works_without_the_browsers_own_ciphers(
        self, page: Page, furnished: NodeTown, key_file: Path
    ) -> None:
        """On plain http at an address there is no `crypto.subtle`."""
        page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
        sign_in(page, furnished, key_file)
        page.wait_for_url(f"{furnished.url}/departments", timeout=60_000)

    def test_a_strangers_key_is_refused(
        self, page: Page, furnished: NodeTown, tmp_path: Path
    ) -> None:
        SoftwareSigner.generate().save(tmp_path / "stranger.pem", PIN.encode())
        sign_in(page, furnished, tmp_path / "stranger.pem")
        page.get_by_role("alert").filter(has_text="signature-invalid").wait_for()

    def test_leads_nowhere_else(self, page: Page, furnished: NodeTown) -> None:
        page.goto(f"{furnished.url}/sign-in?back=//elsewhere.example")
        assert page.locator("#sign-in").get_attribute("data-then") == "/"


class TestDeciding:
    @pytest.fixture(autouse=True)
    def _inside(self, page: Page, furnished: NodeTown, key_file: Path) -> None:
        sign_in(page, furnished, key_file)
        page.wait_for_url(f"{furnished.url}/departments")

    def test_shows_what_is_signed_and_ends_in_a_block(self, page: Page) -> None:
        decide(page, "RegisterApplication", application("page-app"))
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        assert dialog.get_by_role("heading").inner_text() == "登记应用系统"
        assert dialog.get_by_text("page-app").count() > 0
        # People know the department by its name, which is the node's word beside what is signed.
        dialog.get_by_text(f"{papers.POLICE} （市公安局）").first.wait_for()
        assert axe(page) == []
        shoot(page, "signing", WIDTHS["seat"])
        # The tab remembers the file; the PIN is asked for each time.
        dialog.get_by_label("口令").fill(PIN)
        dialog.get_by_role("button", name="签署并提交").click()
        dialog.get_by_text("已在第").wait_for(timeout=30_000)
        dialog.get_by_role("button", name="完成").click()
        answer = came(page)["answer"]
        assert answer["followed"]

    def test_not_signing_leaves_nothing(self, page: Page) -> None:
        decide(page, "RegisterApplication", application("page-none"))
        page.get_by_role("dialog").get_by_role("button", name="不签署").click()
        assert came(page) == {"answer": None}

    def test_a_node_that_lies_is_refused_before_anything_is_signed(self, page: Page) -> None:
        lies = ("document", "struct", "text", "hash", "domain", "possession", "notAfter", "asked")
        for lie in lies:
            page.route("**/decisions/prepare", lying(lie))
            decide(page, "RegisterApplication", application("page-lie"))
            assert came(page)["code"] == "verification-failed", lie
            assert page.get_by_role("dialog").count() == 0
            page.unroute("**/decisions/prepare")


def lying(lie: str) -> Callable[[Route], None]:
    """Return what alters an answer: of one parameter, as a second would be given the request."""

    def alter(route: Route) -> None:
        if lie == "asked":
            # Prepared without a fault, but of another system than was asked for.
            said = (route.request.post_data or "").replace("page-lie", "page-lia")
            route.fulfill(response=route.fetch(post_data=said))
            return
        answer = route.fetch()
        route.fulfill(response=answer, json=altered(answer.json(), lie))

    return alter


def altered(said: dict[str, Any], lie: str) -> dict[str, Any]:
    """Return a prepared decision of which one part is another."""
    if lie == "document":
        said["documents"] = [said["documents"][0].replace("page-lie", "page-lia")]
    elif lie == "struct":
        said["message"]["codeHash"] = "11" * 32
    elif lie == "notAfter":
        said["message"]["notAfter"] = str(int(said["message"]["notAfter"]) + 10**9)
    elif lie == "domain":
        said["domain"]["contract"] = "22" * 20
    elif lie == "possession":
        said["possession"] = True
    else:
        said[lie] = said[lie][:-1] + ("0" if said[lie][-1] != "0" else "1")
    return said
