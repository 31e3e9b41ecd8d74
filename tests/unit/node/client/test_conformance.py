"""docs/conformance: the Python client does what the file says, and the file is what is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.common.conformance import Runner
from tests.common.make_conformance import make_conformance
from tests.common.make_conformance.__main__ import FILE, render

DATA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
RUNNER = Runner(DATA, "node")
README = FILE.with_name("README.md").read_text(encoding="utf-8")


def test_the_file_comes_out_the_same_when_made_anew() -> None:
    assert render(make_conformance()) == FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: f"{case['op']}: {case['name']}")
def test_the_client_yields(case: dict[str, Any]) -> None:
    assert RUNNER.run(case) == case["yields"]


def test_no_two_cases_have_one_name() -> None:
    names = [(case["op"], case["name"]) for case in DATA["cases"]]
    assert len(set(names)) == len(names)


def test_every_operation_is_explained_with_its_members() -> None:
    """The README's table names each operation, what is given and what is yielded."""
    rows = [line.split("|") for line in README.splitlines() if line.startswith("| `")]
    told = {row[1].strip(" `"): "|".join(row[2:]) for row in rows}
    assert {case["op"] for case in DATA["cases"]} <= told.keys()
    for case in DATA["cases"]:
        for member in {*case["given"], *case["yields"]} - {"error"}:
            assert f"`{member}`" in told[case["op"]], (case["op"], member)


def test_there_is_a_case_of_every_error_a_client_may_find() -> None:
    found = {case["yields"].get("error") for case in DATA["cases"]} - {None}
    assert found >= {
        "malformed-receipt",
        "malformed-checkpoint",
        "malformed-envelope",
        "malformed-key",
        "receipt-invalid",
        "inclusion-invalid",
        "consistency-invalid",
        "checkpoint-invalid",
        "evidence-invalid",
        "signature-invalid",
        "clock-skew",
        "digest-mismatch",
    }


def test_the_folder_holds_nothing_else() -> None:
    assert {path.name for path in Path(FILE.parent).iterdir()} == {"conformance.json", "README.md"}
