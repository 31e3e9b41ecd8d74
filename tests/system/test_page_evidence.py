"""Evidence verified in a browser, offline, from one file: the conformance file's verdicts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from api.console.bundled import STATIC, manifest
from tests.common.browser import ROOT, WIDTHS, axe, shoot
from tests.common.pagescripts import bundle, run, script_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.common.nodes import NodeTown

VECTORS = ROOT / "tests" / "vectors"
CONFORMANCE = json.loads((ROOT / "docs/conformance/conformance.json").read_bytes())
BUNDLE, TRUST = VECTORS / "evidence.json", VECTORS / "evidence-trust.json"
SLOWEST_SECONDS = 30
"""Far above the 3 s that are aimed at: this machine may be doing anything else."""
SCRIPT = """
const answer = given.map(({ text, trust }) => {
  try {
    const { explanation, ...report } =
      verifyEvidence(Buffer.from(text), Buffer.from(JSON.stringify(trust)));
    return report;
  } catch (error) {
    return { error: error.code };
  }
});
"""
IMPORT = 'import { verifyEvidence } from "../../../../clients/javascript/src/evidence/evidence.js";'


@pytest.fixture
def alone(page: Page) -> Page:
    """The page as one file, opened from the disk, without any network."""
    page.context.set_offline(True)
    page.goto((STATIC / manifest()["evidence.html"]).as_uri())
    return page


def give(page: Page, evidence: Path, trust: Path = TRUST) -> str:
    """Choose the two files; return the verdict."""
    page.locator("#evidence-trust").set_input_files(trust)
    page.locator("#evidence-bundle").set_input_files(evidence)
    done = page.locator("#evidence-result[data-verdict]")
    done.wait_for(timeout=SLOWEST_SECONDS * 1000)
    return str(done.get_attribute("data-verdict"))


def marks(page: Page) -> list[str]:
    return [each[0] for each in page.locator("#evidence-result tbody .badge").all_inner_texts()]


def test_every_bundle_of_the_conformance_file_has_its_verdict(tmp_path: Path) -> None:
    cases = [each for each in CONFORMANCE["cases"] if each["op"] == "verify-bundle"]
    given, expected = [], []
    for each in cases:
        asked: dict[str, Any] = each["given"]
        text, edit = CONFORMANCE["bundles"][asked["bundle"]], asked["edit"]
        behind = text[edit["offset"] + edit["remove"] :]
        edited = text[: edit["offset"]] + edit["insert"] + behind
        given.append({"text": edited, "trust": asked["trust"]})
        expected.append(each["yields"])
    found = run(bundle(tmp_path, script_of([IMPORT], SCRIPT)), given)
    assert found == expected
    assert {each.get("verdict", "refused") for each in found} >= {"proven", "refused"}


class TestOneFile:
    def test_proves_the_committed_bundle_offline(self, alone: Page) -> None:
        began = time.monotonic()
        assert give(alone, BUNDLE) == "proven"
        assert time.monotonic() - began < SLOWEST_SECONDS
        assert marks(alone) == ["✓"] * 9
        assert alone.get_by_text("从根密钥起重放").count() == 1
        assert axe(alone) == []
        shoot(alone, "evidence-proven", WIDTHS["public"])

    def test_says_where_a_changed_bundle_fails(self, alone: Page, tmp_path: Path) -> None:
        said = json.loads(BUNDLE.read_bytes())
        leaf = said["leaf"]
        said["leaf"] = leaf[:40] + ("B" if leaf[40] == "A" else "A") + leaf[41:]
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps(said, separators=(",", ":"), sort_keys=True), "utf-8")
        assert give(alone, changed) == "evidence-invalid"
        assert alone.locator(".notice.bad b").inner_text() == "证据不成立"
        assert marks(alone).count("✗") == 1
        # What it means, in words; what the verifier found stands below.
        assert alone.get_by_text("有一项决定或所附记录不成立").count() == 2
        assert axe(alone) == []
        shoot(alone, "evidence-refused", WIDTHS["public"])

    def test_a_trust_file_that_is_none_is_said_to_be(self, alone: Page, tmp_path: Path) -> None:
        (tmp_path / "trust.json").write_text("{}", "utf-8")
        assert give(alone, BUNDLE, tmp_path / "trust.json") == "malformed-evidence"
        assert marks(alone) == []

    def test_speaks_english_where_that_is_asked(self, alone: Page) -> None:
        alone.get_by_role("link", name="English").click()
        alone.get_by_label("Trust file").wait_for()
        assert give(alone, BUNDLE) == "proven"
        assert alone.get_by_text("Proven: the call took place").count() == 1


@pytest.mark.chain
def test_a_node_serves_it_too_and_hands_out_the_file(page: Page, furnished: NodeTown) -> None:
    page.goto(f"{furnished.url}/evidence")
    assert give(page, BUNDLE) == "proven"
    assert axe(page) == []
    shoot(page, "evidence", WIDTHS["public"])
    with page.expect_download() as download:
        page.get_by_role("link", name="下载单文件核验页").click()
    built = STATIC / manifest()["evidence.html"]
    assert download.value.path().read_bytes() == built.read_bytes()
