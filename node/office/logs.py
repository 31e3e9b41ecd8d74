"""Acts about logs of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..protocol.wire import ids
from .act import Act, of_paper

if TYPE_CHECKING:
    from collections.abc import Mapping


def register_log(department: str, relay: bytes) -> Act:
    """Open the log of the department with this code; `relay` is the account that anchors it.

    Signed by the department's head. The contract builds the log's origin.
    """
    message = {"department": ids.department_id(department), "relay": relay}
    return Act("RegisterLog", message, [])


def supersede_log(body: Mapping[str, Any]) -> Act:
    """End a department's log and begin the next as a `log-succession` body says.

    Signed by the department's head. The old log gets no anchor any more.
    """
    return of_paper("SupersedeLog", "log-succession", body)
