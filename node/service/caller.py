"""Who is calling, and at which second: a signed request, held against the read model.

Every request is judged at one second, the later of the clock and the block's, so that neither going
slow prolongs anything: it rules the key's validity, the age of the signature, the dates of an
authorisation, and stands in the leaf as `judged`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..crypto import Sm2PublicKey
from ..crypto.publickey import GX, GY
from ..errors import ClockSkew, SignatureInvalid
from ..log.recent import RESEND_WINDOW_MILLISECONDS, Resend
from ..protocol.wire import signedcall
from ..protocol.wire.signedcall import OLDEST_SECONDS

if TYPE_CHECKING:
    from ..protocol.ledger.facts import KeyFact, Snapshot
    from ..protocol.wire.signedcall import SignedCall

OLDEST_RESEND_SECONDS = OLDEST_SECONDS + RESEND_WINDOW_MILLISECONDS // 1000

# The curve's base point: what a signature is held against when its key is unknown, so that the
# answer takes as long as for a known one. What it says does not matter.
_DECOY = Sm2PublicKey.from_coordinates(GX, GY)


def judged_second(snapshot: Snapshot, clock: float) -> int:
    """Return the second a request is judged at; `clock` is in seconds."""
    return max(int(clock), snapshot.block.timestamp)


def authenticate(
    call: SignedCall, snapshot: Snapshot, judged: int, *, oldest_seconds: int = OLDEST_SECONDS
) -> KeyFact:
    """Return the key that signed the call; unknown keys and bad signatures look the same.

    Raises:
        ClockSkew: the call was signed more than `oldest_seconds` before `judged`, or too far ahead.
        SignatureInvalid: with the base this server rebuilt; the key is unknown, revoked or outside
            its validity, or the signature fails. Never says which.
    """
    key = snapshot.key
    live = key is not None and key.revoked_at is None and key.valid_from <= judged < key.valid_until
    public = key.public if key is not None and live else _DECOY
    refusal = SignatureInvalid(
        "the signature does not hold for a key in force; compare the base",
        base=call.base.decode("ascii"),
    )
    try:
        signedcall.verify(call, public, judged, oldest_seconds=oldest_seconds)
    except SignatureInvalid:
        raise refusal from None
    if key is None or not live:
        raise refusal
    return key


def authentic_resend(
    call: SignedCall, authorisation: int, snapshot: Snapshot, judged: int
) -> Resend | None:
    """Return what to look for in the log for a call that is too old to be served.

    A call answered in the last second of its signature's window may be sent again for the whole
    resend window (protocol.md section 4.8), when that signature is old. It is checked all the same,
    before the log is asked: a stranger's old bytes get no look-up. None if both windows are over or
    nobody known signed.
    """
    try:
        authenticate(call, snapshot, judged, oldest_seconds=OLDEST_RESEND_SECONDS)
    except (ClockSkew, SignatureInvalid):
        return None
    granted = snapshot.authorisation
    quotas = (granted.calls_per_day, granted.rows_per_day) if granted is not None else ()
    return Resend(call.event, call.base + call.signature, authorisation, *quotas)
