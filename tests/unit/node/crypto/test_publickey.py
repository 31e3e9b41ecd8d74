from dataclasses import FrozenInstanceError

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import Sm2PublicKey, keccak256
from node.crypto.publickey import GX, GY, P
from node.errors import MalformedKey
from tests.common.vectors import load_vectors

VECTOR = load_vectors("sm2")
X, Y = int(VECTOR["x"], 16), int(VECTOR["y"], 16)


def test_za_and_e_reproduce_the_standard() -> None:
    key = Sm2PublicKey.from_coordinates(X, Y)
    assert key.za.hex() == VECTOR["za"]
    e = key.message_hash(VECTOR["signature"]["message"].encode())
    assert e.hex() == VECTOR["signature"]["e"]


def test_key_id_is_keccak_of_the_abi_encoded_point() -> None:
    key = Sm2PublicKey.from_coordinates(X, Y)
    assert key.key_id == keccak256(encode(["uint256", "uint256"], [X, Y]))


def test_raw_goes_round() -> None:
    key = Sm2PublicKey.from_coordinates(X, Y)
    assert Sm2PublicKey.from_raw(key.raw) == key
    assert len(key.raw) == 64


def test_a_key_cannot_be_changed() -> None:
    key = Sm2PublicKey.from_coordinates(X, Y)
    with pytest.raises(FrozenInstanceError):
        key.x = 1  # type: ignore[misc] # that it is refused is the point


@pytest.mark.parametrize(
    ("x", "y"),
    [(0, 0), (GX, GY + 1), (GX + P, GY), (GX, GY - P), (-GX, GY), (P, 0), (GX, GY + P)],
)
def test_refuses_what_is_not_on_the_curve(x: int, y: int) -> None:
    with pytest.raises(MalformedKey):
        Sm2PublicKey.from_coordinates(x, y)
    with pytest.raises(MalformedKey):
        Sm2PublicKey(x, y)


@given(st.binary(max_size=70))
def test_random_bytes_are_no_key(raw: bytes) -> None:
    with pytest.raises(MalformedKey):
        Sm2PublicKey.from_raw(raw)
