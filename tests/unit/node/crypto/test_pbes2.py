import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import pbes2
from node.errors import MalformedKey

SECRET = bytes(range(100))
PEM = pbes2.seal_pkcs8(SECRET, b"password")


def test_opens_with_the_password_only() -> None:
    assert pbes2.open_pkcs8(PEM, b"password") == SECRET
    assert pbes2.open_pkcs8(b"some text before\n" + PEM, b"password") == SECRET
    # One wrong password in 256 leaves valid padding; then what comes out is no key.
    with contextlib.suppress(MalformedKey):
        assert pbes2.open_pkcs8(PEM, b"Password") != SECRET


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_no_key_file(data: bytes) -> None:
    with pytest.raises(MalformedKey):
        pbes2.open_pkcs8(data, b"password")
    wrapped = pbes2._BEGIN + data.replace(b"-", b"") + b"\n" + pbes2._END
    with pytest.raises(MalformedKey):
        pbes2.open_pkcs8(wrapped, b"password")


@given(st.integers(0, 300), st.integers(1, 255))
def test_a_changed_structure_raises_nothing_but_our_error(position: int, flip: int) -> None:
    der = bytearray(pbes2._body(PEM))
    der[position % len(der)] ^= flip
    with contextlib.suppress(MalformedKey):
        pbes2._parse(bytes(der))


def test_absurd_iteration_counts_are_refused_before_they_cost_anything() -> None:
    import base64

    der = bytes(pbes2._body(PEM)).replace(
        bytes.fromhex("0203 0927c0"), bytes.fromhex("0203 7fffff")
    )
    der_huge = base64.b64encode(der)
    pbes2._MOST_ITERATIONS, saved = 1_000_000, pbes2._MOST_ITERATIONS
    try:
        with pytest.raises(MalformedKey, match="out of range"):
            pbes2.open_pkcs8(pbes2._BEGIN + der_huge + b"\n" + pbes2._END, b"password")
    finally:
        pbes2._MOST_ITERATIONS = saved
