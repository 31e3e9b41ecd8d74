"""The keys that may have signed a log, each with the time for which its signature counts.

The pair in the settings counts whenever. One its department had before counts for what was logged
while it was valid: whoever stole a key that was revoked must not sign a log that was rewritten.
What time a log names is its writer's word, so what nothing but a revoked key vouches for is *not
verified*, and a key whose document is not here, and with it its Ed25519 half, does no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from node.errors import CheckpointInvalid
from node.protocol.wire.checkpoint import find_sm2, verify_note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.crypto import Sm2PublicKey
    from node.protocol.wire.checkpoint import SignedCheckpoint


class LogPair(NamedTuple):
    """A pair of keys, and the chain's seconds from which and to which it was valid."""

    sm2: Sm2PublicKey
    ed25519: bytes | None
    """None: the document that names it is not here."""
    valid_from: int = 0
    valid_until: int | None = None
    """Exclusive; None: no end."""
    revoked_at: int | None = None

    def counts_at(self, at_ms: int) -> bool:
        """Tell whether it was valid at a leaf's time; in the second of its revocation it is."""
        at = at_ms // 1000
        if at < self.valid_from or (self.valid_until is not None and at >= self.valid_until):
            return False
        return self.revoked_at is None or at <= self.revoked_at


def find_signing(signed: SignedCheckpoint, pairs: Iterable[LogPair], at_ms: int | None) -> LogPair:
    """Return the pair that signed a checkpoint and counts at a time; None: it says nothing of one.

    Of a pair without its Ed25519 key, the SM2 line alone was verified.

    Raises:
        CheckpointInvalid: none did, or one that was not valid then.
    """
    name = signed.checkpoint.origin
    refusal = CheckpointInvalid(f"no keys are known of {name}")
    for pair in pairs:
        try:
            if pair.ed25519 is None:
                find_sm2(signed, [pair.sm2])
            else:
                verify_note(signed, sm2=pair.sm2, ed25519=pair.ed25519)
        except CheckpointInvalid as error:
            refusal = error
            continue
        if at_ms is None or pair.counts_at(at_ms):
            return pair
        message = f"the checkpoint of {name} is signed by a key that was not valid at its time"
        raise CheckpointInvalid(message)
    raise refusal
