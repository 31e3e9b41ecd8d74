"""What things on the ledger are called: states, roles, steps, departments, entries.

Names people know stand in documents; where a document is not here, the id is shown instead.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .console import t

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import IntEnum

    from api.parts import Node


def state_name(state: int) -> str:
    """Name the state of an authorisation."""
    from node.protocol.ledger.enums import AuthorisationState

    return _named(AuthorisationState, state)


def entry_state_name(state: int) -> str:
    """Name the state of a version."""
    from node.protocol.ledger.enums import EntryState

    return _named(EntryState, state)


def status_name(status: int) -> str:
    """Name the status of a department."""
    from node.protocol.ledger.enums import DepartmentStatus

    return _named(DepartmentStatus, status)


def role_names(roles: int) -> str:
    """Name the roles behind the bits."""
    from node.protocol.forms.words import words_of
    from node.protocol.ledger.enums import Role

    return t(*words_of(Role(roles)))


def word_of(words: Mapping[str, int], number: int) -> str:
    """Return the law's word for a number of one of the enumerations."""
    return next((word for word, value in words.items() if value == number), str(number))


def code_of(department: bytes) -> str:
    """Return a department's code; the id in hex if it is none."""
    from node.errors import InvalidInput
    from node.protocol.wire.ids import department_code

    try:
        return department_code(department)
    except InvalidInput:
        return department.hex()


def contract_of(name: bytes) -> str:
    """Return the name a contract is listed under."""
    return name.rstrip(b"\0").decode("ascii", "replace")


def day_of(seconds: int, *, last: bool = False) -> str:
    """Return the Beijing day of a chain time; `last`: of the day an exclusive end closes."""
    from node.protocol.forms import BEIJING

    try:
        moment = datetime.fromtimestamp(seconds - (1 if last else 0), BEIJING)
    except (ValueError, OverflowError):  # 2**64 - 1: a head key has no end
        return t("长期", "no end")
    return moment.date().isoformat()


def moment_of(seconds: int) -> str:
    """Return a chain time as Beijing's clocks show it."""
    from node.protocol.forms import BEIJING

    try:
        return datetime.fromtimestamp(seconds, BEIJING).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError):
        return str(seconds)


def step_name(step: int) -> str:
    """Name a step of an authorisation."""
    from node.protocol.ledger.enums import Step

    return _named(Step, step)


def side_name(side: int) -> str:
    """Name the side of an authorisation that acted."""
    names = {1: t("使用部门", "the consumer"), 2: t("提供部门", "the provider")}
    return names.get(side, t("主管部门", "the competent department"))


def today() -> str:
    """Return today's Beijing day."""
    from node.protocol.forms import BEIJING

    return datetime.now(BEIJING).date().isoformat()


def find_body(node: Node, digest: bytes) -> Any:  # noqa: ANN401 - the model of its kind
    """Return the body of a document that is here, or None."""
    from node.protocol.forms import parse

    data = node.store.find(digest)
    return None if data is None else parse(data).body


def department_name(node: Node, department: bytes) -> str:
    """Return a department's name from its document, or its code."""
    fact = node.queries.find_department(department)
    body = None if fact is None else find_body(node, fact.digest)
    return code_of(department) if body is None else str(body.name)


def _named(kind: type[IntEnum], number: int) -> str:
    from node.protocol.forms.words import words_of

    # A contract's error may carry a number that is of no member: shown as it is.
    return t(*words_of(kind(number))) if number in list(kind) else str(number)
