"""Contract errors in Chinese."""

from __future__ import annotations

import re

import pytest
from eth_abi.abi import encode

from api.refusing_words import refusal_text
from node.chain.reverts import refusal_of
from node.crypto import keccak256
from node.protocol.evm import abi
from node.protocol.wire import ids
from node.sentences import contract_texts
from tests.common.papers import POLICE

ERRORS = {
    each["name"]: each
    for contract in abi.CONTRACTS
    for each in abi.load_abi(contract)
    if each["type"] == "error"
}


def refused(name: str, *values: object):
    """The error as it comes from the chain, out of its revert data."""
    kinds = [each["type"] for each in ERRORS[name]["inputs"]]
    selector = keccak256(abi.signature(ERRORS[name]).encode())[:4]
    return refusal_of(selector + encode(kinds, values))


def test_there_is_a_text_for_every_error_of_the_contracts_and_for_no_other():
    assert set(contract_texts()) == set(abi.error_members())


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_a_text_names_only_values_the_error_has(name):
    named = set(re.findall(r"{(\w+)}", contract_texts()[name]))
    assert named <= {each["name"] for each in ERRORS[name]["inputs"]}


def test_departments_roles_and_keys_are_said_as_people_know_them():
    error = refused("RoleMissing", ids.department_id(POLICE), b"\xab" * 32, 4 | 32, 2)
    assert refusal_text(error) == (
        f"密钥 {'ab' * 32} 在 {POLICE} 没有所需的角色：需要部门负责人、值班员，"
        "现有：工作机构负责人（RoleMissing）"
    )


def test_times_are_said_in_beijing_and_counts_as_numbers():
    late = refusal_text(refused("DecisionExpired", 1_790_000_000, 1_790_000_060))
    assert "2026-09-21 22:13:20+08:00" in late
    counted = refusal_text(refused("VersionNotSequential", b"\x01" * 32, 3, 5))
    assert "已到第 3 版，不能报送第 5 版" in counted


def test_an_error_nobody_knows_is_said_as_it_came():
    error = refusal_of(bytes.fromhex("deadbeef"))
    assert refusal_text(error) == "合约拒绝了，但没有给出已知的原因：0xdeadbeef"
