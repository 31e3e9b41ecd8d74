"""The account that sends transactions: a secp256k1 key without rights of its own.

A decision counts by its SM2 signature; losing this key loses nothing but the nonce sequence (and
the right to anchor a log that names its address). Key file: Web3 Secret Storage version 3,
PBKDF2-HMAC-SHA256, written once with mode 0600.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Self

import orjson
from coincurve import PrivateKey

from ..crypto.keyfile import save_key_file
from ..errors import MalformedKey
from .transactions import address_of, sign_legacy

if TYPE_CHECKING:
    from pathlib import Path

PBKDF2_ROUNDS = 600_000
_LARGEST_FILE = 16_384


class RelayAccount:
    """One sending account; its private key never leaves this object but into `save`."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.address = address_of(key.public_key)
        """20 bytes."""

    def __repr__(self) -> str:
        return f"RelayAccount(0x{self.address.hex()})"

    @classmethod
    def generate(cls) -> Self:
        """Make a new account."""
        while True:
            try:
                return cls(PrivateKey(secrets.token_bytes(32)))
            except ValueError:
                continue  # zero or not below the curve's order: once in 2**127

    @classmethod
    def load(cls, path: Path, password: bytes) -> Self:
        """Read an account from its key file.

        Raises:
            MalformedKey: no such file, not a relay's key file, or another password.
        """
        from eth_keyfile.keyfile import decode_keyfile_json

        try:
            with path.open("rb") as file:
                content = orjson.loads(file.read(_LARGEST_FILE))
            return cls(PrivateKey(bytes(decode_keyfile_json(content, password))))
        except OSError as error:
            raise MalformedKey(f"cannot read the key file {path}: {error.strerror}") from error
        # What the library raises on a malformed file is not declared and not of one kind.
        except Exception as error:
            raise MalformedKey(f"{path} is no relay key file, or the password is wrong") from error

    def save(self, path: Path, password: bytes) -> None:
        """Create a key file.

        Raises:
            AlreadyExists: there is such a file.
        """
        from eth_keyfile.keyfile import create_keyfile_json

        content: dict[str, Any] = create_keyfile_json(
            self._key.secret, password, kdf="pbkdf2", iterations=PBKDF2_ROUNDS
        )
        save_key_file(path, orjson.dumps(content))

    def sign_legacy(self, to: bytes, data: bytes, nonce: int, gas: int, chain_id: int) -> bytes:
        """Sign a transaction without price or value; an empty `to` creates a contract."""
        return sign_legacy(self._key, to=to, data=data, nonce=nonce, gas=gas, chain_id=chain_id)
