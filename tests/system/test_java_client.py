"""The client in Java (`clients/java`): built as a contractor builds it, and against a real node.

`mvn package` compiles for Java 8 and runs the client's own tests over `tests/vectors`; the class
`Session`, which stands among those, calls the city's node.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.common.keyfiles import quick_files, write_private
from tests.common.nodes import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.system.conftest import City

PROJECT = Path(__file__).parents[2] / "clients" / "java"
TARGET = PROJECT / "target"
FORGED = {
    "leaf": "receipt-invalid",
    "index": "inclusion-invalid",
    "proof": "inclusion-invalid",
    "root": "inclusion-invalid",
    "Ed25519 line": "checkpoint-invalid",
    "SM2 line": "checkpoint-invalid",
    "ciphertext": "receipt-invalid",
    "iv": "receipt-invalid",
    "wrapped key": "receipt-invalid",
}
"""What is changed in an answer, and what the client calls it."""


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is missing")
        pytest.skip(f"{name} is missing")
    return found


def run(arguments: list[str], given: bytes = b"") -> bytes:
    """Return what a command prints; fail where it does."""
    done = subprocess.run(  # noqa: S603 - the project's own client
        arguments,
        cwd=PROJECT,
        input=given,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def built() -> str:
    """Build the package as its README says; return the class path of its tests."""
    run([tool("mvn"), "--quiet", "--batch-mode", "package"])
    return ":".join(str(TARGET / name) for name in ("classes", "test-classes", "lib/*"))


@pytest.fixture(scope="module")
def settings(city: City, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The application's key files, as the product writes them, and what else a client is told."""
    folder = tmp_path_factory.mktemp("java")
    town = city.town
    write_private(folder / "password", PASSWORD + b"\n")
    with quick_files():
        town.keys.application.save(folder / "signing.key", PASSWORD)
        town.keys.encryption.save(folder / "encryption.key", PASSWORD)
    return {
        "provider": town.url,
        "own": town.url,
        "signingKey": str(folder / "signing.key"),
        "encryptionKey": str(folder / "encryption.key"),
        "passwordFile": str(folder / "password"),
        "receipts": str(folder / "receipts"),
        "authorisation": town.first,
    }


@pytest.fixture(scope="module")
def happened(built: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What happened between the Java client and the city's node."""
    command = [tool("java"), "-cp", built, "shareledger.client.Session"]
    happened: dict[str, Any] = json.loads(run(command, json.dumps(settings).encode()))
    return happened


@pytest.mark.chain
class TestSession:
    def test_opens_a_sealed_answer_whose_receipt_holds(self, happened: dict[str, Any]) -> None:
        assert happened["rows"] == [{"XM": "张三3", "GMSFHM": "130902********0003"}]
        assert happened["masked"] == ["GMSFHM"]
        assert happened["number"] > 1

    def test_gets_the_same_answer_to_the_same_bytes(self, happened: dict[str, Any]) -> None:
        assert happened["resent"]

    def test_follows_the_receipt_to_its_anchor_and_keeps_it(self, happened: dict[str, Any]) -> None:
        assert happened["anchored"]
        assert happened["kept"]

    def test_believes_no_answer_with_one_byte_changed(self, happened: dict[str, Any]) -> None:
        assert {what: each["code"] for what, each in happened["forged"].items()} == FORGED

    @pytest.mark.parametrize(
        ("what", "code"),
        [
            ("notGranted", "item-not-granted"),
            ("wrongPurpose", "purpose-not-granted"),
            ("notOurs", "authorisation-unknown"),
            ("replayed", "call-replayed"),
        ],
    )
    def test_holds_a_refusal_to_its_receipt(
        self, happened: dict[str, Any], what: str, code: str
    ) -> None:
        assert happened[what] == {"code": code, "receipt": True}

    @pytest.mark.parametrize(
        ("what", "code"),
        [
            ("withoutReceipt", "receipt-invalid"),
            ("unknown", "authorisation-unknown"),
            ("changedSignature", "signature-invalid"),
            ("nobody", "peer-unavailable"),
        ],
    )
    def test_says_by_its_code_what_failed(
        self, happened: dict[str, Any], what: str, code: str
    ) -> None:
        assert happened[what] == {"code": code, "receipt": False}

    def test_keeps_the_call_that_nobody_answered(self, happened: dict[str, Any]) -> None:
        assert happened["unanswered"] == 1
        assert happened["unproven"] == []
