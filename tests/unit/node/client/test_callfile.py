"""`call.json`: read strictly, its paths beside it, and what is wrong with it named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from node.client.callfile import load_call, open_client
from node.crypto import SoftwareSigner, SoftwareUnwrapper
from node.errors import ConfigInvalid, MalformedKey, PeerUnavailable
from tests.common.keyfiles import quick_files, write_private

if TYPE_CHECKING:
    from pathlib import Path

SAID: dict[str, Any] = {
    "provider": "http://provider.example:8101",
    "own": "http://own.example:8101",
    "key": "application.key",
    "openingKey": "opening.key",
    "passwordFile": "password",
    "authorisation": 1,
    "purpose": "RXHY",
    "items": ["XM"],
    "operator": "李老师",
    "matter": "2026-0001",
    "receipts": "receipts",
}


def write(folder: Path, **changes: Any) -> Path:
    """Write a `call.json`; a change to `...` leaves the member out."""
    said = {name: value for name, value in {**SAID, **changes}.items() if value is not ...}
    path = folder / "call.json"
    path.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    with quick_files():
        SoftwareSigner.generate().save(tmp_path / "application.key", b"a password")
        SoftwareUnwrapper.generate().save(tmp_path / "opening.key", b"a password")
    write_private(tmp_path / "password", b"a password\n")
    return tmp_path


def test_its_paths_are_beside_it(tmp_path: Path) -> None:
    call = load_call(write(tmp_path))
    assert call.key == str(tmp_path / "application.key")
    assert call.receipts == str(tmp_path / "receipts")
    assert call.question["where"] == {}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"own": ...}, "own：没有填写"),
        ({"authorisation": "1"}, "authorisation：应为整数"),
        ({"items": "XM"}, "items：应为列表"),
        ({"items": ["XM", 7]}, "items.2：应为文字"),
        ({"openingkey": "x"}, "openingkey：没有这一项"),
        ({"where": {"XM": "x"}}, "where.XM：应为一张表"),
    ],
)
def test_what_is_wrong_with_it_is_named(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigInvalid, match=named):
        load_call(write(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "[]", "{", "x" * 70_000])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "call.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"不是 JSON|应为一"):
        load_call(path)


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid):
        load_call(tmp_path / "call.json")


def test_a_client_calls_the_provider_and_signs_with_its_key(keys: Path) -> None:
    asked: list[httpx.Request] = []

    def provider(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503)

    with (
        open_client(write(keys), transport=httpx.MockTransport(provider)) as (client, call),
        pytest.raises(PeerUnavailable),
    ):
        client.query(call.authorisation, **call.question)
    key = SoftwareSigner.load(keys / "application.key", b"a password").public_key.key_id.hex()
    assert asked[0].url == "http://provider.example:8101/api/v1/authorisations/1/query"
    assert key in asked[0].headers["signature-input"]


def test_a_password_that_others_may_read_is_not_taken(keys: Path) -> None:
    (keys / "password").chmod(0o644)
    with pytest.raises(ConfigInvalid, match="chmod 600"), open_client(write(keys)):
        pytest.fail("it was opened")


def test_another_password_opens_nothing(keys: Path) -> None:
    (keys / "password").write_bytes(b"another\n")
    with pytest.raises(MalformedKey), open_client(write(keys)):
        pytest.fail("it was opened")
