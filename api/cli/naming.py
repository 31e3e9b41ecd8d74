"""What things on the ledger are called: states, roles, steps, days, ids."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .console import t

if TYPE_CHECKING:
    from collections.abc import Mapping


def entry_state_name(state: int) -> str:
    """Name the state of an entry; a number that is of none as it is."""
    from node.protocol.forms.words import words_of
    from node.protocol.ledger.enums import EntryState

    return t(*words_of(EntryState(state))) if state in list(EntryState) else str(state)


def spoken(said: Mapping[str, str]) -> str:
    """Return a text that came in both languages in the terminal's."""
    return t(said["zh"], said["en"])


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
