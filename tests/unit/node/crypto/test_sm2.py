import pickle
import secrets
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import (
    Signer,
    Sm2PublicKey,
    SoftwareSigner,
    SoftwareUnwrapper,
    Unwrapper,
    normalise_signature,
    verify_sm2,
    verify_sm2_e,
    wrap,
)
from node.crypto.der import pkcs8, signature_to_der
from node.crypto.pbes2 import seal_pkcs8
from node.crypto.publickey import N
from node.errors import MalformedEnvelope, MalformedKey, SignatureInvalid
from tests.common.keyfiles import write_private
from tests.common.vectors import load_vectors

VECTOR = load_vectors("sm2")
PUBLIC = Sm2PublicKey.from_coordinates(int(VECTOR["x"], 16), int(VECTOR["y"], 16))
SIGNATURE = bytes.fromhex(VECTOR["signature"]["r"] + VECTOR["signature"]["s"])
MESSAGE = VECTOR["signature"]["message"].encode()
SIGNER = SoftwareSigner.generate()
UNWRAPPER = SoftwareUnwrapper.generate()


class TestVerifying:
    def test_accepts_the_standards_signature(self) -> None:
        verify_sm2(PUBLIC, MESSAGE, SIGNATURE)
        verify_sm2_e(PUBLIC, bytes.fromhex(VECTOR["signature"]["e"]), SIGNATURE)

    @given(st.integers(0, 511))
    def test_refuses_a_signature_with_any_bit_changed(self, bit: int) -> None:
        changed = int.from_bytes(SIGNATURE, "big") ^ 1 << bit
        with pytest.raises(SignatureInvalid):
            verify_sm2(PUBLIC, MESSAGE, changed.to_bytes(64, "big"))

    def test_refuses_another_message_and_another_key(self) -> None:
        with pytest.raises(SignatureInvalid):
            verify_sm2(PUBLIC, MESSAGE + b" ", SIGNATURE)
        with pytest.raises(SignatureInvalid):
            verify_sm2(SIGNER.public_key, MESSAGE, SIGNATURE)

    @pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (0, 0), (N, 1), (1, N), (1, N - 1)])
    def test_refuses_scalars_out_of_range(self, r: int, s: int) -> None:
        with pytest.raises(SignatureInvalid):
            verify_sm2(PUBLIC, MESSAGE, r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def test_refuses_r_and_s_with_the_order_added(self) -> None:
        r, s = int.from_bytes(SIGNATURE[:32], "big"), int.from_bytes(SIGNATURE[32:], "big")
        for big in (r + N, s + N):
            if big < 2**256:
                with pytest.raises(SignatureInvalid):
                    verify_sm2(PUBLIC, MESSAGE, big.to_bytes(32, "big") + SIGNATURE[32:])

    @given(st.binary(max_size=80))
    def test_random_bytes_are_no_signature(self, signature: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            verify_sm2(PUBLIC, MESSAGE, signature)

    def test_refuses_e_of_another_size(self) -> None:
        with pytest.raises(SignatureInvalid):
            verify_sm2_e(PUBLIC, b"short", SIGNATURE)

    def test_more_keys_than_are_remembered_still_verify(self) -> None:
        from node.crypto import sm2_libcrypto

        signers = [SoftwareSigner.generate() for _ in range(3)]
        e = secrets.token_bytes(32)
        remembered = sm2_libcrypto._REMEMBERED_CONTEXTS
        sm2_libcrypto._REMEMBERED_CONTEXTS = 2
        sm2_libcrypto._contexts.by_key.clear()  # what other tests of this thread left
        try:
            for signer in signers * 2:
                verify_sm2_e(signer.public_key, e, signer.sign_e(e))
            assert len(sm2_libcrypto._contexts.by_key) <= 3
        finally:
            sm2_libcrypto._REMEMBERED_CONTEXTS = remembered


class TestSigning:
    @settings(deadline=None)
    @given(st.binary(min_size=32, max_size=32))
    def test_what_is_signed_verifies(self, e: bytes) -> None:
        signature = SIGNER.sign_e(e)
        assert len(signature) == 64
        verify_sm2_e(SIGNER.public_key, e, signature)
        assert normalise_signature(signature_to_der(signature)) == signature

    def test_two_signatures_of_one_text_differ(self) -> None:
        assert SIGNER.sign_e(bytes(32)) != SIGNER.sign_e(bytes(32))

    def test_signs_32_bytes_only(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            SIGNER.sign_e(b"a message")

    def test_one_key_serves_many_threads(self) -> None:
        failures: list[Exception] = []

        def work() -> None:
            try:
                for _ in range(100):
                    e = secrets.token_bytes(32)
                    verify_sm2_e(SIGNER.public_key, e, SIGNER.sign_e(e))
            except SignatureInvalid as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures

    def test_software_keys_satisfy_the_protocols(self) -> None:
        signer: Signer = SIGNER
        unwrapper: Unwrapper = UNWRAPPER
        assert signer.public_key != unwrapper.public_key


class TestWrapping:
    def test_opens_the_standards_ciphertext(self) -> None:
        from node.crypto import backend, selftest

        case = VECTOR["encryption"]
        private = backend.load().from_scalar(int(VECTOR["private"], 16))
        assert case["c2"] == selftest._C2.hex()
        assert private.decrypt(ciphertext(case)) == case["plaintext"].encode()

    def test_a_wrapped_key_opens(self) -> None:
        key = secrets.token_bytes(16)
        assert UNWRAPPER.unwrap(wrap(UNWRAPPER.public_key, key)) == key

    def test_another_key_does_not_open_it(self) -> None:
        with pytest.raises(MalformedEnvelope):
            SoftwareUnwrapper.generate().unwrap(wrap(UNWRAPPER.public_key, bytes(16)))

    def test_any_changed_byte_is_noticed(self) -> None:
        wrapped = wrap(UNWRAPPER.public_key, bytes(range(16)))
        for position in range(len(wrapped)):
            changed = bytearray(wrapped)
            changed[position] ^= 1
            with pytest.raises(MalformedEnvelope):
                UNWRAPPER.unwrap(bytes(changed))

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_random_bytes_are_no_wrapped_key(self, data: bytes) -> None:
        with pytest.raises(MalformedEnvelope):
            UNWRAPPER.unwrap(data)

    def test_only_keys_of_16_bytes_are_wrapped_and_unwrapped(self) -> None:
        from node.crypto import backend

        with pytest.raises(ValueError, match="16 bytes"):
            wrap(UNWRAPPER.public_key, bytes(15))
        longer = backend.load().encrypt(UNWRAPPER.public_key, bytes(17))
        with pytest.raises(MalformedEnvelope):
            UNWRAPPER.unwrap(longer)


class TestKeyFiles:
    def test_a_saved_key_loads_with_its_password_only(self, tmp_path: Path) -> None:
        path = tmp_path / "officer.pem"
        SIGNER.save(path, b"correct horse")
        assert SoftwareSigner.load(path, b"correct horse").public_key == SIGNER.public_key
        for wrong in (b"wrong", b""):
            with pytest.raises(MalformedKey):
                SoftwareSigner.load(path, wrong)

    def test_the_file_is_for_its_owner_and_encrypted(self, tmp_path: Path) -> None:
        path = tmp_path / "officer.pem"
        SIGNER.save(path, b"secret")
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in path.read_bytes()

    def test_an_empty_password_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(MalformedKey):
            SIGNER.save(tmp_path / "officer.pem", b"")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("kind", [SoftwareSigner, SoftwareUnwrapper])
    def test_a_key_with_anothers_public_half_does_not_load(
        self, tmp_path: Path, kind: type[SoftwareSigner] | type[SoftwareUnwrapper]
    ) -> None:
        path, scalar = tmp_path / "mixed.pem", secrets.randbelow(N - 2) + 1
        write_private(path, seal_pkcs8(pkcs8(scalar, SIGNER.public_key), b"secret"))
        with pytest.raises(MalformedKey, match="is not the private one's"):
            kind.load(path, b"secret")

    def test_a_signing_key_does_not_load_as_an_encryption_key(self, tmp_path: Path) -> None:
        path = tmp_path / "officer.pem"
        SIGNER.save(path, b"secret")
        with pytest.raises(MalformedKey, match="not a key for sm2-encryption"):
            SoftwareUnwrapper.load(path, b"secret")

    def test_an_encryption_key_goes_round(self, tmp_path: Path) -> None:
        path = tmp_path / "application.pem"
        UNWRAPPER.save(path, b"secret")
        loaded = SoftwareUnwrapper.load(path, b"secret")
        assert loaded.unwrap(wrap(UNWRAPPER.public_key, bytes(16))) == bytes(16)


def test_a_private_key_shows_its_public_half_only() -> None:
    scalar = int(VECTOR["private"], 16)
    key = SoftwareSigner.from_scalar(scalar, PUBLIC)
    assert repr(key) == f"<SoftwareSigner {PUBLIC.key_id.hex()}>"
    assert VECTOR["private"] not in str(vars(key)) + repr(vars(key._private))
    with pytest.raises(TypeError):
        pickle.dumps(key)


def ciphertext(case: dict[str, str]) -> bytes:
    from node.crypto.der import (
        OCTETS,
        SEQUENCE,
        wrap_integer,
        wrap_tlv,
    )

    return wrap_tlv(
        SEQUENCE,
        wrap_integer(int(case["c1x"], 16))
        + wrap_integer(int(case["c1y"], 16))
        + wrap_tlv(OCTETS, bytes.fromhex(case["c3"]))
        + wrap_tlv(OCTETS, bytes.fromhex(case["c2"])),
    )
