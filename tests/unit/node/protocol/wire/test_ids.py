import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import sm3
from node.errors import InvalidInput
from node.protocol.wire import ids

CODE = "11130900MB1234567X"
DEPARTMENT = ids.department_id(CODE)


def test_a_departments_id_is_its_code_padded_with_zeros() -> None:
    assert CODE.encode() + bytes(14) == DEPARTMENT
    assert ids.department_code(DEPARTMENT) == CODE


@pytest.mark.parametrize("code", ["", CODE[:17], CODE + "X", CODE.lower(), CODE[:17] + "é"])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(InvalidInput):
        ids.department_id(code)


@given(st.binary(max_size=40))
def test_random_bytes_hold_no_code(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        ids.department_code(data)


@pytest.mark.parametrize("function", [ids.application_id, ids.entry_id])
def test_derived_ids_are_those_the_contracts_compute(function) -> None:
    expected = keccak(encode(["bytes32", "bytes32"], [DEPARTMENT, keccak("人口/01".encode())]))
    assert function(DEPARTMENT, "人口/01") == expected


def test_a_purpose_is_the_hash_of_its_code() -> None:
    assert ids.purpose_id("入学") == keccak("入学".encode())


def test_an_origin_names_chain_registry_and_department() -> None:
    origin = ids.log_origin(31337, bytes.fromhex("0A" * 20), CODE)
    assert origin == f"shareledger:31337:{'0a' * 20}:{CODE}"
    assert ids.parse_origin(origin) == (31337, b"\x0a" * 20, CODE, 1)
    assert ids.log_id(origin) == keccak(origin.encode())


@pytest.mark.parametrize(
    "origin",
    [
        "",
        f"shareledger:01:{'0a' * 20}:{CODE}",
        f"shareledger:1:{'0A' * 20}:{CODE}",
        f"shareledger:1:{'0a' * 20}:{CODE}\n",
        f"other:1:{'0a' * 20}:{CODE}",
    ],
)
def test_other_origins_are_refused(origin: str) -> None:
    with pytest.raises(InvalidInput):
        ids.parse_origin(origin)


def test_an_event_begins_with_its_second_and_then_binds_authority_key_and_nonce() -> None:
    event = ids.event_id(1790000000, "a.gov.cn", "ab" * 32, "n" * 22)
    assert event[:8] == (1790000000).to_bytes(8, "big")
    assert event[8:] == sm3(b"a.gov.cn\n" + b"ab" * 32 + b"\n" + b"n" * 22)[:24]
    assert len(event) == 32


def test_a_contracts_name_is_left_aligned_ascii() -> None:
    assert ids.contract_name_id("AccessAnchors") == b"AccessAnchors".ljust(32, b"\0")
    for name in ("", "x" * 33, "1x", "Name!", "名"):
        with pytest.raises(InvalidInput):
            ids.contract_name_id(name)
