"""The only ways to sign: a decision, a call, a checkpoint, a sign-in; each refuses other text.

The forms begin differently (`ShareLedger-decision:`, `"@method": `, `shareledger:`,
`ShareLedger-login:`), so that a signature made for one can never serve as another's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .sm2 import Signer, are_sm2_e, verify_sm2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .publickey import Sm2PublicKey

DECISION_PREFIX = b"ShareLedger-decision:"

_HASH_SIZE = 32

_CALL = re.compile(
    rb'"@method": [A-Z]{1,16}\n'
    rb'"@authority": [a-z0-9.\-:\[\]]{1,255}\n'
    rb'"@path": /[!-~]{0,2047}\n'
    rb'"@query": \?[!-~]{0,4095}\n'
    rb'"content-type": [!-~][ -~]{0,254}\n'
    rb'"content-digest": sm3=:[A-Za-z0-9+/]{43}=:\n'
    rb'"@signature-params": \("@method" "@authority" "@path" "@query" "content-type"'
    rb' "content-digest"\);created=[1-9][0-9]{0,11};nonce="[A-Za-z0-9_-]{22,64}"'
    rb';alg="sm2-sm3";keyid="[0-9a-f]{64}";tag="gdsl-1"'
)
_CHECKPOINT = re.compile(
    rb"shareledger:(?:0|[1-9][0-9]*):[0-9a-f]{40}:[0-9A-Z]{1,32}"
    rb"(?::(?:[2-9]|[1-9][0-9]{1,4}))?\n"
    rb"(?:0|[1-9][0-9]{0,18})\n[A-Za-z0-9+/]{43}=\n"
)


_LOGIN = re.compile(
    rb"ShareLedger-login:https?://[a-z0-9.\-:\[\]]{1,255} [0-9a-f]{64}"
    rb" [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
)


def decision_text(hash32: bytes) -> bytes:
    """Return the 85 ASCII bytes an official signs for an EIP-712 hash (protocol.md section 3)."""
    if len(hash32) != _HASH_SIZE:
        raise ValueError("a decision's hash has 32 bytes")
    return DECISION_PREFIX + hash32.hex().encode("ascii")


def sign_decision(signer: Signer, hash32: bytes) -> bytes:
    """Sign the decision with EIP-712 hash `hash32`; return 64 bytes r‖s."""
    return _sign(signer, decision_text(hash32))


def verify_decision(public: Sm2PublicKey, hash32: bytes, signature: bytes) -> None:
    """Check a decision's signature.

    Raises:
        SignatureInvalid: it is not `public`'s signature of the decision.
    """
    verify_sm2(public, decision_text(hash32), signature)


def verify_decisions(questions: Sequence[tuple[Sm2PublicKey, bytes, bytes]]) -> list[bool]:
    """Tell of many decisions whether each is signed: key, hash of 32 bytes, 64 bytes r‖s.

    The curve lets other threads compute meanwhile, where it is compiled.
    """
    return are_sm2_e(
        [
            (public, public.message_hash(decision_text(hash32)), signature)
            for public, hash32, signature in questions
        ]
    )


def sign_call(signer: Signer, base: bytes) -> bytes:
    """Sign a signature base of profile gdsl-1 (protocol.md section 4); return 64 bytes r‖s."""
    if not _CALL.fullmatch(base):
        raise ValueError("this is not the signature base of a call")
    return _sign(signer, base)


def sign_checkpoint(signer: Signer, note_text: bytes) -> bytes:
    """Sign a checkpoint's note text (protocol.md section 6); return 64 bytes r‖s."""
    check_checkpoint_text(note_text)
    return _sign(signer, note_text)


def sign_login(signer: Signer, text: bytes) -> bytes:
    """Sign a challenge of a node's (`office.sessions`); return 64 bytes r‖s.

    Whoever signs has compared the origin in it with the address he sees.
    """
    check_login_text(text)
    return _sign(signer, text)


def verify_login(public: Sm2PublicKey, text: bytes, signature: bytes) -> None:
    """Check a signature of a challenge.

    Raises:
        SignatureInvalid: it is not `public`'s.
    """
    check_login_text(text)
    verify_sm2(public, text, signature)


def check_login_text(text: bytes) -> None:
    """Raise ValueError unless `text` is a challenge: origin, 64 hex digits, second in UTC."""
    if not _LOGIN.fullmatch(text):
        raise ValueError("this is not the challenge of a sign-in")


def check_checkpoint_text(note_text: bytes) -> None:
    """Raise ValueError unless `note_text` is a checkpoint of ours."""
    if not _CHECKPOINT.fullmatch(note_text):
        raise ValueError("this is not the text of a checkpoint")


def _sign(signer: Signer, text: bytes) -> bytes:
    return signer.sign_e(signer.public_key.message_hash(text))
