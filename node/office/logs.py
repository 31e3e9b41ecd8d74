"""Acts about logs of use."""

from __future__ import annotations

from ..protocol.wire import ids
from .act import Act


def register_log(department: str, relay: bytes) -> Act:
    """Open the log of the department with this code; `relay` is the account that anchors it.

    Signed by the department's head. The contract builds the log's origin.
    """
    message = {"department": ids.department_id(department), "relay": relay}
    return Act("RegisterLog", message, [])
