"""Every error of the contracts has one name in the whole system, declared once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from node import errors
from node.crypto import keccak256
from node.protocol.evm.abi import (
    CONTRACTS,
    error_members,
    load_abi,
    signature,
)

ROOT = Path(__file__).parents[2]
LIBRARY = {"InvalidShortString", "StringTooLong"}
"""OpenZeppelin's, of the domain's name and version; ours are too short to meet them."""

_DECLARATION = re.compile(r"^\s*error (\w+)\(([^)]*)\);", re.MULTILINE)
_REVERT = re.compile(r"\brevert (\w+)\(")
_NAMED = re.compile(r"""facts(?:\.get\(|\[)["']name["'][\])] (?:!=|==) (?:["'](\w+)["']|(\w+))""")


def sources() -> dict[str, str]:
    folder = ROOT / "contracts"
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.sol")
    }


SOURCES = sources()
DECLARED = {
    (path, name): members
    for path, text in SOURCES.items()
    for name, members in _DECLARATION.findall(text)
}
NAMES = {name for _, name in DECLARED}
IN_ABIS = [
    (contract, item)
    for contract in CONTRACTS
    for item in load_abi(contract)
    if item["type"] == "error"
]


def test_every_error_is_declared_once_and_in_an_interface():
    assert [name for name, times in Counter(n for _, n in DECLARED).items() if times > 1] == []
    assert [path for path, _ in DECLARED if not path.startswith("interfaces/")] == []
    assert len(NAMES) == sum(text.count("\n    error ") for text in SOURCES.values())


def test_every_error_carries_the_offending_values():
    assert [name for (_, name), members in DECLARED.items() if not members.strip()] == []


def test_every_error_is_thrown_somewhere_and_nothing_else_is():
    assert {name for text in SOURCES.values() for name in _REVERT.findall(text)} == NAMES


def test_no_refusal_is_a_bare_text():
    bare = re.compile(r"\brequire\(|\brevert\(\"|\bassert\(")
    assert [path for path, text in SOURCES.items() if bare.search(text)] == []


def test_the_abis_hold_exactly_the_errors_declared():
    assert {item["name"] for _, item in IN_ABIS} == NAMES | LIBRARY == set(error_members())


def test_one_name_has_one_form_in_every_abi():
    forms = defaultdict(set)
    for _, item in IN_ABIS:
        forms[item["name"]].add(
            tuple((p["name"], p["type"], p["internalType"]) for p in item["inputs"])
        )
    assert [name for name, found in forms.items() if len(found) > 1] == []


def test_no_two_errors_share_a_selector_among_themselves_or_with_soliditys_own():
    texts = {signature(item) for _, item in IN_ABIS} | {"Error(string)", "Panic(uint256)"}
    assert len({keccak256(text.encode())[:4] for text in texts}) == len(texts)


def test_a_name_shared_with_a_class_means_the_same_thing():
    # A refusal is `DecisionRefused` with the error's name; a class of the same name must not say
    # something else. This one says in both that there is no such authorisation.
    assert {*vars(errors)} & NAMES == {"AuthorisationUnknown"}


def test_the_code_waits_for_no_error_that_is_none():
    modules = [p for name in ("node", "ledger_sync", "api") for p in (ROOT / name).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    waited = set()
    for quoted, constant in _NAMED.findall(text):
        value = re.search(rf"^{constant}\b.*= [\"'](\w+)[\"']", text, re.MULTILINE)
        waited.add(quoted or (value[1] if constant and value else constant))
    assert waited
    assert waited <= NAMES
