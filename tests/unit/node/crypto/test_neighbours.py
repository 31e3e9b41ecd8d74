"""Signatures made with another library's settings are refused, and recognised."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import SoftwareSigner, verify_sm2
from node.crypto.neighbours import NEIGHBOURS, find_neighbour
from node.errors import SignatureInvalid

SIGNER, OTHER = SoftwareSigner.generate(), SoftwareSigner.generate()
PUBLIC = SIGNER.public_key
TEXT = b'"@method": POST\n"@authority": a.example'


@pytest.mark.parametrize("way", NEIGHBOURS, ids=lambda way: way.english[:40])
def test_a_neighbours_signature_is_refused_and_recognised_as_his_alone(way) -> None:
    signature = SIGNER.sign_e(way.e(PUBLIC, TEXT))
    with pytest.raises(SignatureInvalid):
        verify_sm2(PUBLIC, TEXT, signature)
    assert find_neighbour(PUBLIC, TEXT, signature) is way
    assert find_neighbour(OTHER.public_key, TEXT, signature) is None
    assert find_neighbour(PUBLIC, TEXT + b"!", signature) is None


@settings(deadline=None, max_examples=20)
@given(st.binary(min_size=64, max_size=64))
def test_anything_else_is_nobodys(signature: bytes) -> None:
    assert find_neighbour(PUBLIC, TEXT, signature) is None


def test_an_empty_user_id_is_what_the_standard_makes_of_it() -> None:
    """ENTL = 0 and no identity (GB/T 32918.2, 5.5)."""
    from node.crypto import sm3
    from node.crypto.publickey import GX, GY, A, B

    numbers = (A, B, GX, GY, PUBLIC.x, PUBLIC.y)
    expected = sm3(b"\0\0" + b"".join(each.to_bytes(32, "big") for each in numbers))
    assert PUBLIC.anonymous_za == expected
