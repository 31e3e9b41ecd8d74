"""What needs no key pair: hashes, comparison of secrets in constant time, SM4-GCM.

SM3 is GB/T 32905, SHA-256 is FIPS 180-4, Keccak-256 is the EVM's (not SHA3-256). SM4-GCM is GB/T
32907 and RFC 8998: 16-byte keys, 12-byte iv, 16-byte tag at the end. An iv must never be used twice
with one key; `protocol.wire.envelope` sees to that.
"""

from __future__ import annotations

import hashlib
import hmac
from ctypes import create_string_buffer
from functools import cache

from Cryptodome.Hash import keccak
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SM3, Hash

from ..errors import MalformedEnvelope
from . import nativelib

DIGEST_SIZE = 32
IV_SIZE = 12
TAG_SIZE = 16


def sm3(data: bytes) -> bytes:
    """Hash `data` with SM3; 32 bytes."""
    digest = _empty_sm3().copy()
    digest.update(data)
    return digest.finalize()


@cache
def _empty_sm3() -> Hash:
    """Return a hash of nothing, never fed: its copies spare finding the algorithm each time."""
    return Hash(SM3())


def sha256(data: bytes) -> bytes:
    """Hash `data` with SHA-256; 32 bytes."""
    return hashlib.sha256(data).digest()


def keccak256(data: bytes) -> bytes:
    """Hash `data` with the EVM's Keccak-256; 32 bytes."""
    library = nativelib.load()
    if library is None:
        return keccak.new(data=data, digest_bits=256).digest()
    out = create_string_buffer(DIGEST_SIZE)
    library.keccak256(data, len(data), out)
    return out.raw


def constant_time_equal(a: bytes, b: bytes) -> bool:
    """Compare without telling by the time taken where the difference is."""
    return hmac.compare_digest(a, b)


def sm4_seal(key: bytes, iv: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """Encrypt and authenticate; return ciphertext ‖ tag."""
    if len(iv) != IV_SIZE:
        raise ValueError("an iv has 12 bytes")
    cipher = Cipher(SM4(key), GCM(iv)).encryptor()
    cipher.authenticate_additional_data(aad)
    return cipher.update(plaintext) + cipher.finalize() + cipher.tag


def sm4_open(key: bytes, iv: bytes, aad: bytes, sealed: bytes) -> bytes:
    """Check and decrypt ciphertext ‖ tag.

    Raises:
        MalformedEnvelope: key, iv, aad or ciphertext are not those it was sealed with.
    """
    if len(iv) != IV_SIZE or len(sealed) < TAG_SIZE:
        raise MalformedEnvelope("the sealed text is too short or its iv has not 12 bytes")
    body, tag = sealed[:-TAG_SIZE], sealed[-TAG_SIZE:]
    cipher = Cipher(SM4(key), GCM(iv, tag)).decryptor()
    cipher.authenticate_additional_data(aad)
    try:
        return cipher.update(body) + cipher.finalize()
    except InvalidTag as error:
        raise MalformedEnvelope("the sealed text does not open: it or its event differs") from error
