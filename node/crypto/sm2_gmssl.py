"""SM2 by the pure-Python `gmssl`: for trials where there is no OpenSSL 3.

Only gmssl's scalar multiplication is used. What it gets wrong is done here: nonces come from
`secrets` (it uses a Mersenne Twister), C3 and the points are checked, keys are never passed where
it strips digits off them, equal and opposite points are added rightly. Not constant time.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from gmssl.sm2 import CryptSM2

from ..errors import MalformedEnvelope
from . import der
from .publickey import (
    GX,
    GY,
    A,
    N,
    P,
    Sm2PublicKey,
    is_on_curve,
)
from .symmetric import constant_time_equal, sm3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Point = tuple[int, int]

_GENERATOR = (GX, GY)

_curve = CryptSM2(private_key="", public_key="")


class PrivateKey:
    """An SM2 private key as a Python number."""

    def __init__(self, scalar: int) -> None:
        self._scalar = scalar
        self.public_key = Sm2PublicKey.from_coordinates(*_multiply(scalar, _GENERATOR))

    def sign_e(self, e: bytes) -> bytes:
        """Sign 32 bytes (GB/T 32918.2, 6.1); return r‖s."""
        number = int.from_bytes(e, "big")
        while True:
            k = secrets.randbelow(N - 1) + 1
            r = (number + _multiply(k, _GENERATOR)[0]) % N
            s = pow(1 + self._scalar, -1, N) * (k - r * self._scalar) % N
            if r and s and r + k != N:
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Decrypt GM/T 0009 DER (GB/T 32918.4, 7.1), checking C1 and C3."""
        x, y, c3, c2 = der.ciphertext_from_der(ciphertext)
        if not is_on_curve(x, y):
            raise MalformedEnvelope("the wrapped key does not open: its point is off the curve")
        shared = _multiply(self._scalar, (x, y))
        plaintext = _mask(c2, shared)
        if not constant_time_equal(_check_hash(plaintext, shared), c3):
            raise MalformedEnvelope("the wrapped key does not open: its hash differs")
        return plaintext

    def to_pkcs8(self) -> bytes:
        """Render as unencrypted PKCS#8 DER, the public half in it."""
        return der.pkcs8(self._scalar, self.public_key)


def generate() -> PrivateKey:
    """Make a new private key."""
    return PrivateKey(secrets.randbelow(N - 2) + 1)


def from_scalar(scalar: int) -> PrivateKey:
    """Take over a private key given as a number in [1, n-2]."""
    return PrivateKey(scalar)


def verify_e(public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
    """Tell whether r‖s, both in range, signs the 32 bytes e (GB/T 32918.2, 7.1)."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % N
    if not t:
        return False
    point = _add(_multiply(s, _GENERATOR), _multiply(t, (public.x, public.y)))
    return point is not None and (int.from_bytes(e, "big") + point[0]) % N == r


def verify_all(questions: Sequence[tuple[Sm2PublicKey, bytes, bytes]]) -> list[bool]:
    """Tell the same of many."""
    return [verify_e(*each) for each in questions]


def encrypt(public: Sm2PublicKey, plaintext: bytes) -> bytes:
    """Encrypt to `public` (GB/T 32918.4, 6.1); GM/T 0009 DER (C1C3C2)."""
    while True:
        k = secrets.randbelow(N - 1) + 1
        x, y = _multiply(k, _GENERATOR)
        shared = _multiply(k, (public.x, public.y))
        c2 = _mask(plaintext, shared)
        if c2 != plaintext or not plaintext:
            break
    fields = der.wrap_integer(x) + der.wrap_integer(y)
    fields += der.wrap_tlv(der.OCTETS, _check_hash(plaintext, shared))
    return der.wrap_tlv(der.SEQUENCE, fields + der.wrap_tlv(der.OCTETS, c2))


def version() -> str:
    """Name the backend and its library."""
    from importlib.metadata import version as installed

    return f"gmssl {installed('gmssl')} (pure Python, for trials)"


def _multiply(scalar: int, point: Point) -> Point:
    """Return scalar·point for a scalar in [1, n-1]: never the point at infinity."""
    text = _curve._kg(scalar, f"{point[0]:064x}{point[1]:064x}")  # noqa: SLF001 - no public name
    return int(text[:64], 16), int(text[64:], 16)


def _add(a: Point, b: Point) -> Point | None:
    """Return a + b, None for the point at infinity."""
    if a[0] == b[0]:
        if a != b:
            return None
        slope = (3 * a[0] * a[0] + A) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _octets(point: Point) -> tuple[bytes, bytes]:
    return point[0].to_bytes(32, "big"), point[1].to_bytes(32, "big")


def _stream(shared: Point) -> Iterator[int]:
    """Yield the key stream of GB/T 32918.4, 5.4.3."""
    seed = b"".join(_octets(shared))
    counter = 1
    while True:
        yield from sm3(seed + counter.to_bytes(4, "big"))
        counter += 1


def _mask(text: bytes, shared: Point) -> bytes:
    return bytes(octet ^ key for octet, key in zip(text, _stream(shared), strict=False))


def _check_hash(plaintext: bytes, shared: Point) -> bytes:
    x, y = _octets(shared)
    return sm3(x + plaintext + y)
