from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.hashes import SM3, Hash

from node.crypto import (
    constant_time_equal,
    keccak256,
    sha256,
    sm3,
)
from tests.common.vectors import load_vectors


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


def test_sha256_of_nothing() -> None:
    assert sha256(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_comparison_sees_length_and_content() -> None:
    assert constant_time_equal(b"ab", b"ab")
    assert not constant_time_equal(b"ab", b"ac")
    assert not constant_time_equal(b"ab", b"abc")
