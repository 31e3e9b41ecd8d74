"""The client in Java (`clients/java`): built as a contractor builds it, and against a real node.

`mvn package` compiles for Java 8 and runs the client's own tests, `docs/conformance` and
`tests/vectors` among them; the class `Session`, which stands beside those, calls the city's node.
"""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from node.client import refused
from node.protocol.evidence import parse_bundle, render_bundle
from node.protocol.wire import trustfile
from tests.common import evidence
from tests.common.chain import deployed_on
from tests.common.keyfiles import quick_files, write_private
from tests.common.nodes import PASSWORD, until
from tests.integration.test_evidence_history import make_history

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.common.chain import RunningChain
    from tests.system.conftest import City

PROJECT = Path(__file__).parents[2] / "clients" / "java"
TARGET = PROJECT / "target"
VECTORS = Path(__file__).parents[1] / "vectors"
PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"
README = (PROJECT / "README.md").read_text(encoding="utf-8")
FLIPS = 60
QUICKLY = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Short runs: a second compiler and several collectors would cost more than they save."""
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


def run(arguments: list[str], given: bytes = b"", folder: Path = PROJECT, code: int = 0) -> bytes:
    """Return what a command prints; fail where it ends with another code."""
    done = subprocess.run(  # noqa: S603 - the project's own client
        arguments,
        cwd=folder,
        input=given,
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "JAVA_TOOL_OPTIONS": QUICKLY},
    )
    assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def built() -> str:
    """Build the package as its README says; return the class path of its tests."""
    run([tool("mvn"), "--quiet", "--batch-mode", "package"])
    reports = "".join(map(Path.read_text, (TARGET / "surefire-reports").glob("*.txt")))
    # Without the project's vectors its tests are skipped: a contractor may have this folder alone.
    assert "ConformanceTest" in reports
    assert "Skipped: 0" in reports
    assert not re.search(r"Skipped: [1-9]", reports)
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

    def test_knows_the_codes_that_the_python_client_knows(self, happened: dict[str, Any]) -> None:
        assert set(happened["codes"]) == refused._classes().keys()


def block(language: str, place: int = 0) -> str:
    """Return one of the README's blocks of a language."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [match[1] for match in pattern.finditer(README)][place]


@pytest.mark.chain
class TestReadme:
    """What the README prints runs as printed, but for the node's port."""

    @pytest.fixture
    def place(
        self, built: str, settings: Mapping[str, Any], tmp_path: Path
    ) -> tuple[Path, Callable[[str], str]]:
        assert built
        assert settings["authorisation"] == 1
        for name, key in (("app.key", "signingKey"), ("open.key", "encryptionKey")):
            (tmp_path / name).symlink_to(settings[key])
        (tmp_path / "password").symlink_to(settings["passwordFile"])
        (tmp_path / "target").symlink_to(TARGET)
        return tmp_path, lambda text: text.replace("http://127.0.0.1:8600", settings["own"])

    def test_builds_as_it_says(self) -> None:
        assert block("sh") == "mvn -q package\n"

    def test_calls_by_command_and_asks_for_the_anchor(
        self, place: tuple[Path, Callable[[str], str]]
    ) -> None:
        folder, here = place
        (folder / "client.properties").write_text(here(block("properties")), encoding="utf-8")
        query, upgrade = block("sh", 1).splitlines()
        answer = json.loads(run(shlex.split(query), folder=folder))
        assert answer["rows"] == [{"XM": "张三3", "GMSFHM": "130902********0003"}]
        kept = folder / "receipts" / f"{answer['event']}.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        verify = [*query.split()[:3], "verify", "client.properties", answer["event"]]
        run(verify, folder=folder)
        until(lambda: run(shlex.split(upgrade), folder=folder) == b"" and anchored(kept))

    def test_verifies_evidence(self, place: tuple[Path, Callable[[str], str]]) -> None:
        folder, _ = place
        command = shlex.split(block("sh", 2))
        for name, vector in (("evidence.json", "evidence"), ("trust.json", "evidence-trust")):
            shutil.copy(VECTORS / f"{vector}.json", folder / name)
        assert json.loads(run(command, folder=folder))["verdict"] == "proven"
        bundle = (folder / "evidence.json").read_text(encoding="utf-8")
        (folder / "evidence.json").write_text(bundle.replace("A", "B", 1), encoding="utf-8")
        run(command, folder=folder, code=3)
        (folder / "trust.json").unlink()
        run(command, folder=folder, code=1)

    def test_calls_from_a_program(self, place: tuple[Path, Callable[[str], str]]) -> None:
        folder, here = place
        (folder / "Example.java").write_text(here(block("java")), encoding="utf-8")
        path = "target/classes:target/lib/*:."
        run([tool("javac"), "-encoding", "UTF-8", "-cp", path, "Example.java"], folder=folder)
        printed = run([tool("java"), "-cp", path, "Example"], folder=folder)
        assert b"GMSFHM=130902********0003" in printed


def anchored(kept: Path) -> bool:
    return "anchored" in json.loads(kept.read_bytes())["receipt"]


def test_has_the_protocols_types_of_decisions_and_events() -> None:
    text = PROTOCOL.read_text(encoding="utf-8")
    types = re.search(r"^### 3\.2 .*?^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    table = re.search(r"^\| contract \| event .*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert types
    assert table
    events, contract = [], ""
    for row in table[0].splitlines()[2:-1]:
        named, event = (cell.strip(" `") for cell in row.strip("|").split("|")[:2])
        contract = named or contract
        if not event.startswith("EIP712"):
            events.append(f"{contract} {event}")
    path = PROJECT / "src/main/resources/shareledger/client/decisions.txt"
    _, _, given = path.read_text(encoding="utf-8").partition("\n")
    assert given == types[1] + "\n" + "\n".join(events) + "\n"


@pytest.mark.long
@pytest.mark.chain
def test_judges_a_history_of_every_decision_as_python_does(
    built: str, own_chain: RunningChain, tmp_path: Path
) -> None:
    """Every kind of decision with every paper behind it, and a byte changed anywhere."""
    with deployed_on(own_chain) as chain:
        story = evidence.City(chain, tmp_path)
        try:
            story.build()
            make_history(story)
            event = story.call(revision=2)
            story.anchor()
            collected = story.collect(event)
            data = render_bundle(replace(parse_bundle(collected.data), documents=story.kept))
        finally:
            story.close()
    bundles = [data]
    chosen = random.Random(3)  # noqa: S311 - which bytes
    for _ in range(FLIPS):
        changed = bytearray(data)
        changed[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        bundles.append(bytes(changed))
    for number, each in enumerate(bundles):
        (tmp_path / f"{number}.json").write_bytes(each)
    (tmp_path / "trust.json").write_bytes(trustfile.render_trust(collected.trust))
    names = ["trust.json", *(f"{number}.json" for number in range(len(bundles)))]
    command = [tool("java"), "-cp", built, "shareledger.client.Verdicts", *names]
    verdicts = run(command, folder=tmp_path).decode().split()
    assert verdicts == ["proven"] + ["evidence-invalid"] * FLIPS
