"""Hash functions, and comparison of secrets in constant time.

SM3 is GB/T 32905, SHA-256 is FIPS 180-4, Keccak-256 is the EVM's (not SHA3-256).
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache

from cryptography.hazmat.primitives.hashes import SM3, Hash
from eth_hash.auto import keccak


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
    return bytes(keccak(data))


def constant_time_equal(a: bytes, b: bytes) -> bool:
    """Compare without telling by the time taken where the difference is."""
    return hmac.compare_digest(a, b)
