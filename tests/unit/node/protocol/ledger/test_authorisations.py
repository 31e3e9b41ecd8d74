"""Steps where the provider is its own competent department, and what waits for what."""

from __future__ import annotations

from typing import Any

import pytest

from node.errors import DecisionRefused
from node.protocol.ledger import facts
from node.protocol.ledger.core import Ledger, Origin, Signed
from node.protocol.ledger.enums import AuthorisationState as State
from node.protocol.ledger.enums import (
    KeyKind,
    Role,
    Side,
    Step,
)
from node.protocol.ledger.surroundings import Memory, Sm2Outside
from node.protocol.wire import ids

ROOT = ids.department_id("1" * 18)
CONSUMER = ids.department_id("2" * 18)
ENTRY, APPLICATION, PAPER, ORDER = (bytes([n]) * 32 for n in (3, 4, 5, 6))
NOW = 1_000_000
NO_END = 2**64 - 1
KEYS = {
    "head": (ROOT, Role.DEPARTMENT_HEAD),
    "office": (ROOT, Role.OFFICE_HEAD),
    "duty": (ROOT, Role.DUTY_OFFICER),
    "consumer": (CONSUMER, Role.OFFICE_HEAD),
}


class Trusting(Sm2Outside):
    def is_signed(self, *_: Any) -> bool:
        return True


def key_of(name: str) -> bytes:
    return name.encode().ljust(32, b"\1")


@pytest.fixture
def store() -> Memory:
    """A root that provides an entry of its own, and an authorisation agreed to."""
    store = Memory()
    store.put(facts.LedgerFact(1, ROOT, 1))
    for department in (ROOT, CONSUMER):
        competent = (department, "", ROOT, ROOT, 1, 3, False, 1, PAPER, True, 0)
        store.put(facts.DepartmentFact(*competent))
    for name, (department, role) in KEYS.items():
        key = (key_of(name), department, KeyKind.OFFICER, 1, 1, 0, NO_END, None, PAPER)
        store.put(facts.KeyFact(*key, person=key_of(name)))
        store.put(facts.RoleFact(department, key_of(name), role, 0, NO_END, PAPER))
    store.put(
        facts.AuthorisationFact(
            authorisation=1,
            provider=ROOT,
            consumer=CONSUMER,
            entry=ENTRY,
            version=1,
            items=1,
            purpose=PAPER,
            application=APPLICATION,
            mode=1,
            state=State.ACTIVE,
            revision=1,
            valid_from=0,
            valid_until=NOW + 1000,
            calls_per_day=1,
            rows_per_day=1,
            terms=PAPER,
            subject=PAPER,
            share_type=2,
            item_count=1,
        )
    )
    return store


def take(store: Memory, step: Step, by: str, **members: Any) -> facts.AuthorisationFact:
    one = get(store)
    message = {
        "authorisation": 1, "step": step, "revision": one.revision, "outcome": 0, "effective": 0,
        "subject": one.subject, "digest": ORDER, "nonce": 1 + len(list(store.all(facts.NonceFact))),
        "notAfter": NOW, **members,
    }  # fmt: skip
    ledger = Ledger(store, Origin(1, bytes(20), (0, 0)), Trusting())
    ledger.decide(Signed("Step", message, key_of(by)), time=NOW)
    return get(store)


def get(store: Memory) -> facts.AuthorisationFact:
    found = store.find(facts.AuthorisationFact, 1)
    assert found
    return found


def suspend(store: Memory, by: str) -> facts.AuthorisationFact:
    return take(store, Step.SUSPEND, by, subject=ids.ZERO)


class TestAProviderThatIsItsOwnCompetentDepartment:
    @pytest.mark.parametrize("by", ["office", "duty"])
    def test_suspends_as_the_provider_and_resumes_by_its_office(self, store, by):
        assert suspend(store, by).suspended_by == Side.PROVIDER
        resumed = take(store, Step.RESUME, "office")
        assert (resumed.state, resumed.prior, resumed.suspended_by) == (State.ACTIVE, 0, 0)

    def test_suspends_as_the_competent_department_by_its_head(self, store):
        assert suspend(store, "head").suspended_by == Side.COMPETENT

    def test_does_not_resume_by_its_office_what_its_head_suspended(self, store):
        suspend(store, "head")
        with pytest.raises(DecisionRefused, match="RoleMissing"):
            take(store, Step.RESUME, "office")
        assert take(store, Step.RESUME, "head").state == State.ACTIVE

    def test_takes_over_what_its_office_suspended(self, store):
        suspend(store, "office")
        taken = take(store, Step.TAKE_OVER, "head", subject=ids.ZERO)
        assert (taken.state, taken.prior) == (State.SUSPENDED, State.ACTIVE)
        with pytest.raises(DecisionRefused, match="RoleMissing"):
            take(store, Step.RESUME, "office")


class TestAProtectiveStep:
    def test_leaves_the_document_that_is_to_be_answered(self, store):
        assert suspend(store, "office").subject == PAPER
        rectified = take(store, Step.RECTIFY, "consumer")
        assert rectified.subject == ORDER
        ended = take(store, Step.TERMINATE_FOR_CAUSE, "head", subject=ids.ZERO, digest=b"x" * 32)
        assert (ended.state, ended.subject) == (State.TERMINATED, ORDER)

    def test_is_open_to_a_suspended_provider(self, store):
        department = store.find(facts.DepartmentFact, ROOT)
        assert department
        store.put(department._replace(status=2))
        assert suspend(store, "office").state == State.SUSPENDED
        with pytest.raises(DecisionRefused, match="DepartmentNotActive"):
            take(store, Step.RESUME, "office")
