"""A key made and signed with by openssl alone is registered by its public half, and calls.

docs/interop.md section 3, its commands run as they stand.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import shlex
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from node.crypto import SoftwareSigner, normalise_signature, sm4_open
from node.crypto.neighbours import NEIGHBOURS
from node.crypto.privatekey import find_public_key
from node.protocol.wire import ids, signedcall
from node.protocol.wire.encoding import b64u, unb64u
from tests.common.keyfiles import quick_files, write_private
from tests.common.nodes import PASSWORD, QUERY, until
from tests.common.openssl import IDENTITY, OpenSsl, openssl_fixture
from tests.common.papers import EDUCATION
from tests.common.shell import invoke

__all__ = ["openssl_fixture"]
pytestmark = pytest.mark.chain
TEXT = (Path(__file__).parents[2] / "docs" / "interop.md").read_text(encoding="utf-8")
MAKE, ASK, SIGN, PROVE, SUBMIT = re.findall(
    r"```sh\n(.*?)```", TEXT[TEXT.index("## 3.") :].partition("\n## 4")[0], re.DOTALL
)
SECRET = b"a contractor's"


@pytest.fixture(scope="module")
def town(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("town")
    with moulds.served(folder) as town:
        write_private(folder / "head.password", PASSWORD + b"\n")
        write_private(folder / "app.password", SECRET + b"\n")
        with quick_files():
            town.keys.heads[EDUCATION].save(folder / "head.key", PASSWORD)
        yield town


@pytest.fixture(autouse=True)
def folder(town, monkeypatch, openssl: OpenSsl):
    found = town.node.settings.data_dir.parent
    monkeypatch.chdir(found)
    openssl.folder = found
    return found


def shell(block: str) -> None:
    """Run openssl's part of the document, with fewer rounds."""
    quick = block.replace("-iter 600000", "-iter 2048")
    subprocess.run(["bash", "-euc", quick], check=True, capture_output=True)  # noqa: S603, S607


def ours(line: str):
    """Run a command of ours as the document prints it."""
    name, *arguments = shlex.split(line.replace("$E", EDUCATION))
    assert name == "shareledger"
    return invoke(*arguments)


def public(file: Path):
    return find_public_key(file.read_bytes())


def signed_by_openssl(town, openssl: OpenSsl, *identity: str) -> httpx.Response:
    """Call the node; the contractor's tools make the signature."""
    body = json.dumps({**QUERY, "salt": b64u(secrets.token_bytes(16))}).encode()
    path = f"/api/v1/authorisations/{town.first}/query"
    keyid = public(openssl.folder / "app.pub.pem").key_id.hex()
    params = signedcall.signature_params(int(time.time()), b64u(secrets.token_bytes(18)), keyid)
    digest, media = signedcall.content_digest(body), "application/json"
    base = signedcall.signature_base(
        method="POST",
        authority=town.url.removeprefix("http://"),
        path=path,
        query="",
        content_type=media,
        digest=digest,
        params=params,
    )
    signature = openssl.run(
        *("pkeyutl", "-sign", "-rawin", "-digest", "sm3", *identity),
        *("-inkey", "app.pem", "-passin", "file:app.password", "-in", openssl.write("base", base)),
    )
    headers = {
        "Content-Type": media,
        "Content-Digest": digest,
        "Signature-Input": f"sig={params}",
        "Signature": f"sig=:{base64.b64encode(signature).decode()}:",
    }
    return httpx.post(town.url + path, content=body, headers=headers)


def opened_by_openssl(openssl: OpenSsl, response: httpx.Response) -> bytes:
    """Return the plaintext of an answer; SM4-GCM is not in openssl 3.0."""
    answer = response.json()["sealed"]
    keyid = public(openssl.folder / "open.pub.pem").key_id.hex()
    (wrapped,) = [each["wrapped"] for each in answer["recipients"] if each["keyid"] == keyid]
    key = openssl.run(
        *("pkeyutl", "-decrypt", "-inkey", "open.pem", "-passin", "file:app.password"),
        *("-in", openssl.write("wrapped", unb64u(wrapped))),
    )
    parsed = re.search(
        r'created=(\d+);nonce="([^"]+)".*keyid="([^"]+)"',
        response.request.headers["signature-input"],
    )
    authority = response.request.headers["host"]
    assert parsed is not None
    event = ids.event_id(int(parsed[1]), authority, parsed[3], parsed[2])
    return sm4_open(key, unb64u(answer["iv"]), event, unb64u(answer["sealed"]))


class TestAKeyOfOpenssl:
    """In this order: asked for, refused with wrong proofs, registered, calls."""

    def test_is_asked_for_by_its_public_half_and_nothing_is_signed(self, folder):
        shell(MAKE)
        asked = ours(ASK)
        assert asked.code == 0, asked
        assert "什么也没有签署" in asked.output
        text = (folder / "app.request.txt").read_bytes()
        assert re.fullmatch(rb"ShareLedger-decision:[0-9a-f]{64}", text)
        assert ours(ASK).code == 1  # a request is never overwritten

    def test_without_a_request_is_refused(self):
        at = " --key head.key --password-file head.password"
        refused = ours(ASK.replace("--request app.request", "") + at)
        assert refused.code == 1
        assert "给出的是公钥" in refused.errors

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (("-pkeyopt distid:1234567812345678", ""), NEIGHBOURS[0].chinese),
            (("app.pem", "open.pem"), "持有证明不成立"),
        ],
    )
    def test_signed_in_another_way_registers_nothing(self, town, folder, change, said):
        shell(SIGN.replace(*change).replace("app.proof", "wrong.proof"))
        refused = ours(SUBMIT.replace("app.proof", "wrong.proof"))
        assert refused.code == 1
        assert "[signature-invalid]" in refused.errors
        assert said in refused.errors
        assert town.node.queries.find_key(public(folder / "app.pub.pem").key_id) is None

    def test_a_changed_request_is_refused(self, folder):
        request = json.loads((folder / "app.request").read_text())
        request["paper"]["name"] = "别的名称"
        (folder / "changed").write_text(json.dumps(request))
        refused = ours(PROVE.replace("app.request", "changed"))
        assert refused.code == 1
        assert "前后不符" in refused.errors

    def test_is_registered_once_its_holder_has_signed(self, town, folder):
        shell(SIGN)
        done = ours(SUBMIT)
        assert done.code == 0, done
        key = public(folder / "app.pub.pem").key_id
        assert key.hex() in done.output
        until(lambda: town.node.queries.find_key(key))
        assert "同样的决定已在区块" in ours(SUBMIT).errors

    def test_calls_and_opens_what_is_answered(self, town, openssl: OpenSsl):
        right = ("-pkeyopt", IDENTITY)
        until(lambda: signed_by_openssl(town, openssl, *right).status_code == 200)
        answer = signed_by_openssl(town, openssl, *right)
        plain = json.loads(opened_by_openssl(openssl, answer))
        assert set(QUERY["items"]) <= set(plain["rows"][0])

    def test_is_told_the_setting_it_forgot(self, town, openssl: OpenSsl):
        refused = signed_by_openssl(town, openssl)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (401, "signature-invalid")
        assert problem["hint"] == NEIGHBOURS[0].chinese
        assert problem["hintEn"] == NEIGHBOURS[0].english
        assert problem["hint"] in problem["detail"]


def test_our_own_command_proves_it_as_well(folder):
    with quick_files():
        SoftwareSigner.generate().save(folder / "own.key", SECRET)
    key = SoftwareSigner.load(folder / "own.key", SECRET)
    (folder / "own.pub").write_text(key.public_key.raw.hex())
    names = [("app.pub.pem", "own.pub"), ("app.request", "own.request"), ("app.proof", "own.proof")]
    names.append(("app.pem", "own.key"))

    def renamed(line: str) -> str:
        for old, new in names:
            line = line.replace(old, new)
        return line

    assert ours(renamed(ASK)).code == 0
    proved = ours(renamed(PROVE))
    assert proved.code == 0, proved
    assert "智慧升学" in proved.output
    assert len(normalise_signature(bytes.fromhex((folder / "own.proof").read_text()))) == 64
    stranger = ours(renamed(PROVE).replace("own.key", "head.key").replace("app.pass", "head.pass"))
    assert "不是这一把" in stranger.errors
    assert ours(renamed(SUBMIT)).code == 0
