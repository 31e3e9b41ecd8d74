"""docs/interop.md holds: its sample key, its commands, its limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from node.crypto import SoftwareSigner, pbes2
from node.service.hints import MOST_OF_A_KEY
from tests.common.keyfiles import write_private
from tests.common.openssl import OpenSsl, openssl_fixture

__all__ = ["openssl_fixture"]

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "interop.md").read_text(encoding="utf-8")
PASSWORD = b"fixture password"


@pytest.fixture(scope="module")
def sample() -> bytes:
    return TEXT.partition("```\nPurpose")[2].partition("```")[0].encode()


def test_the_sample_key_opens_with_its_password(sample: bytes, tmp_path: Path) -> None:
    assert f"口令 `{PASSWORD.decode()}`" in TEXT
    path = tmp_path / "shareledger.pem"
    write_private(path, b"Purpose" + sample)
    public = SoftwareSigner.load(path, PASSWORD).public_key.raw.hex()
    assert f"公钥 `{public}`" in TEXT
    for name, content in (("shareledger.pem", b"Purpose" + sample), ("shareledger.pem.pub", None)):
        kept = (TESTS / "vectors" / "keyfiles" / name).read_bytes()
        assert kept == (f"{public}\n".encode() if content is None else content)


def test_the_sample_has_the_parameters_of_the_table(openssl: OpenSsl, sample: bytes) -> None:
    structure = openssl.run("asn1parse", "-in", openssl.write("s.pem", sample)).decode()
    for part in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", f"{600_000:06X}"):
        assert part in structure
    assert re.search(r"OCTET STRING +\[HEX DUMP\]:[0-9A-F]{32}\n", structure)


def test_its_openssl_commands_run(openssl: OpenSsl, sample: bytes) -> None:
    openssl.write("shareledger.pem", sample)
    old = (TESTS / "vectors" / "keyfiles" / "openssl-sm4.pem").read_bytes()
    openssl.write("old.pem", old)
    block = "".join(re.findall(r"```sh\n(openssl pk(?:ey|cs8) [^`]*)```", TEXT))
    commands = block.strip().splitlines()
    assert [each.split()[1] for each in commands] == ["pkey", "pkcs8"]
    openssl.run_line(commands[0])
    secret = f" -passin 'pass:{PASSWORD.decode()}' -passout 'pass:{PASSWORD.decode()}'"
    openssl.run_line(commands[1] + secret)
    path = openssl.folder / "new.pem"
    path.chmod(0o600)
    SoftwareSigner.load(path, PASSWORD)


def test_its_limits_are_the_codes() -> None:
    assert MOST_OF_A_KEY == 5
    assert "每分钟至多五次" in TEXT
    assert f"至多 {pbes2._MOST_ITERATIONS:,}" in TEXT
    assert f"至多 {pbes2._MOST_SCRYPT_BYTES // 2**20} MiB" in TEXT
    for oid in (pbes2._PBES2, pbes2._PBKDF2, pbes2._HMAC_SHA256, pbes2._AES_256_CBC):
        assert f"| {oid} |" in TEXT
    for oid in (pbes2._HMAC_SM3, pbes2._SM_PBES):
        assert oid in TEXT
