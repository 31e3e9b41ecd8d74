"""The table of an authorisation's steps, as the contract has it.

`hardhat/export.ts` runs the contract's own table and writes its rows: a new step is a row there and
its words here (`forms.words`), no line of code.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, NamedTuple

import orjson

from .enums import AuthorisationState as State
from .enums import Permit, StepFlag

PRIOR = 1
"""In `RULINGS`: the state that was kept when it was suspended."""


class Rule(NamedTuple):
    """One step: from which states it leads where, and which roles take it."""

    step: int
    origins: int
    """Bit i: from state i."""
    origins_ended: int
    """The same, once the period is over."""
    target: int
    """0: the state stays, unless a flag says otherwise."""
    flags: StepFlag
    once: int
    """Bits of enums.Mark: must not be set, and are set by it."""
    only_after: int
    """Bits of enums.Mark: must be set."""
    consumer: int
    """Bits of enums.Role that may sign for the consumer."""
    provider: int
    competent: int


def _exported() -> dict[str, Any]:
    file = resources.files(__package__) / ".." / "abi" / "enumerations.json"
    exported: dict[str, Any] = orjson.loads(file.read_bytes())
    return exported


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        row["step"],
        row["from"],
        row["fromEnded"],
        row["to"],
        StepFlag(row["flags"]),
        row["once"],
        row["onlyAfter"],
        row["consumer"],
        row["provider"],
        row["competent"],
    )


_EXPORTED = _exported()
STEPS: dict[int, Rule] = {row["step"]: _rule(row) for row in _EXPORTED["steps"]}
RULINGS: dict[int, int] = {row["state"]: row["outcomes"] for row in _EXPORTED["rulings"]}
"""State in which a dispute is ruled to the states it may end in, as bits; bit 0 is `PRIOR`."""

_CALLABLE = frozenset({State.AGREED, State.DELIVERED, State.ACTIVE})
_HALTED = frozenset({State.SUSPENDED, State.RECTIFIED})


def permit_in(state: int) -> Permit:
    """Return what an authorisation's state alone says to a call."""
    if state in _CALLABLE:
        return Permit.PERMITTED
    if state in _HALTED:
        return Permit.SUSPENDED
    return Permit.TERMINATED if state >= State.TERMINATED else Permit.NOT_AGREED
