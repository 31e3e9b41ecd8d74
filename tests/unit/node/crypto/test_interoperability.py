"""Every way of SM2 against every other: both backends, plain gmssl, the openssl command."""

import secrets
import subprocess
from types import ModuleType

import pytest
from gmssl.sm2 import CryptSM2

from node.crypto import (
    Sm2PublicKey,
    SoftwareSigner,
    der,
    sm2_gmssl,
    sm2_libcrypto,
)
from node.crypto.pbes2 import seal_pkcs8
from node.crypto.privatekey import read_private_key
from node.crypto.publickey import GX, GY, N
from node.errors import MalformedEnvelope, MalformedKey
from tests.common.openssl import IDENTITY, OpenSsl, openssl_fixture
from tests.common.vectors import load_vectors

__all__ = ["openssl_fixture"]

BACKENDS = [sm2_libcrypto, sm2_gmssl]
PAIRS = [(a, b) for a in BACKENDS for b in BACKENDS]
SCALAR = int(load_vectors("sm2")["private"], 16)
PUBLIC = Sm2PublicKey.from_coordinates(
    int(load_vectors("sm2")["x"], 16), int(load_vectors("sm2")["y"], 16)
)
PASSWORD = b"a password"


def oracle() -> CryptSM2:
    """Plain gmssl, its key set where it strips no digits."""
    plain = CryptSM2(private_key=f"{SCALAR:064x}", public_key="", mode=1)
    plain.public_key = PUBLIC.raw.hex()
    return plain


@pytest.mark.parametrize(("signing", "verifying"), PAIRS)
def test_backends_verify_each_other(signing: ModuleType, verifying: ModuleType) -> None:
    for _ in range(5):
        e = secrets.token_bytes(32)
        signature = signing.from_scalar(SCALAR).sign_e(e)
        assert verifying.verify_e(PUBLIC, e, signature)
        assert not verifying.verify_e(PUBLIC, secrets.token_bytes(32), signature)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_standards_signature_verifies(backend: ModuleType) -> None:
    vector = load_vectors("sm2")["signature"]
    signature = bytes.fromhex(vector["r"] + vector["s"])
    assert backend.verify_e(PUBLIC, bytes.fromhex(vector["e"]), signature)


@pytest.mark.parametrize("backend", BACKENDS)
def test_plain_gmssl_agrees_on_signatures(backend: ModuleType) -> None:
    e = secrets.token_bytes(32)
    assert oracle().verify(backend.from_scalar(SCALAR).sign_e(e).hex(), e)
    signature = oracle().sign(e, f"{secrets.randbelow(N - 1) + 1:064x}")
    assert backend.verify_e(PUBLIC, e, bytes.fromhex(signature))


def test_gmssl_given_the_standards_nonce_gives_the_standards_signature() -> None:
    vector = load_vectors("sm2")["signature"]
    signature = oracle().sign(bytes.fromhex(vector["e"]), vector["k"])
    assert signature == vector["r"] + vector["s"]


@pytest.mark.parametrize(("encrypting", "decrypting"), PAIRS)
def test_backends_open_each_others_ciphertexts(
    encrypting: ModuleType, decrypting: ModuleType
) -> None:
    private = decrypting.from_scalar(SCALAR)
    for size in (1, 16, 100):
        plaintext = secrets.token_bytes(size)
        assert private.decrypt(encrypting.encrypt(PUBLIC, plaintext)) == plaintext


@pytest.mark.parametrize("backend", BACKENDS)
def test_plain_gmssl_opens_our_ciphertexts(backend: ModuleType) -> None:
    outer = der.Reader(backend.encrypt(PUBLIC, b"0123456789abcdef"))
    inner = der.Reader(outer.read(der.SEQUENCE))
    x, y = inner.read_integer(), inner.read_integer()
    raw = f"{x:064x}{y:064x}" + inner.read(der.OCTETS).hex() + inner.read(der.OCTETS).hex()
    assert oracle().decrypt(bytes.fromhex(raw)) == b"0123456789abcdef"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_changed_ciphertext_is_refused_where_plain_gmssl_would_open_it(
    backend: ModuleType,
) -> None:
    private = backend.from_scalar(SCALAR)
    changed = bytearray(backend.encrypt(PUBLIC, bytes(16)))
    changed[-1] ^= 1
    with pytest.raises(MalformedEnvelope):
        private.decrypt(bytes(changed))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_point_off_the_curve_is_refused(backend: ModuleType) -> None:
    fields = der.wrap_integer(GX) + der.wrap_integer(GY + 1)
    fields += der.wrap_tlv(der.OCTETS, bytes(32)) + der.wrap_tlv(der.OCTETS, bytes(16))
    with pytest.raises(MalformedEnvelope):
        backend.from_scalar(SCALAR).decrypt(der.wrap_tlv(der.SEQUENCE, fields))


def test_opposite_points_are_no_signature() -> None:
    # s·G + t·Q is the point at infinity when s = -t·d: gmssl alone would raise TypeError here.
    t = 12345
    s = -t * SCALAR % N
    r = (t - s) % N
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    for backend in BACKENDS:
        assert not backend.verify_e(PUBLIC, bytes(32), signature)


def test_equal_points_are_added_rightly() -> None:
    # s·G = t·Q: gmssl alone forgets to leave Jacobian coordinates here.
    t = 12345
    s = t * SCALAR % N
    r = (t - s) % N
    x = sm2_gmssl._multiply(2 * s % N, (GX, GY))[0]
    e = ((r - x) % N).to_bytes(32, "big")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    for backend in BACKENDS:
        assert backend.verify_e(PUBLIC, e, signature)


@pytest.mark.parametrize(("writing", "reading"), PAIRS)
def test_backends_read_each_others_key_files(writing: ModuleType, reading: ModuleType) -> None:
    info = writing.from_scalar(SCALAR).to_pkcs8()
    assert info == der.pkcs8(SCALAR, PUBLIC)
    half = read_private_key(seal_pkcs8(info, PASSWORD), PASSWORD)
    assert (half.scalar, half.public) == (SCALAR, PUBLIC)
    assert reading.from_scalar(half.scalar).public_key == PUBLIC


@pytest.mark.parametrize("backend", BACKENDS)
def test_generated_keys_are_different_and_on_the_curve(backend: ModuleType) -> None:
    assert backend.generate().public_key != backend.generate().public_key


@pytest.mark.parametrize("scalar", [0, N - 1, N, -1])
def test_scalars_out_of_range_are_no_keys(scalar: int) -> None:
    with pytest.raises(MalformedKey):
        SoftwareSigner.from_scalar(scalar, PUBLIC)


def test_a_scalar_with_another_keys_point_is_refused() -> None:
    with pytest.raises(MalformedKey):
        SoftwareSigner.from_scalar(SCALAR + 1, PUBLIC)


@pytest.mark.parametrize("backend", BACKENDS)
class TestOpenSslCommand:
    def test_verifies_our_signatures(self, backend: ModuleType, openssl: OpenSsl) -> None:
        message = b"ShareLedger-decision:" + secrets.token_hex(32).encode()
        signature = backend.from_scalar(SCALAR).sign_e(PUBLIC.message_hash(message))
        arguments = (
            *("pkeyutl", "-verify", "-pubin", "-rawin", "-digest", "sm3", "-keyform", "DER"),
            *("-inkey", openssl.write("public.der", der.spki(PUBLIC))),
            *("-sigfile", openssl.write("signature", der.signature_to_der(signature))),
            *("-pkeyopt", IDENTITY),
        )
        assert openssl.holds(*arguments, "-in", openssl.write("message", message))
        assert not openssl.holds(*arguments, "-in", openssl.write("other", message + b"!"))

    def test_makes_signatures_we_verify(self, backend: ModuleType, openssl: OpenSsl) -> None:
        message = b"a message of any length"
        signature = openssl.run(
            *("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-keyform", "DER"),
            *("-inkey", openssl.write("private.der", der.pkcs8(SCALAR, PUBLIC))),
            *("-in", openssl.write("message", message), "-pkeyopt", IDENTITY),
        )
        raw = der.signature_from_der(signature)
        assert backend.verify_e(PUBLIC, PUBLIC.message_hash(message), raw)

    def test_opens_our_ciphertexts_and_we_open_its(
        self, backend: ModuleType, openssl: OpenSsl
    ) -> None:
        plaintext = secrets.token_bytes(16)
        private = openssl.write("private.der", der.pkcs8(SCALAR, PUBLIC))
        sealed = openssl.write("sealed", backend.encrypt(PUBLIC, plaintext))
        opening = ("pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", private, "-in", sealed)
        assert openssl.run(*opening) == plaintext
        public = openssl.write("public.der", der.spki(PUBLIC))
        sealing = ("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", public)
        theirs = openssl.run(*sealing, "-in", openssl.write("plaintext", plaintext))
        assert backend.from_scalar(SCALAR).decrypt(theirs) == plaintext

    def test_reads_our_key_files_of_600000_rounds(
        self, backend: ModuleType, openssl: OpenSsl
    ) -> None:
        path = openssl.write(
            "key.pem", seal_pkcs8(backend.from_scalar(SCALAR).to_pkcs8(), PASSWORD)
        )
        reading = ("pkey", "-in", path, "-passin", f"pass:{PASSWORD.decode()}")
        assert openssl.run(*reading, "-pubout", "-outform", "DER") == der.spki(PUBLIC)
        structure = openssl.run("asn1parse", "-in", path).decode()
        assert f"INTEGER           :{600_000:06X}" in structure
        assert "hmacWithSHA256" in structure
        assert "aes-256-cbc" in structure


def test_an_openssl_that_fails_is_seen(openssl: OpenSsl) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        openssl.run("nonsense")
