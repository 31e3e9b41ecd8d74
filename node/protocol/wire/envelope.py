"""Sealed envelopes: SM4-GCM under a data key that is wrapped to each recipient (section 5).

A data key lives in one process's memory and never survives a fork: a child that went on counting
would use the parent's ivs again. iv = 4 random bytes of the key ‖ 8-byte counter; AAD = event id.
Wrapping costs an SM2 encryption, so a key remembers what it was wrapped to.
"""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from typing import TYPE_CHECKING, Any

from ...crypto import (
    Sm2PublicKey,
    Unwrapper,
    sm4_open,
    sm4_seal,
    wrap,
)
from ...errors import MalformedEnvelope
from . import canonical
from .encoding import b64u, hex32, unb64u

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHM = "SM4-GCM"
LIMIT = 64 * 1024 * 1024
LIFETIME_SECONDS = 3600

_PREFIX_SIZE = 4
_MEMBERS = {"alg", "iv", "sealed", "recipients"}
_RECIPIENT_MEMBERS = {"keyid", "wrapped"}
_RECIPIENT_LIMIT = 64


class DataKey:
    """A 16-byte SM4 key with its iv counter; serves one application for at most an hour."""

    def __init__(self, *, created: int) -> None:
        """Make a fresh key; `created` is in seconds."""
        self._key: bytes | None = secrets.token_bytes(16)
        self._prefix = secrets.token_bytes(_PREFIX_SIZE)
        self._counter = 0
        self._created = created
        self._lock = threading.Lock()
        self._wrapped: dict[bytes, str] = {}
        _live.add(self)

    def is_usable(self, now: int) -> bool:
        """Tell whether the key was made in this process within the last hour."""
        return self._key is not None and now - self._created < LIFETIME_SECONDS

    def drop(self) -> None:
        """Forget the key; sealing with it is impossible from now on."""
        self._key = None
        self._wrapped = {}
        # A fork may have copied the lock while another thread held it.
        self._lock = threading.Lock()

    def seal_bytes(self, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
        """Return (iv, ciphertext ‖ tag) under an iv never used before."""
        # Under the lock, or two threads would seal with one counter and so with one iv.
        with self._lock:
            key, counter = self._secret(), self._counter
            self._counter += 1
        iv = self._prefix + counter.to_bytes(8, "big")
        return iv, sm4_seal(key, iv, aad, plaintext)

    def wrapped_to(self, public: Sm2PublicKey) -> str:
        """Return the key wrapped to `public`: base64url of GM/T 0009 DER."""
        found = self._wrapped.get(public.raw)
        if found is None:
            found = self._wrapped[public.raw] = b64u(wrap(public, self._secret()))
        return found

    def _secret(self) -> bytes:
        if self._key is None:
            raise RuntimeError("this data key was dropped; make a new one in this process")
        return self._key

    def __repr__(self) -> str:
        return f"<DataKey created={self._created}>"

    def __reduce__(self) -> str:
        raise TypeError("data keys are not pickled")


_live: weakref.WeakSet[DataKey] = weakref.WeakSet()


def _drop_all() -> None:
    for key in list(_live):
        key.drop()


os.register_at_fork(after_in_child=_drop_all)


def seal(
    data_key: DataKey,
    recipients: Sequence[tuple[bytes, Sm2PublicKey]],
    plaintext: bytes,
    aad: bytes,
) -> dict[str, Any]:
    """Seal for recipients given as (id of the encryption key, the key); `aad` is the event id."""
    iv, sealed = data_key.seal_bytes(plaintext, aad)
    return {
        "alg": ALGORITHM,
        "iv": b64u(iv),
        "sealed": b64u(sealed),
        "recipients": [
            {"keyid": key_id.hex(), "wrapped": data_key.wrapped_to(public)}
            for key_id, public in recipients
        ],
    }


def envelope_bytes(envelope: dict[str, Any]) -> bytes:
    """Return the canonical bytes whose SM3 stands in the leaf."""
    return canonical.dumps(envelope, error=MalformedEnvelope)


def open_envelope(envelope: bytes | dict[str, Any], unwrapper: Unwrapper, aad: bytes) -> bytes:
    """Open an envelope with a recipient's key.

    Raises:
        MalformedEnvelope: not an envelope, not sealed for this key or this event, or changed.
    """
    if isinstance(envelope, bytes):
        envelope = canonical.loads(envelope, limit=LIMIT, error=MalformedEnvelope)
    iv, sealed, recipients = _parse(envelope)
    wrapped = recipients.get(unwrapper.public_key.key_id)
    if wrapped is None:
        raise MalformedEnvelope("the envelope is not sealed for this key")
    return sm4_open(unwrapper.unwrap(wrapped), iv, aad, sealed)


def _parse(envelope: object) -> tuple[bytes, bytes, dict[bytes, bytes]]:
    if not isinstance(envelope, dict) or set(envelope) != _MEMBERS:
        raise MalformedEnvelope(f"an envelope has the members {', '.join(sorted(_MEMBERS))}")
    if envelope["alg"] != ALGORITHM:
        raise MalformedEnvelope(f"the envelope's cipher is not {ALGORITHM}")
    rows = envelope["recipients"]
    if not isinstance(rows, list) or not 0 < len(rows) <= _RECIPIENT_LIMIT:
        raise MalformedEnvelope(f"an envelope has 1 to {_RECIPIENT_LIMIT} recipients")
    recipients: dict[bytes, bytes] = {}
    for row in rows:
        if not isinstance(row, dict) or set(row) != _RECIPIENT_MEMBERS:
            raise MalformedEnvelope("a recipient has the members keyid, wrapped")
        key_id = hex32(row["keyid"], error=MalformedEnvelope)
        recipients[key_id] = unb64u(row["wrapped"], error=MalformedEnvelope)
    iv = unb64u(envelope["iv"], error=MalformedEnvelope)
    return iv, unb64u(envelope["sealed"], error=MalformedEnvelope), recipients
