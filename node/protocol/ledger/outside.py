"""What the rules cannot know from their records: the curve, and the code behind an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...crypto import Sm2PublicKey, verify_decision, verify_sm2
from ...errors import MalformedKey, SignatureInvalid

if TYPE_CHECKING:
    from .signed import Act


class Outside(Protocol):
    """Answers for the curve and for contracts' code."""

    def is_on_curve(self, x: int, y: int) -> bool:
        """Say whether (x, y) is a point of the SM2 curve."""
        ...

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        """Say whether the decision carries the signature of the key (x, y); a follower asks later.

        Whoever answers yes before he knows has to refuse the event when it proves wrong.
        """
        ...

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        """Say whether the decision carries the new key's own signature; as `is_signed`."""
        ...

    def is_note_signed(self, text: bytes, x: int, y: int, r: int, s: int) -> bool:
        """Say whether (r, s) is the SM2 signature of the key (x, y) over a checkpoint's text."""
        ...

    def code_hash(self, address: bytes) -> bytes | None:
        """Return keccak256 of a contract's code, empty for none; None where nobody can look."""
        ...


class Sm2Outside:
    """Every signature checked where it is asked for; no contract's code is looked at."""

    def is_on_curve(self, x: int, y: int) -> bool:
        try:
            Sm2PublicKey.from_coordinates(x, y)
        except MalformedKey:
            return False
        return True

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        return holds(act.hashed(), x, y, *act.signature)

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        return holds(act.hashed(), x, y, *act.possession)

    def is_note_signed(self, text: bytes, x: int, y: int, r: int, s: int) -> bool:
        try:
            verify_sm2(Sm2PublicKey.from_coordinates(x, y), text, joined(r, s))
        except (SignatureInvalid, MalformedKey):
            return False
        return True

    def code_hash(self, address: bytes) -> bytes | None:
        del address
        return None


def holds(decision_hash: bytes, x: int, y: int, r: int, s: int) -> bool:
    """Say whether (r, s) is the SM2 signature of the key (x, y) over a decision."""
    try:
        verify_decision(Sm2PublicKey.from_coordinates(x, y), decision_hash, joined(r, s))
    except (SignatureInvalid, MalformedKey):
        return False
    return True


def joined(r: int, s: int) -> bytes:
    """Return a signature's 64 bytes r‖s."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
