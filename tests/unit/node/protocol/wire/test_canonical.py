import unicodedata

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from node.errors import InvalidInput, MalformedDocument
from node.protocol.wire import canonical

TEXT = st.text().map(lambda text: unicodedata.normalize("NFC", text))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20
)


@given(VALUES)
def test_renders_what_the_rfc_8785_library_renders(value: object) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(VALUES)
def test_what_is_rendered_is_read_back(value: object) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


def test_every_character_is_spelled_as_rfc_8785_spells_it() -> None:
    for start in range(0, 0x110000, 0x1000):
        text = "".join(
            chr(code) for code in range(start, start + 0x1000) if not 0xD800 <= code < 0xE000
        )
        assert orjson.dumps(text) == rfc8785.dumps(text)


def test_keys_outside_the_basic_plane_are_ordered_by_utf_16() -> None:
    value = {"\ue000": 1, "\U00010000": 2, "a": 3}
    assert canonical.dumps(value) == '{"a":3,"\U00010000":2,"\ue000":1}'.encode()
    assert canonical.dumps([{"x": value}]) == rfc8785.dumps([{"x": value}])
    assert canonical.loads(canonical.dumps(value)) == value


def test_reproduces_the_ordering_example_of_rfc_8785() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    # U+FB33 decomposes under NFC and is left to `test_refuses`; the rest is section 3.2.3.
    data = canonical.dumps(dict.fromkeys(keys[:2] + keys[3:], 0))
    assert list(orjson.loads(data)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600"]


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b"[1.0]",
        b"[1e3]",
        b"[-0]",
        b"[0.5]",
        b"NaN",
        b"Infinity",
        b"[9007199254740992]",
        b"[-9007199254740992]",
        b"[123456789012345678901234567890]",
        b'"\\u0061"',
        b'"\\/"',
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        '"e\u0301"'.encode(),
        '{"e\u0301":1}'.encode(),
        '"\ufb33"'.encode(),
        b"\xef\xbb\xbf1",
        b"1 ",
        b"",
        b"{",
        b"[1,]",
        b"\x00",
        b"[" * 40 + b"]" * 40,
        b"[" * 5000,
    ],
)
def test_refuses_every_other_spelling(data: bytes) -> None:
    with pytest.raises(MalformedDocument):
        canonical.loads(data, error=MalformedDocument)


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), b"x", {1: 2}, {"a": {"b"}}, "e\u0301", "\ud800", object()],
)
def test_refuses_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises(InvalidInput):
        canonical.dumps(value)
    with pytest.raises(InvalidInput):
        canonical.dumps({"k": [value]})


def test_depth_is_limited() -> None:
    deep: object = 1
    for _ in range(canonical.DEPTH_LIMIT):
        deep = [deep]
    assert canonical.loads(canonical.dumps(deep)) == deep
    with pytest.raises(InvalidInput, match="deep"):
        canonical.dumps([deep])


def test_size_is_limited() -> None:
    data = canonical.dumps("x" * 100)
    with pytest.raises(InvalidInput, match="102 bytes"):
        canonical.loads(data, limit=101)


@given(st.binary(max_size=100) | st.text(max_size=60).map(str.encode))
def test_whatever_is_read_was_canonical(data: bytes) -> None:
    try:
        value = canonical.loads(data)
    except InvalidInput:
        return
    assert canonical.dumps(value) == data
