"""Ed25519 (RFC 8032), the second signature of every checkpoint (C2SP signed-note type 0x01)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_public_key,
)

from ..errors import MalformedKey, SignatureInvalid
from .keyfile import (
    check_password,
    label,
    load_key_file,
    save_key_file,
)
from .pbes2 import seal_pkcs8
from .privatekey import open_private_key

if TYPE_CHECKING:
    from pathlib import Path

KEY_SIZE = 32

_PURPOSE = "ed25519-signing"


class Ed25519Signer:
    """A private Ed25519 key in memory and in an encrypted file; its repr shows the public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, password: bytes) -> Self:
        """Read a key file.

        Raises:
            MalformedKey: no such file, not an encrypted Ed25519 key, or the wrong password.
        """
        der = open_private_key(load_key_file(path, _PURPOSE), password)
        try:
            private = load_der_private_key(der, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # Not chained: a traceback shows arguments, and these are a private key.
            raise MalformedKey(
                f"{path}：口令不对，或不是 Ed25519 密钥 / wrong password, or no Ed25519 key"
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise MalformedKey(f"{path} holds no Ed25519 key")
        return cls(private)

    def save(self, path: Path, password: bytes) -> None:
        """Create an encrypted PKCS#8 file with mode 0600.

        Raises:
            AlreadyExists: there is such a file.
        """
        check_password(password)
        der = self._private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        save_key_file(path, label(_PURPOSE) + seal_pkcs8(der, password))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"<Ed25519Signer {self._public.hex()}>"


def parse_ed25519(content: bytes) -> bytes:
    """Return the public key, 32 bytes, in a file of another tool: PEM or DER (RFC 8410).

    Raises:
        MalformedKey: it holds none.
    """
    load = load_pem_public_key if b"-----BEGIN" in content else load_der_public_key
    try:
        key = load(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedKey("不是公钥文件 / holds no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise MalformedKey("不是 Ed25519 的公钥 / holds no Ed25519 key")
    return key.public_bytes_raw()


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """Check `signature` of `message` under the 32-byte key.

    Raises:
        SignatureInvalid: it does not hold, or `public` is no key.
    """
    if len(public) != KEY_SIZE:
        raise SignatureInvalid("an Ed25519 key has 32 bytes")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid("the Ed25519 signature does not hold") from error
