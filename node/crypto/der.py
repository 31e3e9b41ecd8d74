"""DER as SM2 needs it: signatures and ciphertexts (GM/T 0009), keys for libcrypto, its readers.

Reading is strict: minimal lengths, minimal positive integers, nothing left over. Every reader
raises the error class it is given, and nothing else, whatever the bytes are.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidInput, LedgerError, MalformedEnvelope, SignatureInvalid
from .publickey import N, Sm2PublicKey

SEQUENCE = 0x30
INTEGER = 0x02
BITS = 0x03
OCTETS = 0x04
OBJECT = 0x06
SIGNATURE_SIZE = 64

SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""SubjectPublicKeyInfo of an uncompressed SM2 point, up to x (OID 1.2.156.10197.1.301)."""

EC_KEY = "1.2.840.10045.2.1"
SM2_CURVE = "1.2.156.10197.1.301"

_PUBLIC_HALF = bytes.fromhex("a14403420004")
_SHORT = 0x80
_LONGEST = 3
_LONGEST_OBJECT = 32


def wrap_tlv(tag: int, content: bytes) -> bytes:
    """Render one DER element."""
    size = len(content)
    if size < _SHORT:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(length))) + length + content


def wrap_integer(value: int) -> bytes:
    """Render a non-negative INTEGER."""
    return wrap_tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def wrap_object(dotted: str) -> bytes:
    """Render an OBJECT IDENTIFIER written with dots."""
    first, second, *rest = map(int, dotted.split("."))
    octets = b""
    for number in (40 * first + second, *rest):
        part = bytes((number & 0x7F,))
        while number := number >> 7:
            part = bytes((0x80 | number & 0x7F,)) + part
        octets += part
    return wrap_tlv(OBJECT, octets)


@dataclass
class Reader:
    """A cursor over DER bytes that refuses whatever is not minimal."""

    data: bytes
    error: type[LedgerError] = InvalidInput
    position: int = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        end = self.position + size
        if end > len(self.data):
            raise self.error("DER ends too early")
        part = self.data[self.position : end]
        self.position = end
        return part

    def read(self, tag: int) -> bytes:
        """Return the content of the next element, which must have `tag`."""
        if self.take(1)[0] != tag:
            raise self.error("DER holds another type than expected")
        size = self.take(1)[0]
        if size >= _SHORT:
            length = self.take(size - _SHORT)
            size = int.from_bytes(length, "big")
            if not 1 <= len(length) <= _LONGEST or length[0] == 0 or size < _SHORT:
                raise self.error("DER length is not minimal")
        return self.take(size)

    def inside(self, tag: int) -> Reader:
        """Return a reader of the content of the next element, which must have `tag`."""
        return Reader(self.read(tag), self.error)

    def next_is(self, tag: int) -> bool:
        """Tell whether the next element has `tag`; false at the end."""
        return self.data[self.position : self.position + 1] == bytes((tag,))

    def read_object(self) -> str:
        """Return the next element, an OBJECT IDENTIFIER, written with dots."""
        octets, numbers, number = self.read(OBJECT), [], 0
        if not octets or octets[-1] >= _SHORT or len(octets) > _LONGEST_OBJECT:
            raise self.error("DER object identifier is malformed")
        for octet in octets:
            number = number << 7 | octet & 0x7F
            if octet < _SHORT:
                numbers.append(number)
                number = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))

    def read_integer(self) -> int:
        """Return the next element as a non-negative, minimally encoded INTEGER."""
        body = self.read(INTEGER)
        if not body or body[0] >= _SHORT or (len(body) > 1 and body[0] == 0 and body[1] < _SHORT):
            raise self.error("DER integer is negative or not minimal")
        return int.from_bytes(body, "big")

    def finish(self) -> None:
        """Refuse anything left over."""
        if self.position != len(self.data):
            raise self.error("DER is followed by other bytes")


def signature_to_der(signature: bytes) -> bytes:
    """Render 64 bytes r‖s as `SEQUENCE { r, s }`."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return wrap_tlv(SEQUENCE, wrap_integer(r) + wrap_integer(s))


def signature_from_der(der: bytes) -> bytes:
    """Read `SEQUENCE { r, s }` into 64 bytes r‖s.

    Raises:
        SignatureInvalid: not such a sequence, or r or s is no scalar of the curve.
    """
    outer = Reader(der, SignatureInvalid)
    inner = Reader(outer.read(SEQUENCE), SignatureInvalid)
    outer.finish()
    r, s = inner.read_integer(), inner.read_integer()
    inner.finish()
    if not (0 < r < N and 0 < s < N):
        raise SignatureInvalid("r or s is not a scalar of the SM2 curve")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def normalise_signature(signature: bytes) -> bytes:
    """Return 64 bytes r‖s from r‖s or from DER.

    Raises:
        SignatureInvalid: neither of the two.
    """
    if len(signature) == SIGNATURE_SIZE:
        # A DER signature of exactly 64 bytes has r and s of 58 bytes together: never by chance.
        return signature
    return signature_from_der(signature)


def ciphertext_from_der(ciphertext: bytes) -> tuple[int, int, bytes, bytes]:
    """Read `SEQUENCE { x1, y1, C3, C2 }` (GM/T 0009 section 7.2).

    Raises:
        MalformedEnvelope: not such a sequence; libcrypto would pass over what follows one.
    """
    outer = Reader(ciphertext, MalformedEnvelope)
    inner = Reader(outer.read(SEQUENCE), MalformedEnvelope)
    outer.finish()
    x, y = inner.read_integer(), inner.read_integer()
    c3, c2 = inner.read(OCTETS), inner.read(OCTETS)
    inner.finish()
    return x, y, c3, c2


def spki(public: Sm2PublicKey) -> bytes:
    """Render a public key as SubjectPublicKeyInfo."""
    return SPKI_PREFIX + public.raw


def pkcs8(scalar: int, public: Sm2PublicKey | None = None) -> bytes:
    """Render a private key as unencrypted PKCS#8 (RFC 5915 inside); never leaves the process."""
    half = b"" if public is None else _PUBLIC_HALF + public.raw
    key = wrap_integer(1) + wrap_tlv(OCTETS, scalar.to_bytes(32, "big")) + half
    algorithm = wrap_tlv(SEQUENCE, wrap_object(EC_KEY) + wrap_object(SM2_CURVE))
    inner = wrap_tlv(OCTETS, wrap_tlv(SEQUENCE, key))
    return wrap_tlv(SEQUENCE, wrap_integer(0) + algorithm + inner)
