"""The manual's role matrix is what the rules ask for: whose role, for each decision and each step.

Every rule is run as far as the question who may decide; a step's answer stands in the contract's
own table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from node.protocol.evm.decision import DECISIONS
from node.protocol.forms.words import decision_words, words_of
from node.protocol.ledger import anchors, authorisations, catalogue, registry
from node.protocol.ledger.core import Ledger, Origin
from node.protocol.ledger.enums import DepartmentStatus, KeyKind, Role, Step
from node.protocol.ledger.facts import (
    AuthorisationFact,
    CatalogueFact,
    DepartmentFact,
    KeyFact,
    LedgerFact,
)
from node.protocol.ledger.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
OWN, PROVIDER, COMPETENT, FIRST = (bytes([n]) * 32 for n in range(1, 5))
WHOSE = {
    OWN: ("本部门", "its own"),
    PROVIDER: ("提供部门", "the provider"),
    COMPETENT: ("主管部门", "the competent one"),
    FIRST: ("首个部门", "the first"),
}
VARIANTS: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "UpdateDepartment": (
        ("（网址、名称、联系人）", " (URL, name, contact)", {"screening": False}),
        ("（主管、初审、登记权）", " (competent, screening, enrolment)", {"screening": True}),
    )
}
"""Decisions on which it depends who may."""
PAGES = {"operations.zh-CN.md": ("附录二", 0), "operations.md": ("Appendix B", 1)}


class Asked(Exception):
    """How far a rule is run: these may decide."""


class Message(defaultdict[str, Any]):
    """Members of a decision, of whichever it is."""

    def __missing__(self, name: str) -> Any:
        if name in {"versions", "withdrawals", "applications", "reviews"}:
            return [Message()]
        by_name: dict[str, Any] = {"department": OWN, "holder": OWN}
        by_name |= {"parent": COMPETENT, "competent": COMPETENT}
        by_name |= {"mayEnrol": True, "kind": KeyKind.OFFICER, "relay": b"r" * 20}
        return by_name.get(name, b"\7" * 32)


class Store:
    """What there is: always one of it, whatever is asked for."""

    def find(self, kind: type, *key: Any) -> Any:
        if kind is DepartmentFact:
            above = COMPETENT if key[0] in {OWN, PROVIDER} else key[0]
            own = (key[0], "", above, above, 1, 1, False, int(DepartmentStatus.ACTIVE), b"")
            return DepartmentFact(*own, may_enrol=True)
        if kind is KeyFact:
            return KeyFact(key[0], OWN, int(KeyKind.OFFICER), 0, 0, 0, 2**64 - 1, None, b"")
        if kind is CatalogueFact:
            return CatalogueFact(key[0], PROVIDER, b"")
        if kind is AuthorisationFact:
            return SimpleNamespace(provider=PROVIDER, consumer=OWN)
        return LedgerFact(1, FIRST, 0) if kind is LedgerFact else None


class Act(SimpleNamespace):
    def __getitem__(self, name: str) -> Any:
        return self.message[name]


def mandates(kind: str, **members: Any) -> list[tuple[bytes, int]]:
    """Return (department, roles) of those who may take a decision."""
    store = Store()
    ledger = Ledger(store, Origin(1, b"r" * 20, (0, 0)), None)  # type: ignore[arg-type]

    def accept(_act: object, *asked: tuple[bytes, int, bool]) -> int:
        raise Asked([each[:2] for each in asked])

    act = Act(
        name=kind, message=Message(None, members), store=store, key=b"k" * 32, time=1, block=1
    )
    with ExitStack() as stack:
        for module in (registry, catalogue, authorisations, anchors):
            stack.enter_context(patch.object(module, "accept", accept))
        with pytest.raises(Asked) as asked:
            ledger.handlers[kind](act)  # type: ignore[arg-type]
    found: list[tuple[bytes, int]] = asked.value.args[0]
    return found


def decisions(language: int) -> Iterator[tuple[str, str, str]]:
    """Yield decision, department and roles of every decision that is no step."""
    for kind in DECISIONS:
        if kind in {"Step", "Change"}:
            continue
        members = {"answer": 1, "status": 1}
        word = (decision_words(kind, members)[0].partition("：")[0], kind)[language]
        for *said, changed in VARIANTS.get(kind, (("", "", {}),)):
            for department, roles in mandates(kind, **changed):
                whose, what = WHOSE[department][language], words_of(Role(roles))[language]
                yield f"{word}{said[language]}", whose, what


def steps(language: int) -> Iterator[tuple[str, ...]]:
    """Yield step and the roles on each side that take it."""
    for rule in STEPS.values():
        sides = (rule.consumer, rule.provider, rule.competent)
        roles = (words_of(Role(side))[language] if side else "—" for side in sides)
        yield (words_of(Step(rule.step))[language], *roles)


@pytest.mark.parametrize("page", PAGES)
def test_the_manual_has_every_row_and_no_other(page: str) -> None:
    heading, language = PAGES[page]
    text = (DOCS / page).read_text("utf-8").split(f"\n## {heading}", 1)[1]
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in text.splitlines()
        if line.startswith("|") and not re.match(r"\|[-| ]+$", line)
    ]
    wanted = [*decisions(language), *steps(language)]
    assert [row for row in rows if row in wanted] == wanted
    assert len(rows) == len(wanted) + 2  # and two headings


def test_the_rows_are_derived_and_not_all_alike() -> None:
    rows = set(decisions(1))
    assert ("EnrolDepartment", "the competent one", "department head") in rows
    assert ("FreezeEntry", "the competent one", "department head, duty officer") in rows
    assert ("SetStandingReply", "the provider", "office head") in rows
    assert ("ListContract", "the first", "department head") in rows
