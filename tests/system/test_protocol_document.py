"""docs/protocol.md names everything the code has on a wire: a reader needs nothing else."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from pydantic import BaseModel

from api.http.problems import status_of
from api.refusing_words import TITLES
from node import errors
from node.crypto import keccak256
from node.protocol import forms as documents
from node.protocol.evm.abi import CONTRACTS, load_abi
from node.protocol.evm.decision import DECISIONS
from node.protocol.forms.sharing import STEPS
from node.protocol.ledger import enums, steps
from node.protocol.wire import leaf
from tests.common.vectors import load_vectors

if TYPE_CHECKING:
    from enum import IntEnum

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "protocol.md").read_text(encoding="utf-8")
EVERYWHERE = frozenset({"type", "v", "salt", "attachments"})
"""Members every document has, described once."""
ENUMERATIONS = {
    "key kind": enums.KeyKind,
    "department kind": enums.DepartmentKind,
    "level": enums.Level,
    "department status": enums.DepartmentStatus,
    "share type": enums.ShareType,
    "mode": enums.Mode,
    "entry state": enums.EntryState,
    "authorisation state": enums.AuthorisationState,
    "answer": enums.Answer,
    "step": enums.Step,
    "permit": enums.Permit,
}
EVENTS = [
    (item["name"], [parameter["name"] for parameter in item["inputs"]])
    for contract in CONTRACTS
    for item in load_abi(contract)
    if item["type"] == "event" and item["inputs"]
]


def section(heading: str) -> str:
    """Return the text from a heading to the next of any level."""
    return re.split(r"^#+ ", TEXT.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]


def members_of(model: type[BaseModel]) -> set[str]:
    """Return the JSON names of a model's members and of the models inside it."""
    found = set()
    for field in model.model_fields.values():
        if field.alias in EVERYWHERE:
            continue
        found.add(str(field.alias))
        for inner in models_in(field.annotation):
            found |= members_of(inner)
    return found


@pytest.mark.parametrize("kind", documents.KINDS)
def test_names_every_member_of_a_document(kind: str) -> None:
    said = section(f"#### `{kind}`")
    # Said by the words in section 2.2 for parts that many kinds share.
    words = {"validFrom": "period", "validUntil": "period", "phone": "contact", "code": "named"}
    for name in members_of(documents.KINDS[kind]):
        assert re.search(rf"\b{name}\b", said) or words[name] in said.lower(), name


@pytest.mark.parametrize("case", load_vectors("decisions")["decisions"], ids=lambda c: c["struct"])
def test_has_the_type_of_every_decision(case: dict[str, Any]) -> None:
    assert f"\n{case['type']}\n" in TEXT


@pytest.mark.parametrize("name", DECISIONS)
def test_says_whose_role_a_decision_needs(name: str) -> None:
    assert re.search(rf"\b{name}\b", section("### 3.4 Roles"))


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_numbers_every_enumeration(name: str) -> None:
    values: type[IntEnum] = ENUMERATIONS[name]
    said = " · ".join(f"{each.value} {each.name.lower().replace('_', ' ')}" for each in values)
    assert f"| {name} | {said} |" in TEXT


def test_numbers_the_roles() -> None:
    for role in enums.Role:
        assert f"{role.value} {str(role.name).lower().replace('_', ' ')} (" in TEXT


def test_has_a_row_for_every_word_of_a_step() -> None:
    for word, step in STEPS.items():
        assert f"| {step.value} | `{word}` |" in TEXT


def _states(text: str) -> int:
    """Return the bits of the states that a text lists."""
    names = {state.name.lower(): state for state in enums.AuthorisationState}
    return sum(1 << names[name] for name in text.split(", "))


def _roles(text: str) -> int:
    """Return the bits of the roles that a cell names."""
    return sum(role for role in enums.Role if str(role.name).lower().replace("_", " ") in text)


@pytest.mark.parametrize("rule", steps.STEPS.values(), ids=lambda rule: rule.step)
def test_says_of_every_step_what_the_contract_has(rule: steps.Rule) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| {rule.step} | `"))
    _, _, _, way, *signers, _ = (cell.strip() for cell in row.split("|"))
    parts = way.split("; ")
    moves = [
        re.split(" → |: ", part.split(", where")[0])
        for part in parts
        if "→" in part or "unch" in part
    ]
    assert sum(_states(origins) for origins, _ in moves) == rule.origins
    if rule.target:
        assert [_states(target) for _, target in moves] == [1 << rule.target]
    ended = [part for part in parts if part.endswith(" once the period is over")]
    later = [
        part.removeprefix("so from ").removesuffix(" once the period is over") for part in ended
    ]
    assert sum(map(_states, later)) == rule.origins_ended
    assert ("digest" in parts) is (enums.StepFlag.DOCUMENT in rule.flags)
    assert ("protective" in parts) is (enums.StepFlag.PROTECTIVE in rule.flags)
    once = any(part.startswith("once") or part.endswith(" once") for part in parts)
    assert once is bool(rule.once)
    assert [_roles(cell) for cell in signers] == [rule.consumer, rule.provider, rule.competent]


@pytest.mark.parametrize(("name", "members"), EVENTS, ids=[name for name, _ in EVENTS])
def test_tells_what_every_event_adds_to_its_decision(name: str, members: list[str]) -> None:
    row = next(line for line in TEXT.splitlines() if f"| `{name}` |" in line)
    kind = next((each for each in DECISIONS.values() if each.event == name), None)
    own = members if kind is None else members[len(kind.fields) : -4]
    assert row.split("|")[4].strip().removeprefix("its members are ") == (
        f"`{', '.join(own)}`" if own else ""
    )


def test_has_the_tables_of_the_abis_as_their_script_writes_them() -> None:
    script = runpy.run_path(str(DOCS.parent / "hardhat" / "abi_tables.py"))
    assert f"{script['BEGIN']}\n{script['render']()}\n{script['END']}" in TEXT


def test_tells_type_index_and_topic_of_an_event() -> None:
    """By another implementation than the one that wrote the table."""
    said = "Anchored(bytes32 log*, uint64 size*, bytes32 root, bytes32 checkpointHash*"
    topic = keccak256(b"Anchored(bytes32,uint64,bytes32,bytes32,uint64,uint64)").hex()
    [row] = [line for line in TEXT.splitlines() if said in line]
    assert f"| `{topic.removeprefix('0x')}` |" in row


def test_lists_every_problem_with_its_status_and_titles() -> None:
    kinds = {kind.code: kind for kind in reversed(list(_tree(errors.LedgerError)))}
    for code, title in TITLES.items():
        status = status_of(kinds[code])
        assert f"| `{code}` | {status} | {title.chinese} | {title.english} |" in TEXT
    assert len(re.findall(r"^\| `[a-z-]+` \| [45]\d\d \|", TEXT, re.MULTILINE)) == len(TITLES)


def _tree(kind: type[errors.LedgerError]) -> Any:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _tree(narrower)


def test_names_every_member_of_a_leaf() -> None:
    said = section("### 6.1 Leaf")
    assert set(re.findall(r"`([a-z]+)`", said)) >= frozenset().union(*leaf.KINDS.values())


def test_lists_every_route() -> None:
    described = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    said = section("## 9. HTTP")
    routes = {
        f"`{method.upper()} {path.removeprefix('/api/v1')}`"
        for path, methods in described["paths"].items()
        for method in methods
    }
    assert {line.split("|")[1].strip() for line in said.splitlines() if "| `" in line} == routes


def test_works_its_example_from_the_vector() -> None:
    call = load_vectors("calls")["calls"][0]
    assert f"\n{call['base']}\n" in TEXT
    assert f"\n{call['body']}\n" in TEXT
    assert call["e"] in TEXT
    assert call["event"] in TEXT


def test_lists_every_file_of_vectors() -> None:
    said = section("## 11. Vectors")
    for path in (DOCS.parent / "tests" / "vectors").glob("*.json"):
        assert f"`{path.name}`" in said
