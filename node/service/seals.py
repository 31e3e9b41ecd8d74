"""Secrets of one node that never leave it: page cursors, kept requests, salts of commitments.

All come from one random file. A cursor hides the key of the last row, which the caller may not be
entitled to; a request names people, and rests sealed beside the log; the salt of a commitment is
computed again whenever an auditor asks what was committed to. The keys that answers are sealed with
(`DataKeys`) live in this process's memory only.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from typing import TYPE_CHECKING

from ..crypto import sm3, sm4_open, sm4_seal
from ..crypto.keyfile import save_key_file
from ..errors import AlreadyExists, ConfigInvalid, InvalidInput
from ..protocol.wire import encoding, envelope

if TYPE_CHECKING:
    from pathlib import Path

    from .needs import Value

SECRET_BYTES = 32
IV_BYTES = 12
KEY_BYTES = 16
SALT_BYTES = 16


class Seals:
    """What this node seals for itself."""

    def __init__(self, secret: bytes) -> None:
        """Derive the keys from 32 random bytes."""
        self._cursors = sm3(b"shareledger cursor\n" + secret)
        self._requests = sm3(b"shareledger request\n" + secret)
        self._salts = sm3(b"shareledger salt\n" + secret)

    @classmethod
    def load(cls, path: Path) -> Seals:
        """Read the secret at `path`; make it, readable by its owner only, when it is missing.

        Raises:
            ConfigInvalid: what is there is not a secret of ours, or none can be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: of two processes that start at once, both read the one that won.
        with contextlib.suppress(AlreadyExists):
            save_key_file(path, secrets.token_bytes(SECRET_BYTES))
        secret = path.read_bytes()
        if len(secret) != SECRET_BYTES:
            raise ConfigInvalid(f"{path} does not hold {SECRET_BYTES} bytes", path=str(path))
        return cls(secret)

    def seal_cursor(self, last: Value, authorisation: int) -> str:
        """Return the opaque `next` after the row with key `last`."""
        return encoding.b64u(
            _seal(self._cursors, _context(authorisation), json.dumps(last).encode())
        )

    def open_cursor(self, cursor: str, authorisation: int) -> Value:
        """Return the key a cursor of this node and authorisation hides.

        Raises:
            InvalidInput: it is not one.
        """
        try:
            opened = _open(self._cursors, _context(authorisation), encoding.unb64u(cursor))
        except InvalidInput as error:
            raise InvalidInput(
                "page.after is not the `next` of an answer to this authorisation; start again "
                "without it",
                members=["page"],
            ) from error
        last: Value = json.loads(opened)
        return last

    def seal_request(self, event: bytes, body: bytes) -> bytes:
        """Return a request's body as it rests beside the log."""
        return _seal(self._requests, event, body)

    def open_request(self, event: bytes, sealed: bytes) -> bytes:
        """Return the body of the request that made `event`.

        Raises:
            MalformedEnvelope: it was sealed by another node, or changed.
        """
        return _open(self._requests, event, sealed)

    def salt(self, event: bytes, name: str) -> bytes:
        """Return the 16 bytes that salt the commitment `name` in the leaf of `event`."""
        return sm3(self._salts + event + name.encode())[:SALT_BYTES]


class DataKeys:
    """One data key per application, replaced after an hour or a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[bytes, envelope.DataKey] = {}

    def get(self, application: bytes, now: int) -> envelope.DataKey:
        """Return the application's key, usable at `now` (seconds)."""
        with self._lock:
            key = self._keys.get(application)
            if key is None or not key.is_usable(now):
                key = self._keys[application] = envelope.DataKey(created=now)
            return key


def _seal(secret: bytes, context: bytes, plaintext: bytes) -> bytes:
    iv = secrets.token_bytes(IV_BYTES)
    return iv + sm4_seal(_key(secret, context), iv, context, plaintext)


def _open(secret: bytes, context: bytes, sealed: bytes) -> bytes:
    return sm4_open(_key(secret, context), sealed[:IV_BYTES], context, sealed[IV_BYTES:])


def _key(secret: bytes, context: bytes) -> bytes:
    # A key for each context: random IVs under one key last for 2^32 messages (NIST SP 800-38D
    # section 8.3), which is less than a month of a busy node's calls.
    return sm3(secret + context)[:KEY_BYTES]


def _context(authorisation: int) -> bytes:
    return authorisation.to_bytes(8, "big")
