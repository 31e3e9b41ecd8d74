"""`verify` ends with the exit codes that docs/evidence.md lists, and says how to go on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from node.protocol.evidence import parse_bundle, verify_evidence
from node.protocol.evm import blocks
from node.protocol.wire.trustfile import Head, parse_trust, render_trust
from tests.common.shell import invoke

ROOT = Path(__file__).parents[4]
BUNDLE = ROOT / "tests" / "vectors" / "evidence.json"
TRUST_FILE = ROOT / "tests" / "vectors" / "evidence-trust.json"
TRUST = parse_trust(TRUST_FILE.read_bytes())
PROVEN, WRONG, UNPROVEN, INCOMPLETE = 0, 1, 3, 4


@pytest.fixture
def earlier(tmp_path):
    number = TRUST.head.number - 1
    found = blocks.header_hash(parse_bundle(BUNDLE.read_bytes()).headers[number])
    path = tmp_path / "earlier.json"
    path.write_bytes(render_trust(replace(TRUST, head=Head(number, found))))
    return path


def test_the_document_lists_them():
    text = (ROOT / "docs" / "evidence.md").read_text("utf-8")
    table = text.split("| exit code of `shareledger verify` | |")[1].split("\n\n")[0]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert codes == {PROVEN, WRONG, UNPROVEN, INCOMPLETE}


def test_what_is_proven():
    done = invoke("verify", BUNDLE, "--trust", TRUST_FILE)
    assert done.code == PROVEN
    assert done.output.splitlines()[-1].startswith("结论：已证明")


def test_what_is_incomplete_says_how_a_later_head_is_had(earlier):
    done = invoke("verify", BUNDLE, "--trust", earlier)
    lines = done.output.splitlines()
    assert done.code == INCOMPLETE
    assert lines[0].startswith("✗ 证据包接着信任文件的链头")
    said = "\n".join(lines[lines.index(next(line for line in lines if "结论" in line)) :])
    assert "不完整" in said
    assert TRUST.head.hash.hex() in said
    assert f"shareledger trust update {earlier} --config" in said
    assert "trace export EVENT --head" in said


def test_what_does_not_hold(tmp_path):
    data = bytearray(BUNDLE.read_bytes())
    data[-40] ^= 1
    (tmp_path / "changed.json").write_bytes(data)
    done = invoke("verify", tmp_path / "changed.json", "--trust", TRUST_FILE)
    assert done.code == UNPROVEN
    assert done.errors.startswith("[evidence-invalid]")


def test_what_is_undetermined():
    evidence = replace(verify_evidence(BUNDLE.read_bytes(), TRUST), verdict="undetermined")
    with patch("node.protocol.evidence.verify_evidence", return_value=evidence):
        done = invoke("verify", BUNDLE, "--trust", TRUST_FILE)
    assert done.code == UNPROVEN
    assert "无法确定" in done.output


@pytest.mark.parametrize("trust", [BUNDLE, Path("none.json")])
def test_a_trust_file_that_is_none(trust):
    done = invoke("verify", BUNDLE, "--trust", trust)
    assert done.code == WRONG
    assert done.errors.startswith("[malformed-evidence]")


def test_the_export_says_that_its_trust_file_is_one_to_be_written(tmp_path):
    output, config = tmp_path / "evidence.json", tmp_path / "node.toml"
    done = invoke(
        *("trace", "export", "0" * 64, "-o", output, "--trust", TRUST_FILE, "--config", config)
    )
    assert done.code == WRONG
    assert f"--trust {TRUST_FILE} 已存在：这里写的是要新写出的文件" in done.errors
