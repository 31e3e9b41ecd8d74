"""Calls that arrive too late to be served, but perhaps not too late to be answered again.

A call answered in the last second of its signature's window may be sent again for the whole resend
window (design.md section 4.5), when that signature is old. It is checked all the same, and before
the log is asked: a stranger's old bytes get no look-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ClockSkew, SignatureInvalid
from ..log.recent import RESEND_WINDOW_MILLISECONDS, Resend
from ..protocol.wire.signedcall import OLDEST_SECONDS
from .caller import authenticate

if TYPE_CHECKING:
    from ..protocol.ledger.facts import Snapshot
    from ..protocol.wire.signedcall import SignedCall

OLDEST_RESEND_SECONDS = OLDEST_SECONDS + RESEND_WINDOW_MILLISECONDS // 1000


def authentic_resend(
    call: SignedCall, authorisation: int, snapshot: Snapshot, now: int
) -> Resend | None:
    """Return what to look for in the log; None if both windows are over or nobody known signed."""
    try:
        authenticate(call, snapshot, now, oldest_seconds=OLDEST_RESEND_SECONDS)
    except (ClockSkew, SignatureInvalid):
        return None
    granted = snapshot.authorisation
    return Resend(
        call.event,
        call.base + call.signature,
        authorisation,
        granted.calls_per_day if granted is not None else 0,
        granted.rows_per_day if granted is not None else 0,
    )
