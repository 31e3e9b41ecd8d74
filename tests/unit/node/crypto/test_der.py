import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import der, normalise_signature
from node.crypto.publickey import N
from node.errors import InvalidInput, SignatureInvalid

SCALARS = st.integers(1, N - 1)


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@given(SCALARS, SCALARS)
def test_a_signature_goes_round(r: int, s: int) -> None:
    signature = raw(r, s)
    assert der.signature_from_der(der.signature_to_der(signature)) == signature
    assert normalise_signature(der.signature_to_der(signature)) == signature
    assert normalise_signature(signature) == signature


@given(st.binary(max_size=90).filter(lambda data: len(data) != 64))
def test_random_bytes_are_refused_as_a_signature(data: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        normalise_signature(data)


@given(SCALARS, SCALARS, st.integers(0, 69), st.integers(1, 255))
def test_a_changed_signature_is_refused_or_another(r: int, s: int, at: int, flip: int) -> None:
    encoded = bytearray(der.signature_to_der(raw(r, s)))
    encoded[at % len(encoded)] ^= flip
    with contextlib.suppress(SignatureInvalid):
        assert der.signature_to_der(der.signature_from_der(bytes(encoded))) == encoded


@pytest.mark.parametrize(
    "text",
    [
        "3006020101020100",  # s is zero
        "3006020100020101",  # r is zero
        "30060201ff020101",  # r is negative
        "3007020200010201" + "01",  # r is not minimal
        "300602010102010100",  # something follows
        "308106020101020101",  # the length is not minimal
        "3080020101020101",  # no length at all
        "30090201010201010201" + "01",  # a third number
        "3003020101",  # one number
        "3005020101" + "0200",  # an empty number
        "",
        "30",
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(SignatureInvalid):
        der.signature_from_der(bytes.fromhex(text))


def test_scalars_beyond_the_order_are_refused() -> None:
    encoded = der.wrap_tlv(der.SEQUENCE, der.wrap_integer(N) + der.wrap_integer(1))
    with pytest.raises(SignatureInvalid):
        der.signature_from_der(encoded)


@given(st.integers(0, 2**600))
def test_integers_go_round(value: int) -> None:
    reader = der.Reader(der.wrap_integer(value))
    assert reader.read_integer() == value
    reader.finish()


@given(st.binary(max_size=400))
def test_a_reader_raises_only_the_error_it_is_given(data: bytes) -> None:
    try:
        content = der.Reader(data).read(der.OCTETS)
    except InvalidInput:
        return
    assert der.wrap_tlv(der.OCTETS, content) == data[: len(der.wrap_tlv(der.OCTETS, content))]
