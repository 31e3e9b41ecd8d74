"""SM2 keys and operations as the rest of the system sees them (GB/T 32918).

Signing (GB/T 32918.2) and decrypting (GB/T 32918.4) are different types with different keys. A
signer signs e, 32 bytes that only `typed` computes: nothing here signs bytes a peer handed in.
Private keys never appear in a repr or an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from ..errors import (
    MalformedEnvelope,
    MalformedKey,
    SignatureInvalid,
)
from . import backend
from .der import SIGNATURE_SIZE
from .keyfile import (
    check_password,
    label,
    load_key_file,
    save_key_file,
)
from .pbes2 import seal_pkcs8
from .privatekey import read_private_key
from .publickey import N, Sm2PublicKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

E_SIZE = 32
DATA_KEY_SIZE = 16


class Signer(Protocol):
    """Whoever can sign with one SM2 key: software here, a hardware token elsewhere."""

    @property
    def public_key(self) -> Sm2PublicKey:
        """The key its signatures verify under."""
        ...

    def sign_e(self, e32: bytes) -> bytes:
        """Sign e = SM3(ZA ‖ message); return 64 bytes r‖s."""
        ...


class Unwrapper(Protocol):
    """Whoever can open data keys wrapped to one SM2 encryption key."""

    @property
    def public_key(self) -> Sm2PublicKey: ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open GM/T 0009 DER; return the 16-byte SM4 key, or raise MalformedEnvelope."""
        ...


class _SoftwareKey:
    """A private key in this process's memory and in an encrypted file."""

    _purpose = ""

    def __init__(self, private: backend.PrivateKey) -> None:
        self._private = private

    @classmethod
    def generate(cls) -> Self:
        return cls(backend.load().generate())

    @classmethod
    def from_scalar(cls, scalar: int, public_key: Sm2PublicKey) -> Self:
        """Take over a key given as a number (standards' vectors, imports from other systems).

        Raises:
            MalformedKey: it is out of range, or another key's.
        """
        return cls(_private(scalar, public_key))

    @classmethod
    def load(cls, path: Path, password: bytes) -> Self:
        """Read a key file of any maker (`privatekey`); one in clear needs no password.

        Raises:
            MalformedKey: no such file, one others may open, no SM2 key, the wrong password, or a
                public half that is another key's.
        """
        content = load_key_file(path, cls._purpose)
        try:
            return cls(_private(*read_private_key(content, password)))
        except MalformedKey as error:
            # Not chained, as in `pbes2`: a traceback shows arguments.
            raise MalformedKey(f"{path} 打不开：{error.message}", **error.facts) from None

    def save(self, path: Path, password: bytes) -> None:
        """Create an encrypted PKCS#8 file with mode 0600.

        Raises:
            AlreadyExists: there is such a file.
        """
        check_password(password)
        sealed = seal_pkcs8(self._private.to_pkcs8(), password)
        save_key_file(path, label(self._purpose) + sealed)

    @property
    def public_key(self) -> Sm2PublicKey:
        return self._private.public_key

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.public_key.key_id.hex()}>"

    def __reduce__(self) -> str:
        raise TypeError("private keys are not pickled")


class SoftwareSigner(_SoftwareKey):
    """A `Signer` without hardware."""

    _purpose = "sm2-signing"

    def sign_e(self, e32: bytes) -> bytes:
        if len(e32) != E_SIZE:
            raise ValueError("e has 32 bytes")
        return self._private.sign_e(e32)


class SoftwareUnwrapper(_SoftwareKey):
    """An `Unwrapper` without hardware."""

    _purpose = "sm2-encryption"

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open GM/T 0009 DER; return the 16-byte SM4 key.

        Raises:
            MalformedEnvelope: it was wrapped to another key, changed, or holds another size.
        """
        key = self._private.decrypt(wrapped)
        if len(key) != DATA_KEY_SIZE:
            raise MalformedEnvelope("the wrapped key does not have 16 bytes")
        return key


def _private(scalar: int, public: Sm2PublicKey | None) -> backend.PrivateKey:
    """Return a key as the backend holds it, its public half computed and compared."""
    if not 0 < scalar < N - 1:
        raise MalformedKey("私钥超出范围 / the private key is out of range")
    key = backend.load().from_scalar(scalar)
    if public is not None and key.public_key != public:
        raise MalformedKey("公钥与私钥不是一对 / its public key is not the private one's")
    return key


def wrap(public: Sm2PublicKey, key16: bytes) -> bytes:
    """Encrypt a 16-byte SM4 key to `public`; GM/T 0009 DER."""
    if len(key16) != DATA_KEY_SIZE:
        raise ValueError("an SM4 key has 16 bytes")
    return backend.load().encrypt(public, key16)


def verify_sm2_e(public: Sm2PublicKey, e: bytes, signature: bytes) -> None:
    """Check the 64 bytes r‖s over e, 32 bytes.

    Raises:
        SignatureInvalid: it is not `public`'s signature of e.
    """
    if len(signature) != SIGNATURE_SIZE or len(e) != E_SIZE:
        raise SignatureInvalid("an SM2 signature has 64 bytes")
    if not _in_range(signature) or not backend.load().verify_e(public, e, signature):
        raise SignatureInvalid("the SM2 signature does not hold")


def are_sm2_e(questions: Sequence[tuple[Sm2PublicKey, bytes, bytes]]) -> list[bool]:
    """Tell of many whether the 64 bytes r‖s are the key's signature of e, 32 bytes."""
    sound = [len(e) == E_SIZE and _in_range(signature) for _, e, signature in questions]
    asked = [each for each, is_sound in zip(questions, sound, strict=True) if is_sound]
    answers = iter(backend.load().verify_all(asked))
    return [is_sound and next(answers) for is_sound in sound]


def _in_range(signature: bytes) -> bool:
    if len(signature) != SIGNATURE_SIZE:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return 0 < r < N and 0 < s < N


def verify_sm2(public: Sm2PublicKey, message: bytes, signature: bytes) -> None:
    """Check the 64 bytes r‖s over `message`, identity 1234567812345678.

    Raises:
        SignatureInvalid: it is not `public`'s signature of `message`.
    """
    verify_sm2_e(public, public.message_hash(message), signature)
