from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from hypothesis import given
from hypothesis import strategies as st

from node.protocol.evm.abicodec import AbiError, compile_tuple, compile_type

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uint8": st.integers(0, 2**8 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "uint256": st.integers(0, 2**256 - 1),
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20),
    "bytes4": st.binary(min_size=4, max_size=4),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes": st.binary(max_size=70),
    "string": st.text(max_size=40),
}
SIMPLE = st.sampled_from(sorted(VALUES)).map(lambda name: {"type": name})


def named(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**p, "name": f"m{position}"} for position, p in enumerate(parameters)]


TYPES = st.recursive(
    SIMPLE,
    lambda inner: (
        inner.filter(lambda p: not p["type"].endswith("]")).map(
            lambda p: {**p, "type": p["type"] + "[]"}
        )
        | st.lists(inner, min_size=1, max_size=4).map(
            lambda parts: {"type": "tuple", "components": named(parts)}
        )
    ),
    max_leaves=6,
)


def value_of(parameter: dict[str, Any]) -> st.SearchStrategy[Any]:
    name = parameter["type"]
    if name.endswith("[]"):
        return st.lists(value_of({**parameter, "type": name[:-2]}), max_size=3)
    if name == "tuple":
        return st.fixed_dictionaries({c["name"]: value_of(c) for c in parameter["components"]})
    return VALUES[name]


def plain(parameter: dict[str, Any], value: Any) -> Any:
    """Return a value as eth_abi wants it: tuples by position."""
    name = parameter["type"]
    if name.endswith("[]"):
        return [plain({**parameter, "type": name[:-2]}, element) for element in value]
    if name == "tuple":
        return tuple(plain(c, value[c["name"]]) for c in parameter["components"])
    return value


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any], bytes]:
    parameters = named(draw(st.lists(TYPES, min_size=1, max_size=4)))
    value = {p["name"]: draw(value_of(p)) for p in parameters}
    types: list[str] = [collapse_if_tuple(p) for p in parameters]
    data = encode(types, [plain(p, value[p["name"]]) for p in parameters])
    return parameters, value, data


@given(cases())
def test_encodes_as_eth_abi_does_and_reads_it_back(
    case: tuple[list[dict[str, Any]], dict[str, Any], bytes],
) -> None:
    parameters, value, data = case
    codec = compile_tuple(parameters)
    assert codec.encode(value) == data
    assert codec.decode_whole(data) == value


@given(cases(), st.data())
def test_changed_data_are_refused_or_decode_to_something_that_encodes_to_them(
    case: tuple[list[dict[str, Any]], dict[str, Any], bytes], draw: st.DataObject
) -> None:
    parameters, _, data = case
    changed = bytearray(data)
    changed[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    codec = compile_tuple(parameters)
    for candidate in (bytes(changed), data[:-1], data + bytes(32), data[: len(data) // 2]):
        try:
            value = codec.decode_whole(candidate)
        except AbiError:
            continue
        assert codec.encode(value) == candidate


@given(st.lists(TYPES, min_size=1, max_size=4), st.binary(max_size=300))
def test_random_data_raise_only_abi_error(parts: list[dict[str, Any]], data: bytes) -> None:
    codec = compile_tuple(named(parts))
    try:
        value = codec.decode_whole(data)
    except AbiError:
        return
    assert codec.encode(value) == data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", True),
        ("uint8", "1"),
        ("bool", 1),
        ("bytes32", bytes(31)),
        ("address", "0x" + "00" * 20),
        ("bytes", "text"),
        ("string", b"bytes"),
        ("uint8[]", 5),
    ],
)
def test_values_that_do_not_fit_are_refused(name: str, value: Any) -> None:
    with pytest.raises(AbiError):
        compile_type({"type": name}).encode(value)


def test_a_tuple_wants_exactly_its_members() -> None:
    codec = compile_tuple([{"name": "a", "type": "bool"}])
    for value in ({}, {"b": True}, {"a": True, "b": True}, [True]):
        with pytest.raises(AbiError):
            codec.encode(value)


def test_types_we_do_not_use_are_refused() -> None:
    for name in ("int8", "fixed", "uint8[3]", "function"):
        with pytest.raises(AbiError):
            compile_type({"type": name})


def test_an_array_longer_than_its_data_costs_nothing() -> None:
    codec = compile_tuple([{"name": "a", "type": "uint256[]"}])
    data = (32).to_bytes(32, "big") + (2**60).to_bytes(32, "big")
    with pytest.raises(AbiError):
        codec.decode_whole(data)
