from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import (
    Ed25519Signer,
    SoftwareSigner,
    verify_ed25519,
)
from node.crypto.keyfile import label
from node.crypto.pbes2 import seal_pkcs8
from node.errors import MalformedKey, SignatureInvalid
from tests.common.keyfiles import write_private
from tests.common.openssl import OpenSsl, openssl_fixture

__all__ = ["openssl_fixture"]

SIGNER = Ed25519Signer.generate()
SIGNATURE = SIGNER.sign(b"text")


def test_what_is_signed_verifies() -> None:
    verify_ed25519(SIGNER.public, b"text", SIGNATURE)


def test_reproduces_rfc_8032_section_7_1_test_1() -> None:
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    verify_ed25519(public, b"", signature)


@given(st.binary(max_size=70), st.binary(max_size=40))
def test_random_bytes_are_no_signature(signature: bytes, public: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify_ed25519(SIGNER.public, b"text", signature)
    with pytest.raises(SignatureInvalid):
        verify_ed25519(public, b"text", SIGNATURE)


def test_a_saved_key_loads_with_its_password_only(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"
    SIGNER.save(path, b"secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Ed25519Signer.load(path, b"secret").public == SIGNER.public
    with pytest.raises(MalformedKey):
        Ed25519Signer.load(path, b"wrong")


def test_an_sm2_key_is_refused_even_without_a_label(tmp_path: Path) -> None:
    path = tmp_path / "officer.pem"
    SoftwareSigner.generate().save(path, b"secret")
    with pytest.raises(MalformedKey, match="not a key for"):
        Ed25519Signer.load(path, b"secret")
    path.write_bytes(path.read_bytes().removeprefix(label("sm2-signing")))
    with pytest.raises(MalformedKey):
        Ed25519Signer.load(path, b"secret")


def test_something_else_encrypted_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "other.pem"
    write_private(path, seal_pkcs8(b"no key at all", b"secret"))
    with pytest.raises(MalformedKey):
        Ed25519Signer.load(path, b"secret")


def test_the_repr_shows_the_public_half_only() -> None:
    assert repr(SIGNER) == f"<Ed25519Signer {SIGNER.public.hex()}>"


def test_openssl_reads_the_key_file(openssl: OpenSsl) -> None:
    path = openssl.folder / "log.pem"
    SIGNER.save(path, b"secret")
    public = openssl.run(
        *("pkey", "-in", str(path), "-passin", "pass:secret", "-pubout", "-outform", "DER")
    )
    assert public[-32:] == SIGNER.public
