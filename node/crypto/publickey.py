"""SM2 public keys (GB/T 32918.5, the recommended 256-bit prime curve).

A value of this type is always a point on the curve: there is no way to make one that is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from ..errors import MalformedKey
from .symmetric import keccak256, sm3

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

USER_ID = b"1234567812345678"
"""The default identity of GM/T 0009 section 10; set explicitly everywhere."""

RAW_SIZE = 64

_ZA_PREFIX = (
    (8 * len(USER_ID)).to_bytes(2, "big")
    + USER_ID
    + b"".join(value.to_bytes(32, "big") for value in (A, B, GX, GY))
)


def is_on_curve(x: int, y: int) -> bool:
    """Tell whether (x, y) is an affine point of the curve, coordinates below the prime."""
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


@dataclass(frozen=True)
class Sm2PublicKey:
    """A point on the SM2 curve; raises MalformedKey for any other pair of numbers."""

    x: int
    y: int

    def __post_init__(self) -> None:
        if not is_on_curve(self.x, self.y):
            raise MalformedKey("the key is not a point on the SM2 curve")

    @classmethod
    def from_coordinates(cls, x: int, y: int) -> Sm2PublicKey:
        """Return the key at (x, y); the same few keys sign most calls, so they are remembered.

        Raises:
            MalformedKey: the point is not on the curve.
        """
        return _remembered(x, y)

    @classmethod
    def from_raw(cls, raw: bytes) -> Sm2PublicKey:
        """Read 64 bytes x‖y.

        Raises:
            MalformedKey: another length, or the point is not on the curve.
        """
        if len(raw) != RAW_SIZE:
            raise MalformedKey(f"an SM2 public key has {RAW_SIZE} bytes, not {len(raw)}")
        return _remembered(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    @classmethod
    def from_point(cls, octets: bytes) -> Sm2PublicKey:
        """Read a point (SEC 1, 2.3.4): 04 ‖ x ‖ y, or 02 or 03 ‖ x by y's last bit.

        Raises:
            MalformedKey: neither, or the point is not on the curve.
        """
        form, x = octets[:1], int.from_bytes(octets[1:33], "big")
        if form == b"\x04" and len(octets) == 1 + RAW_SIZE:
            return cls.from_raw(octets[1:])
        if form not in {b"\x02", b"\x03"} or len(octets) != 1 + RAW_SIZE // 2:
            raise MalformedKey("公钥不是 SM2 的点 / the public key is no point: 04‖x‖y is right")
        y = pow(x * x * x + A * x + B, (P + 1) // 4, P)  # a root, if there is one: P = 3 mod 4
        return _remembered(x, y if y % 2 == form[0] % 2 else P - y)

    @cached_property
    def raw(self) -> bytes:
        return self.x.to_bytes(32, "big") + self.y.to_bytes(32, "big")

    @cached_property
    def key_id(self) -> bytes:
        """`keccak256(abi.encode(x, y))`, the key's name on chain (protocol.md section 1)."""
        return keccak256(self.raw)

    @cached_property
    def za(self) -> bytes:
        """ZA (GB/T 32918.2, 5.5): the hash of identity, curve and key; 32 bytes."""
        return sm3(_ZA_PREFIX + self.raw)

    def message_hash(self, message: bytes) -> bytes:
        """Return e = SM3(ZA ‖ message), the 32 bytes that are signed (GB/T 32918.2, 6.1)."""
        return sm3(self.za + message)

    @cached_property
    def anonymous_za(self) -> bytes:
        """ZA of an empty identity, which some libraries take for the default; never accepted."""
        return sm3(bytes(2) + _ZA_PREFIX[2 + len(USER_ID) :] + self.raw)


@lru_cache(maxsize=4096)
def _remembered(x: int, y: int) -> Sm2PublicKey:
    return Sm2PublicKey(x, y)
