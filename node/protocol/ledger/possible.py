"""Which steps could be taken on an authorisation now, and by whom: the contract's table.

It says what the rules of `authorisations` would let pass if the decision itself were right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .authorisations import CHANGE_OPEN, mandates_of, once_of, starts_from
from .competence import is_screened
from .enums import AuthorisationState as State
from .enums import Side, Step, StepFlag
from .steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import AuthorisationFact
    from .steps import Rule
    from .surroundings import Store


class Possible(NamedTuple):
    """A step that a side could take now, through a key that holds any of `roles` there."""

    step: Step
    side: Side
    department: bytes
    roles: int
    """Bits of enums.Role."""


def possible_steps(store: Store, one: AuthorisationFact, time: int) -> Iterator[Possible]:
    """Yield every step that could be taken at a second of chain time, side by side.

    `store` needs the departments and the `LedgerFact` alone. Whether a department is active and
    whether a key is its officer's is for `mandates` to say.
    """
    for rule in STEPS.values():
        if not starts_from(rule, one, time) or not _fits(store, one, rule):
            continue
        for side, mandate in enumerate(mandates_of(store, one, rule), start=1):
            if mandate.roles and not one.marks & once_of(rule, Side(side)):
                yield Possible(Step(rule.step), Side(side), mandate.department, mandate.roles)


def is_answerable(store: Store, one: AuthorisationFact) -> bool:
    """Say whether the provider's reply is due: its office head's (`Role.OFFICE_HEAD`)."""
    if one.state == State.APPLIED:
        return not is_screened(store, one.provider)
    return one.state == State.FORWARDED


def _fits(store: Store, one: AuthorisationFact, rule: Rule) -> bool:
    flags = rule.flags
    if StepFlag.SCREENING in flags and not is_screened(store, one.provider):
        return False
    if StepFlag.FROM_PROVIDER in flags and one.suspended_by != Side.PROVIDER:
        return False
    if rule.once and rule.only_after & ~one.marks:
        return False
    change = bool(one.marks & CHANGE_OPEN)
    if StepFlag.CLOSES_CHANGE in flags:
        return change
    return not (change and StepFlag.TERMS in flags)
