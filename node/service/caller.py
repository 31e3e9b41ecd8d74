"""Who is calling, and at which second: a signed request, held against the read model; or a login.

Every request is judged at one second, the later of the clock and the block's, so that neither going
slow prolongs anything: it rules the key's validity, the age of the signature, the dates of an
authorisation, and stands in the leaf as `judged`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..crypto import Sm2PublicKey
from ..crypto.publickey import GX, GY
from ..errors import ClockSkew, KeyNotInForce, KeyRevoked, SignatureInvalid
from ..log.leafdraft import LeafDraft
from ..log.logdrafts import Draft
from ..log.resends import RESEND_WINDOW_MILLISECONDS, Resend
from ..protocol.wire import encoding, signedcall
from ..protocol.wire.leaf import build_leaf, session_event
from ..protocol.wire.signedcall import OLDEST_SECONDS
from .hints import Hints

if TYPE_CHECKING:
    from ..protocol.ledger.facts import KeyFact, Snapshot
    from ..protocol.wire.signedcall import SignedCall

OLDEST_RESEND_SECONDS = OLDEST_SECONDS + RESEND_WINDOW_MILLISECONDS // 1000
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: a chain's seconds go further than any calendar."""

# The curve's base point: what a signature is held against when its key is unknown, so that the
# answer takes as long as for a known one. What it says does not matter.
_DECOY = Sm2PublicKey.from_coordinates(GX, GY)

_HINTS = Hints()


def judged_second(snapshot: Snapshot, clock: float) -> int:
    """Return the second a request is judged at; `clock` is in seconds."""
    return max(int(clock), snapshot.block.timestamp)


def authenticate(
    call: SignedCall,
    snapshot: Snapshot,
    judged: int,
    *,
    oldest_seconds: int = OLDEST_SECONDS,
    hints: Hints | None = _HINTS,
) -> KeyFact:
    """Return the key that signed the call; unknown keys and bad signatures look the same.

    Raises:
        ClockSkew: the call was signed more than `oldest_seconds` before `judged`, or too far ahead.
        SignatureInvalid: with the base this server rebuilt; the key is unknown or the signature
            fails. Never says which, save by `hint` to who did sign with the key, in another way.
        KeyRevoked, KeyNotInForce: it holds, so it is the key's holder who is told what became of
            the key, and since when.
    """
    key = snapshot.key
    public = key.public if key is not None else _DECOY
    try:
        signedcall.verify(call, public, judged, oldest_seconds=oldest_seconds)
    except SignatureInvalid:
        raise _refusal(call, None if key is None else public, hints) from None
    if key is None:
        raise _refusal(call, None, hints)
    _require_in_force(key, judged)
    return key


def _refusal(
    call: SignedCall, public: Sm2PublicKey | None, hints: Hints | None
) -> SignatureInvalid:
    said = "the signature does not hold for a key in force; compare the base"
    facts = {"base": call.base.decode("ascii")}
    if public is None or hints is None:
        found = None
    else:
        found = hints.find(public, call.base, call.signature)
    if found is not None:
        said = f"{found.chinese} / {found.english}"
        facts |= {"hint": found.chinese, "hintEn": found.english}
    return SignatureInvalid(said, **facts)


def _require_in_force(key: KeyFact, judged: int) -> None:
    """Refuse a key that was revoked or is outside its validity, saying when."""
    name = key.key.hex()
    if key.revoked_at is not None:
        revoked = encoding.rfc3339(key.revoked_at)
        raise KeyRevoked(
            f"key {name} was revoked on the chain at {revoked}; sign with another registered key "
            "of the same holder, or have one registered",
            key=name,
            revokedAt=key.revoked_at,
        )
    if not key.valid_from <= judged < key.valid_until:
        since, until = (
            encoding.rfc3339(min(second, _LAST_SECOND))
            for second in (key.valid_from, key.valid_until)
        )
        raise KeyNotInForce(
            f"key {name} is valid from {since} until {until}, and it is "
            f"{encoding.rfc3339(judged)}; sign with another registered key of the same holder",
            key=name,
            validFrom=key.valid_from,
            validUntil=key.valid_until,
        )


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
        authenticate(call, snapshot, judged, oldest_seconds=OLDEST_RESEND_SECONDS, hints=None)
    except (ClockSkew, SignatureInvalid):
        return None
    granted = snapshot.authorisation
    quotas = (granted.calls_per_day, granted.rows_per_day) if granted is not None else ()
    return Resend(call.event, call.base + call.signature, authorisation, *quotas)


@dataclass(frozen=True, slots=True)
class Look:
    """One request under the login of a session (protocol.md 6.1): what its leaf is about."""

    key: bytes
    """Id of the key that signed the login."""
    login: bytes
    """The text that was signed…"""
    signature: bytes
    """…and its signature."""
    login_event: bytes
    sequence: int
    """Which request under that login, from 1; no other has it."""

    @property
    def event(self) -> bytes:
        return session_event(self.login_event, self.sequence)

    def draft(self, kind: str, log: bytes, **members: Any) -> Draft:  # noqa: ANN401 - of `build_leaf`
        """Return what the writer of `log` commits before the answer is shown."""
        return Draft(
            log=log,
            event=self.event,
            text=self.login + self.signature + self.sequence.to_bytes(8, "big"),
            authorisation=0,
            counted=False,
            leaf=LeafDraft.of(
                build_leaf(
                    kind,
                    event=self.event,
                    base=self.login,
                    signature=self.signature,
                    sequence=self.sequence,
                    **members,
                )
            ),
            key=self.key,
            # Nobody asks this again under the same number: nothing is kept for him.
            answer=b"",
        )
