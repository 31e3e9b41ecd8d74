"""The table of an authorisation's steps, as in `contracts/libraries/StepTable.sol`.

A new capability is a new row; tests compare it with the contract's, row for row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .enums import AuthorisationState as State
from .enums import Role, Step


class Side(Enum):
    """For whom the signer of a step acts, in the order of precedence."""

    CONSUMER = "consumer"
    PROVIDER = "provider"
    COMPETENT = "competent"


@dataclass(frozen=True, slots=True)
class Rule:
    """One step: from which states it leads where, and which roles take it."""

    origins: frozenset[State]
    target: State | None
    """None: back to the state before the suspension."""
    consumer: int = 0
    """Roles, one of which the key must hold there; 0: not this side's to take."""
    provider: int = 0
    competent: int = 0
    protective: bool = False
    """A protective step answers no document."""
    screening: bool = False
    """Only where the competent department screens applications."""
    by_suspender: bool = False
    """The provider takes it only if it was the one that suspended."""

    def roles_of(self, side: Side, suspended_by: Side | None) -> int:
        """Return the roles that let a key of `side` take the step."""
        if side is Side.PROVIDER and self.by_suspender and suspended_by is not Side.PROVIDER:
            return 0
        return {
            Side.CONSUMER: self.consumer,
            Side.PROVIDER: self.provider,
            Side.COMPETENT: self.competent,
        }[side]


CALLABLE = frozenset({State.AGREED, State.DELIVERED, State.ACTIVE})
"""States in which calls are permitted."""

_OFFICE, _HEAD, _DUTY = Role.OFFICE_HEAD, Role.DEPARTMENT_HEAD, Role.DUTY_OFFICER
_APPLIED = frozenset({State.APPLIED})
_HALTED = frozenset({State.SUSPENDED, State.RECTIFIED})

STEPS: dict[int, Rule] = {
    Step.PASS: Rule(_APPLIED, State.FORWARDED, competent=Role.REVIEWER, screening=True),
    Step.RETURN: Rule(_APPLIED, State.RETURNED, competent=Role.REVIEWER, screening=True),
    Step.WITHDRAW: Rule(_APPLIED | {State.FORWARDED}, State.WITHDRAWN, consumer=_OFFICE),
    Step.DELIVER: Rule(frozenset({State.AGREED}), State.DELIVERED, provider=_OFFICE),
    Step.CONFIRM: Rule(frozenset({State.DELIVERED}), State.ACTIVE, consumer=_OFFICE),
    Step.SUSPEND: Rule(
        CALLABLE,
        State.SUSPENDED,
        provider=_OFFICE | _DUTY,
        competent=_HEAD | _DUTY,
        protective=True,
    ),
    Step.RECTIFY: Rule(frozenset({State.SUSPENDED}), State.RECTIFIED, consumer=_OFFICE),
    Step.RESUME: Rule(_HALTED, None, provider=_OFFICE, competent=_HEAD, by_suspender=True),
    Step.TERMINATE_FOR_CAUSE: Rule(
        _HALTED, State.TERMINATED, provider=_OFFICE, competent=_HEAD, protective=True
    ),
}
