"""A key is named by hex, by its file, or by the file of its public half alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.city.halves import ADDRESS_SIZE, ED25519_SIZE, SM2_SIZE, named_half, read_public
from node.crypto import SoftwareSigner
from node.errors import MalformedKey

FILES = Path(__file__).parents[3] / "vectors" / "keyfiles"
RAW = (FILES / "openssl-public.der").read_bytes()[-64:]
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()  # each run the same
ADDRESS = bytes(range(20))
MADE_ELSEWHERE = [
    (SM2_SIZE, (FILES / "openssl-public.pem").read_bytes(), RAW),
    (SM2_SIZE, b"04" + RAW.hex().encode(), RAW),
    (ED25519_SIZE, ED25519.public_bytes_raw().hex().upper().encode(), ED25519.public_bytes_raw()),
    *(
        (
            ED25519_SIZE,
            ED25519.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo),
            ED25519.public_bytes_raw(),
        )
        for encoding in (Encoding.PEM, Encoding.DER)
    ),
    (ADDRESS_SIZE, b"0x" + ADDRESS.hex().encode() + b"\n", ADDRESS),
]
"""Bytes of the half, the file, the half."""


@pytest.mark.parametrize("name", ["openssl-public.pem", "openssl-public.der"])
def test_a_public_key_of_another_tool_names_its_key(name: str) -> None:
    assert named_half(str(FILES / name), 64) == RAW


def test_hex_and_a_key_file_with_its_half_beside_name_it_too(tmp_path: Path) -> None:
    key = tmp_path / "officer.key"
    key.write_bytes(b"")
    key.with_name("officer.key.pub").write_text(RAW.hex() + "\n")
    assert named_half(str(key), 64) == named_half(RAW.hex(), 64) == RAW


def test_a_private_key_alone_names_none(tmp_path: Path) -> None:
    with pytest.raises(MalformedKey, match="既不是"):
        named_half(str(FILES / "openssl-default.pem"), 64)
    with pytest.raises(MalformedKey, match="既不是"):
        named_half(str(tmp_path / SoftwareSigner.generate().public_key.key_id.hex()), 64)


@pytest.mark.parametrize(
    ("size", "content", "half"), MADE_ELSEWHERE, ids=range(len(MADE_ELSEWHERE))
)
def test_a_half_is_read_as_its_tool_wrote_it(tmp_path: Path, size, content, half) -> None:
    (tmp_path / "made.key.pub").write_bytes(content)
    assert read_public(tmp_path / "made.key", size) == half
    assert named_half(str(tmp_path / "made.key"), size) == half


@pytest.mark.parametrize(
    ("size", "content"), [each[:2] for each in MADE_ELSEWHERE], ids=range(len(MADE_ELSEWHERE))
)
def test_a_half_of_another_kind_is_refused_by_its_file(tmp_path: Path, size, content) -> None:
    (tmp_path / "made.key.pub").write_bytes(content)
    for other in {SM2_SIZE, ED25519_SIZE, ADDRESS_SIZE} - {size}:
        with pytest.raises(MalformedKey, match=r"made\.key\.pub 应为"):
            read_public(tmp_path / "made.key", other)
