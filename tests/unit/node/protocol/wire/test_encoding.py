import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput, MalformedReceipt
from node.protocol.wire.encoding import b64u, hex32, unb64u


@given(st.binary(max_size=100))
def test_base64url_goes_round(data: bytes) -> None:
    assert unb64u(b64u(data)) == data


@given(st.text(alphabet="AQgw_-=+/ \né", max_size=12))
def test_one_byte_string_has_one_spelling(text: str) -> None:
    try:
        data = unb64u(text)
    except InvalidInput:
        return
    assert b64u(data) == text


@pytest.mark.parametrize("text", ["A", "AA==", "AB", "AA\n", "A+", "A/", "é", 5, None, b"AA"])
def test_other_spellings_are_refused(text: object) -> None:
    with pytest.raises(MalformedReceipt):
        unb64u(text, error=MalformedReceipt)


def test_hex_of_32_bytes_is_read() -> None:
    assert hex32("ab" * 32) == b"\xab" * 32


@pytest.mark.parametrize(
    "text", ["AB" * 32, "ab" * 31, "0x" + "ab" * 31, "ab" * 32 + "\n", "zz" * 32, "", 1, None]
)
def test_other_hex_is_refused(text: object) -> None:
    with pytest.raises(MalformedReceipt):
        hex32(text, error=MalformedReceipt)
