"""What things on the ledger are called: states, roles, steps, days, ids."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .console import t

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import IntEnum


def _namer(enumeration: str) -> Callable[[int], str]:
    def name(number: int) -> str:
        from node.protocol.forms.words import words_of
        from node.protocol.ledger import enums

        members: type[IntEnum] = getattr(enums, enumeration)
        # A contract's error may carry a number that is of no member: shown as it is.
        return t(*words_of(members(number))) if number in list(members) else str(number)

    return name


state_name = _namer("AuthorisationState")
entry_state_name = _namer("EntryState")
status_name = _namer("DepartmentStatus")
step_name = _namer("Step")


def spoken(said: Mapping[str, str]) -> str:
    """Return a text that came in both languages in the terminal's."""
    return t(said["zh"], said["en"])


def role_names(roles: int) -> str:
    """Name the roles behind the bits."""
    from node.protocol.forms.words import words_of
    from node.protocol.ledger.enums import Role

    return t(*words_of(Role(roles)))


def code_of(department: bytes) -> str:
    """Return a department's code; the id in hex if it is none."""
    from node.errors import InvalidInput
    from node.protocol.wire.ids import department_code

    try:
        return department_code(department)
    except InvalidInput:
        return department.hex()


def day_of(seconds: int, *, last: bool = False) -> str:
    """Return the Beijing day of a chain time; `last`: of the day an exclusive end closes."""
    from node.protocol.forms import BEIJING

    if not seconds:  # a first head key has no beginning
        return t("自始", "from the start")
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


def side_name(side: int) -> str:
    """Name the side of an authorisation that acted."""
    names = {1: t("使用部门", "the consumer"), 2: t("提供部门", "the provider")}
    return names.get(side, t("主管部门", "the competent department"))


def today() -> str:
    """Return today's Beijing day."""
    from node.protocol.forms import BEIJING

    return datetime.now(BEIJING).date().isoformat()


TIMES = frozenset({"notAfter", "latest", "time", "validFrom", "validUntil", "revokedAt"})
YEAR_2001 = 1_000_000_000
"""Below this a number is a count, as a version's `latest` is, and no time."""


def shown(name: str, value: Any, *, of_entry: bool = False) -> str:  # noqa: ANN401 - as the ABI has it
    """Show a value of a contract's event or error by its `name`; a state may be an entry's."""
    if isinstance(value, bytes):
        if name == "name":  # a contract's, as it is listed
            return value.rstrip(b"\0").decode("ascii", "replace")
        return code_of(value)
    if isinstance(value, bool):
        return "开" if value else "关"
    if name in TIMES:
        return moment_of(value) if value > YEAR_2001 else str(value)
    names: dict[str, Callable[[int], str]] = {
        "required": role_names,
        "held": role_names,
        "step": step_name,
        "status": status_name,
        "suspendedBy": side_name,
        "outcome": state_name,
        "currentState": entry_state_name,
        "state": entry_state_name if of_entry else state_name,
    }
    return names.get(name, str)(value)
