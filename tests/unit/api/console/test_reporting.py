"""A trace on paper: one page whatever it holds, its letters inside, the bundle's digest on it."""

from __future__ import annotations

import io
import re
import zlib

import pytest

from api.console.audit.reporting import Report, render_report
from api.console.bundled import STATIC
from ledger_sync.trace import TraceLine

if not (STATIC / "manifest.json").exists():
    pytest.skip("the console's assets are not built: make setup", allow_module_level=True)

DIGEST = "ab" * 32


def new_line(text: str, *children: TraceLine, ok: bool = True) -> TraceLine:
    return TraceLine(text, "a decision", "核对", "check", ok, "", children, "decision", "1")


def new_report(trace: TraceLine, **changes) -> Report:
    values = {
        "title": "调用溯源报告",
        "facts": [("调用编号", "00" * 32), ("结论", "各项核对成立")],
        "trace": trace,
        "digest": DIGEST,
        "made": 1_790_000_000,
        "by": "市数据局",
    }
    return Report(**{**values, **changes})


def pages(data: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", data))


def unpacked(data: bytes) -> bytes:
    """Every stream of a PDF, unpacked."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    return b"".join(zlib.decompress(each) for each in found if each[:1] == b"x")


class TestReport:
    def test_is_one_page_with_its_own_letters_and_the_code_drawn(self):
        data = render_report(new_report(new_line("决定「答复：同意」", new_line("区块", ok=False))))
        assert data.startswith(b"%PDF-")
        assert pages(data) == 1
        assert b"/FontFile2" in data
        assert unpacked(data).count(b" re f") > 200

    def test_is_one_page_whatever_it_holds(self):
        strange = [new_line(text) for text in ("\u202e<b>&", "🀀 \ue000", "a" * 3_000, "")]
        long = [new_line("某某市政务服务和数据管理局" * 5)] * 60
        report = new_report(new_line("区块", *strange, *long), english=True, by="某某市\x00")
        assert pages(render_report(report)) == 1


def test_a_font_has_what_was_asked_for():
    from fontTools.ttLib import TTFont

    from api.console.lettering import font_of

    data, known = font_of("共享账本abc✓")
    cmap = TTFont(io.BytesIO(data)).getBestCmap()
    assert set("共享账本abc✓") <= known
    assert all(ord(each) in cmap for each in "共享账本abc✓")
