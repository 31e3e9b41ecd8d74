from concurrent.futures import ThreadPoolExecutor

import pytest
from Cryptodome.Hash import keccak
from cryptography.hazmat.primitives.hashes import SM3, Hash
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import (
    constant_time_equal,
    keccak256,
    sha256,
    sm3,
    sm4_open,
    sm4_seal,
)
from node.errors import MalformedEnvelope
from tests.common.vectors import load_vectors

VECTOR = {k: bytes.fromhex(v) for k, v in load_vectors("sm4").items() if k != "standard"}
KEY, IV, AAD = VECTOR["key"], VECTOR["iv"], VECTOR["aad"]
SEALED = VECTOR["ciphertext"] + VECTOR["tag"]


def test_sm3_reproduces_the_standard() -> None:
    for case in load_vectors("sm3")["cases"]:
        assert sm3(case["message"].encode()).hex() == case["digest"]


def test_sm3_of_one_thread_is_not_that_of_another() -> None:
    texts = [bytes([number % 251]) * number for number in range(500)]
    alone = [Hash(SM3()) for _ in texts]
    for digest, text in zip(alone, texts, strict=True):
        digest.update(text)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(sm3, texts)) == [digest.finalize() for digest in alone]


def test_keccak_is_the_evms_and_not_sha3() -> None:
    assert (
        keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )


@given(st.binary(max_size=700))
def test_keccak_is_the_same_in_c_and_by_cryptodome(data: bytes) -> None:
    assert keccak256(data) == keccak.new(data=data, digest_bits=256).digest()


def test_sha256_of_nothing() -> None:
    assert sha256(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_comparison_sees_length_and_content() -> None:
    assert constant_time_equal(b"ab", b"ab")
    assert not constant_time_equal(b"ab", b"ac")
    assert not constant_time_equal(b"ab", b"abc")


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
