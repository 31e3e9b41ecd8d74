"""Who is calling: the key that signed a request, held against the read model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..crypto import Sm2PublicKey
from ..errors import SignatureInvalid
from ..protocol.wire import signedcall
from .authorise import live_key

if TYPE_CHECKING:
    from ..protocol.ledger.facts import KeyFact, Snapshot
    from ..protocol.wire.signedcall import SignedCall

# The curve's base point: what a signature is held against when its key is unknown, so that the
# answer takes as long as for a known one. What it says does not matter.
_DECOY = Sm2PublicKey.from_coordinates(
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def authenticate(
    call: SignedCall,
    snapshot: Snapshot,
    now: int,
    *,
    oldest_seconds: int = signedcall.OLDEST_SECONDS,
) -> KeyFact:
    """Return the key that signed the call; unknown keys and bad signatures look the same.

    Raises:
        ClockSkew: the call was signed more than `oldest_seconds` ago or too far ahead.
        SignatureInvalid: with the base this server rebuilt.
    """
    try:
        key = live_key(snapshot, now)
    except SignatureInvalid:
        key = None
    public = Sm2PublicKey.from_coordinates(key.qx, key.qy) if key is not None else _DECOY
    refusal = SignatureInvalid(
        "the signature does not hold for a key in force; compare the base",
        base=call.base.decode("ascii"),
    )
    try:
        signedcall.verify(call, public, now, oldest_seconds=oldest_seconds)
    except SignatureInvalid:
        raise refusal from None
    if key is None:
        raise refusal
    return key
