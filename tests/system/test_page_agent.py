"""A page finds `shareledger agent` by itself, and has it sign what its holder agrees to."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from node.crypto import SoftwareSigner
from tests.common.browser import WIDTHS, axe, shoot
from tests.common.nodes import PASSWORD
from tests.system.test_page_signing import PIN, POLICE, application, came, decide, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain

SECONDS = 30.0


class Desk:
    """An agent that runs, and who sits at its terminal."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._shown = b""

    def until(self, pattern: str) -> re.Match[str]:
        """Read the terminal until it shows `pattern`; what was read is not read again."""
        output = self._process.stdout
        assert output is not None
        end = time.monotonic() + SECONDS
        while True:
            text = self._shown.decode("utf-8", "ignore")
            if found := re.search(pattern, text, re.DOTALL):
                self._shown = text[found.end() :].encode()
                return found
            ready, _, _ = select.select([output], [], [], end - time.monotonic())
            piece = os.read(output.fileno(), 65_536) if ready else b""
            assert piece, f"the agent did not show {pattern}: {text}"
            self._shown += piece

    def code(self) -> str:
        return self.until(r"配对码 (\d{8})").group(1)

    def answer(self, line: str) -> str:
        """Answer its question; return what was shown above it."""
        shown = self.until(r"的页面请您签名.*签名吗？").group()
        keyboard = self._process.stdin
        assert keyboard is not None
        keyboard.write(f"{line}\n".encode())
        keyboard.flush()
        return shown


@contextmanager
def running(town: NodeTown, signer: SoftwareSigner, folder: Path) -> Iterator[Desk]:
    """Run the command with a key, as its holder does; it ends with its terminal."""
    signer.save(folder / "head.key", PASSWORD)
    (folder / "password").write_bytes(PASSWORD)
    (folder / "password").chmod(0o600)
    port = town.node.settings.console.agent_port
    command = [sys.executable, "-m", "api.cli", "agent", "--key", str(folder / "head.key")]
    command += ["--password-file", str(folder / "password"), "--port", str(port)]
    command += ["--node", town.url]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        try:
            yield Desk(process)
        finally:
            process.terminate()


def head(town: NodeTown) -> SoftwareSigner:
    return town.keys.office[POLICE]


def open_sign_in(page: Page, town: NodeTown) -> None:
    page.goto(f"{town.url}/sign-in?back=/departments")


class TestAPage:
    def test_signs_in_and_decides_through_the_agent(
        self, page: Page, furnished: NodeTown, tmp_path: Path
    ) -> None:
        with running(furnished, head(furnished), tmp_path) as desk:
            code = desk.code()
            open_sign_in(page, furnished)
            page.get_by_label("配对码").fill(code)
            assert page.get_by_label("用本机签署助手").is_checked()
            assert axe(page) == []
            shoot(page, "signin-agent", WIDTHS["public"])
            page.get_by_role("button", name="登录").click()
            page.get_by_role("status").filter(has_text="答 y 签署").wait_for()
            assert f"ShareLedger-login:{furnished.url}" in desk.answer("y")
            page.wait_for_url(f"{furnished.url}/departments")

            decide(page, "RegisterApplication", application("page-agent"))
            dialog = page.get_by_role("dialog")
            dialog.get_by_text("已找到签署助手").wait_for()
            assert not dialog.get_by_label("口令").is_visible()
            assert axe(page) == []
            shoot(page, "signing-agent", WIDTHS["seat"])
            # Declined first: nothing is signed, and the same dialog may ask once more.
            dialog.get_by_role("button", name="签署并提交").click()
            assert "page-agent" in desk.answer("n")
            dialog.get_by_role("alert").filter(has_text="没有同意").wait_for()
            assert dialog.get_by_text("已在第").count() == 0
            dialog.get_by_role("button", name="签署并提交").click()
            dialog.get_by_role("status").filter(has_text="答 y 签署").wait_for()
            assert "page-agent" in desk.answer("y")
            dialog.get_by_text("已在第").wait_for(timeout=30_000)
            dialog.get_by_role("button", name="完成").click()
            assert came(page)["answer"]["followed"]

    def test_is_not_signed_in_where_its_holder_declines_or_its_code_is_wrong(
        self, page: Page, furnished: NodeTown, tmp_path: Path
    ) -> None:
        with running(furnished, head(furnished), tmp_path) as desk:
            code = desk.code()
            open_sign_in(page, furnished)
            wrong = f"{(int(code) + 1) % 10**8:08}"
            page.get_by_label("配对码").fill(wrong)
            page.get_by_role("button", name="登录").click()
            page.get_by_role("alert").filter(has_text="配对码不对").wait_for()
            page.get_by_label("配对码").fill(code)
            page.get_by_role("button", name="登录").click()
            desk.answer("")
            page.get_by_role("alert").filter(has_text="没有同意").wait_for()
            assert page.context.cookies() == []
            # Paired all the same: the code is typed once.
            page.reload()
            page.get_by_text("已找到签署助手").wait_for()

    def test_is_told_that_the_agent_has_another_key_than_the_session(
        self, page: Page, furnished: NodeTown, tmp_path: Path
    ) -> None:
        (tmp_path / "page").mkdir()
        path = tmp_path / "page" / "head.pem"
        head(furnished).save(path, PIN.encode())
        sign_in(page, furnished, path)
        page.wait_for_url(f"{furnished.url}/departments")
        with running(furnished, SoftwareSigner.generate(), tmp_path) as desk:
            code = desk.code()
            decide(page, "RegisterApplication", application("page-other"))
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("配对码").fill(code)
            dialog.get_by_role("button", name="签署并提交").click()
            dialog.get_by_role("alert").filter(has_text="不是登录所用的").wait_for()
            # The key in the page is still a way.
            dialog.get_by_label("由本页开启密钥").check()
            dialog.get_by_label("口令").fill(PIN)
            dialog.get_by_role("button", name="签署并提交").click()
            dialog.get_by_text("已在第").wait_for(timeout=30_000)

    def test_says_that_none_was_found_and_looks_again(
        self, page: Page, furnished: NodeTown, tmp_path: Path
    ) -> None:
        open_sign_in(page, furnished)
        page.get_by_role("status").filter(has_text="未找到本机签署助手").wait_for()
        assert page.get_by_label("密钥文件").is_visible()
        with running(furnished, head(furnished), tmp_path) as desk:
            code = desk.code()
            page.get_by_role("button", name="重新查找").click()
            page.get_by_label("配对码").fill(code)

    def test_may_reach_the_agents_port_and_nothing_else(self, furnished: NodeTown) -> None:
        policy = httpx.get(f"{furnished.url}/sign-in").headers["Content-Security-Policy"]
        allowed = re.search(r"connect-src ([^;]*)", policy)
        port = furnished.node.settings.console.agent_port
        assert allowed is not None
        assert allowed.group(1) == f"'self' http://127.0.0.1:{port}"
