"""A key is named by hex, by its file, or by the file of its public half alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.city.halves import named_half
from node.crypto import SoftwareSigner
from node.errors import MalformedKey

FILES = Path(__file__).parents[3] / "vectors" / "keyfiles"
RAW = (FILES / "openssl-public.der").read_bytes()[-64:]


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
