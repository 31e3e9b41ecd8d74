import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import sm4_open, sm4_seal
from node.errors import MalformedEnvelope
from tests.common.vectors import load_vectors

VECTOR = {k: bytes.fromhex(v) for k, v in load_vectors("sm4").items() if k != "standard"}
KEY, IV, AAD = VECTOR["key"], VECTOR["iv"], VECTOR["aad"]
SEALED = VECTOR["ciphertext"] + VECTOR["tag"]


def test_reproduces_rfc_8998() -> None:
    assert sm4_seal(KEY, IV, AAD, VECTOR["plaintext"]) == SEALED
    assert sm4_open(KEY, IV, AAD, SEALED) == VECTOR["plaintext"]


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_opens(plaintext: bytes, aad: bytes) -> None:
    assert sm4_open(KEY, IV, aad, sm4_seal(KEY, IV, aad, plaintext)) == plaintext


def test_any_changed_byte_is_noticed() -> None:
    for position in range(len(SEALED)):
        changed = bytearray(SEALED)
        changed[position] ^= 0x80
        with pytest.raises(MalformedEnvelope):
            sm4_open(KEY, IV, AAD, bytes(changed))


@pytest.mark.parametrize(
    ("key", "iv", "aad"),
    [(bytes(16), IV, AAD), (KEY, bytes(12), AAD), (KEY, IV, b"other"), (KEY, b"short", AAD)],
)
def test_another_key_iv_or_aad_does_not_open(key: bytes, iv: bytes, aad: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        sm4_open(key, iv, aad, SEALED)


def test_an_iv_has_12_bytes() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        sm4_seal(KEY, b"short", AAD, b"")


@given(st.binary(max_size=64))
def test_random_bytes_do_not_open(data: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        sm4_open(KEY, IV, AAD, data)
