"""SM2 by libcrypto: the backend for production; keys used often are verified by `sm2_tables`.

A key handle owns one EVP_PKEY and frees it when it is collected. Contexts that were initialised
once are kept per thread and used again, because initialising costs more than the bookkeeping of
a signature; a context holds its own reference to its key. Everything here speaks of e, the 32
bytes `SM3(ZA ‖ message)`: `EVP_PKEY_sign` takes it as it is.
"""

from __future__ import annotations

import ctypes
import threading
from collections import OrderedDict
from ctypes import byref, c_char_p, c_size_t, create_string_buffer
from typing import TYPE_CHECKING

from ..errors import (
    LedgerError,
    MalformedEnvelope,
    MalformedKey,
    SelfTestFailed,
)
from . import der, libcrypto
from .publickey import Sm2PublicKey
from .sm2_tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .sm2_tables import Question

_DER_SIGNATURE_SIZE = 80
_REMEMBERED_CONTEXTS = 1024


class _Handle:
    """Owner of one native object: `release` is called exactly once, at collection."""

    __slots__ = ("_release", "pointer")

    def __init__(
        self,
        pointer: int | None,
        release: Callable[[int], object],
        error: type[LedgerError],
        refusal: str = "libcrypto refuses",
    ) -> None:
        self.pointer = 0
        self._release = release
        if not pointer:
            raise error(f"{refusal}: {libcrypto.take_errors()}")
        self.pointer = pointer

    def __del__(self) -> None:
        if self.pointer:
            self._release(self.pointer)


class PrivateKey:
    """An SM2 private key that stays in libcrypto's memory."""

    def __init__(self, handle: _Handle) -> None:
        self._handle = handle
        self._local = threading.local()
        if libcrypto.load().EVP_PKEY_is_a(handle.pointer, b"SM2") != 1:
            raise MalformedKey("the key is not an SM2 key")
        self.public_key = _public_of(handle)

    def sign_e(self, e: bytes) -> bytes:
        library = libcrypto.load()
        context = getattr(self._local, "sign", None)
        if context is None:
            context = _context(self._handle, library.EVP_PKEY_sign_init)
            self._local.sign = context
        output, size = create_string_buffer(_DER_SIGNATURE_SIZE), c_size_t(_DER_SIGNATURE_SIZE)
        if library.EVP_PKEY_sign(context.pointer, output, byref(size), e, len(e)) != 1:
            raise SelfTestFailed(f"libcrypto does not sign: {libcrypto.take_errors()}")
        return der.signature_from_der(output.raw[: size.value])

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Decrypt a GM/T 0009 ciphertext; C3 is checked by libcrypto."""
        der.ciphertext_from_der(ciphertext)
        library = libcrypto.load()
        context = _context(self._handle, library.EVP_PKEY_decrypt_init)
        # The plaintext is never longer than the whole ciphertext.
        output, size = create_string_buffer(len(ciphertext)), c_size_t(len(ciphertext))
        result = library.EVP_PKEY_decrypt(
            context.pointer, output, byref(size), ciphertext, len(ciphertext)
        )
        if result != 1:
            raise MalformedEnvelope(f"the wrapped key does not open: {libcrypto.take_errors()}")
        return output.raw[: size.value]

    def to_pkcs8(self) -> bytes:
        """Render as unencrypted PKCS#8 DER, the public half in it."""
        library = libcrypto.load()
        info = _Handle(
            library.EVP_PKEY2PKCS8(self._handle.pointer),
            library.PKCS8_PRIV_KEY_INFO_free,
            MalformedKey,
        )
        output = create_string_buffer(library.i2d_PKCS8_PRIV_KEY_INFO(info.pointer, None))
        library.i2d_PKCS8_PRIV_KEY_INFO(info.pointer, byref(c_char_p(ctypes.addressof(output))))
        return output.raw


def _context(key: _Handle, initialise: Callable[[int], int]) -> _Handle:
    library = libcrypto.load()
    context = _Handle(
        library.EVP_PKEY_CTX_new(key.pointer, None), library.EVP_PKEY_CTX_free, MalformedKey
    )
    if initialise(context.pointer) != 1:
        raise MalformedKey(f"libcrypto refuses the key: {libcrypto.take_errors()}")
    return context


def _key(pointer: int | None) -> _Handle:
    return _Handle(pointer, libcrypto.load().EVP_PKEY_free, MalformedKey)


def _public_of(handle: _Handle) -> Sm2PublicKey:
    library = libcrypto.load()
    size = library.i2d_PUBKEY(handle.pointer, None)
    if size != len(der.SPKI_PREFIX) + 64:
        raise MalformedKey("the key is not an SM2 key")
    output = create_string_buffer(size)
    cursor = c_char_p(ctypes.addressof(output))
    library.i2d_PUBKEY(handle.pointer, byref(cursor))
    if not output.raw.startswith(der.SPKI_PREFIX):
        raise MalformedKey("the key is not an SM2 key")
    return Sm2PublicKey.from_raw(output.raw[-64:])


def _import_public(public: Sm2PublicKey) -> _Handle:
    encoded = der.spki(public)
    cursor = c_char_p(encoded)
    return _key(libcrypto.load().d2i_PUBKEY(None, byref(cursor), len(encoded)))


class _Contexts(threading.local):
    """This thread's verifying contexts, the least recently used one dropped first."""

    def __init__(self) -> None:
        self.by_key: OrderedDict[bytes, _Handle] = OrderedDict()

    def get(self, public: Sm2PublicKey) -> _Handle:
        context = self.by_key.get(public.raw)
        if context is None:
            library = libcrypto.load()
            context = _context(_import_public(public), library.EVP_PKEY_verify_init)
            self.by_key[public.raw] = context
            if len(self.by_key) > _REMEMBERED_CONTEXTS:
                self.by_key.popitem(last=False)
        else:
            self.by_key.move_to_end(public.raw)
        return context


_contexts = _Contexts()


def generate() -> PrivateKey:
    """Make a new private key."""
    return PrivateKey(_key(libcrypto.load().EVP_PKEY_Q_keygen(None, None, b"SM2")))


def from_scalar(scalar: int) -> PrivateKey:
    """Take over a private key given as a number in [1, n-2]; its public half is computed."""
    # Twice: libcrypto computes a missing public half, and then leaves it out when it writes.
    return _import_private(der.pkcs8(scalar, _import_private(der.pkcs8(scalar)).public_key))


def _import_private(encoded: bytes) -> PrivateKey:
    cursor = c_char_p(encoded)
    return PrivateKey(_key(libcrypto.load().d2i_AutoPrivateKey(None, byref(cursor), len(encoded))))


def _judge(public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
    library = libcrypto.load()
    encoded = der.signature_to_der(signature)
    context = _contexts.get(public)
    if library.EVP_PKEY_verify(context.pointer, encoded, len(encoded), e, len(e)) == 1:
        return True
    library.ERR_clear_error()
    return False


_tables = Tables(_judge)


def verify_e(public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
    """Tell whether r‖s is `public`'s signature of the 32 bytes e."""
    return _tables.verify_e(public, e, signature)


def verify_all(questions: Sequence[Question]) -> list[bool]:
    """Tell the same of many; the curve lets other threads compute."""
    return _tables.verify_all(questions)


def encrypt(public: Sm2PublicKey, plaintext: bytes) -> bytes:
    """Encrypt to `public`; GM/T 0009 DER (C1C3C2)."""
    library = libcrypto.load()
    context = _context(_import_public(public), library.EVP_PKEY_encrypt_init)
    size = c_size_t(0)
    library.EVP_PKEY_encrypt(context.pointer, None, byref(size), plaintext, len(plaintext))
    output = create_string_buffer(size.value)
    result = library.EVP_PKEY_encrypt(
        context.pointer, output, byref(size), plaintext, len(plaintext)
    )
    if result != 1:
        raise MalformedKey(f"libcrypto does not encrypt: {libcrypto.take_errors()}")
    return output.raw[: size.value]


def version() -> str:
    """Name the backend and its library, and whether keys in use have tables."""
    beside = " + native SM2 verification" if _tables.trusted else ""
    return f"libcrypto ({libcrypto.version()}){beside}"
