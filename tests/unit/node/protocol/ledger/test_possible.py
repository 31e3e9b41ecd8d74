"""What is called possible is what the rules accept: every step, side, state and mark."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.crypto import keccak256
from node.errors import DecisionRefused
from node.protocol.ledger import facts
from node.protocol.ledger.core import Ledger, Origin, Signed
from node.protocol.ledger.enums import AuthorisationState as State
from node.protocol.ledger.enums import KeyKind, Mark, Role, Side, Step, StepFlag
from node.protocol.ledger.possible import is_answerable, possible_steps
from node.protocol.ledger.steps import STEPS
from node.protocol.ledger.surroundings import Memory
from node.protocol.wire import ids
from tests.unit.node.protocol.ledger.test_authorisations import NO_END, NOW, PAPER, Trusting

CENTRE, PROVIDER, CONSUMER = (ids.department_id(digit * 18) for digit in "123")
TERMS = {"items": 1, "validFrom": 0, "validUntil": NOW + 9, "callsPerDay": 1, "rowsPerDay": 1}
PROPOSED = keccak256(b"".join(value.to_bytes(32, "big") for value in TERMS.values()) + PAPER)
MARKS = [0, *Mark, Mark.EXTENSION_REQUESTED | Mark.EXTENSION_ANSWERED]


def key_of(department: bytes, role: Role) -> bytes:
    return department[:31] + bytes([role])


def a_city(one: facts.AuthorisationFact, *, screening: bool) -> Memory:
    """Three departments, the centre above the two; each role of each has a key."""
    store = Memory()
    store.put(facts.LedgerFact(1, CENTRE, 1))
    store.put(one)
    for department in (CENTRE, PROVIDER, CONSUMER):
        above = (department, "", CENTRE, CENTRE, 1, 3, screening, 1, PAPER, True, 0)
        store.put(facts.DepartmentFact(*above))
        for role in Role:
            key = key_of(department, role)
            key_fact = (key, department, KeyKind.OFFICER, 1, 1, 0, NO_END, None, PAPER)
            store.put(facts.KeyFact(*key_fact, person=key))
            store.put(facts.RoleFact(department, key, role, 0, NO_END, PAPER))
    return store


def accepted(one: facts.AuthorisationFact, key: bytes, step: Step, *, screening: bool) -> bool:
    """Take the step as well as it can be taken, on a ledger of its own."""
    store = a_city(one, screening=screening)
    message: dict[str, Any] = {
        "authorisation": 1, "step": step, "revision": 1, "outcome": 0, "effective": 0,
        "subject": one.subject, "digest": PAPER, "nonce": 1, "notAfter": NOW,
    }  # fmt: skip
    flags = STEPS[step].flags
    if StepFlag.PROTECTIVE in flags:
        message["subject"] = ids.ZERO
    if StepFlag.ENDS in flags:
        message["effective"] = NOW + 1
    kind = "Change" if StepFlag.TERMS in flags else "Step"
    if kind == "Change":
        message |= {**TERMS, "terms": PAPER}
    outcomes = State if StepFlag.RULES in flags else [0]
    for outcome in outcomes:
        ledger = Ledger(
            a_city(one, screening=screening) if outcome else store,
            Origin(1, bytes(20), (0, 0)),
            Trusting(),
        )
        try:
            ledger.decide(Signed(kind, {**message, "outcome": int(outcome)}, key), time=NOW)
        except DecisionRefused:
            continue
        return True
    return False


def an_authorisation(
    state: int, marks: int = 0, until: int = NOW + 1000, suspended_by: int = 0
) -> facts.AuthorisationFact:
    return facts.AuthorisationFact(
        authorisation=1, provider=PROVIDER, consumer=CONSUMER, entry=PAPER, version=1, items=1,
        purpose=PAPER, application=PAPER, mode=1, state=state, revision=1, valid_from=0,
        valid_until=until, calls_per_day=1, rows_per_day=1, terms=PAPER,
        subject=PAPER, share_type=2, item_count=1, prior=State.ACTIVE,
        suspended_by=suspended_by, marks=marks,
        proposed=PROPOSED if marks & 96 else ids.ZERO,
    )  # fmt: skip


@settings(max_examples=25)
@given(
    one=st.builds(
        an_authorisation,
        st.sampled_from(State),
        st.sampled_from(MARKS),
        st.sampled_from([NOW, NOW + 1000]),
        st.sampled_from([0, Side.PROVIDER, Side.COMPETENT]),
    ),
    screening=st.booleans(),
)
def test_a_step_is_possible_where_the_rules_accept_it(one, screening):
    said = {
        (each.step, each.department, role)
        for each in possible_steps(a_city(one, screening=screening), one, NOW)
        for role in Role
        if each.roles & role
    }
    taken = {
        (step, department, role)
        for step, department, role in product(Step, (CENTRE, PROVIDER, CONSUMER), Role)
        if accepted(one, key_of(department, role), step, screening=screening)
    }
    assert said == taken


@pytest.mark.parametrize("screening", [True, False])
@pytest.mark.parametrize("state", State)
def test_a_reply_is_due_where_the_rules_accept_one(state, screening):
    one = an_authorisation(state)
    message = {
        "authorisation": 1, "answer": 3, "subject": PAPER, "digest": PAPER, "mode": 0, "items": 0,
        **dict.fromkeys(("validFrom", "validUntil", "callsPerDay", "rowsPerDay"), 0),
        "terms": ids.ZERO, "nonce": 1, "notAfter": NOW,
    }  # fmt: skip
    store = a_city(one, screening=screening)
    ledger = Ledger(store, Origin(1, bytes(20), (0, 0)), Trusting())
    key = key_of(PROVIDER, Role.OFFICE_HEAD)
    try:
        ledger.decide(Signed("Reply", message, key), time=NOW)
        due = True
    except DecisionRefused:
        due = False
    assert is_answerable(a_city(one, screening=screening), one) is due
