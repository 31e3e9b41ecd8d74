"""Bytes as text at the edges: base64url without padding (RFC 4648 section 5), lower-case hex.

Every byte string has exactly one accepted spelling. Times are RFC 3339.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

from ...errors import InvalidInput

_HEX32 = re.compile(r"[0-9a-f]{64}")
_B64U = re.compile(r"[A-Za-z0-9_-]*")
_TO_URL = bytes.maketrans(b"+/", b"-_")


def b64u(data: bytes) -> str:
    """Render as base64url without padding."""
    return b64u_octets(data).decode("ascii")


def b64u_octets(data: bytes) -> bytes:
    """Render as base64url without padding, as the bytes of its characters."""
    # In one go, because each answer has a dozen of them: the padding is what translating drops.
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=")


def unb64u(text: object, *, error: type[InvalidInput] = InvalidInput) -> bytes:
    """Read base64url without padding.

    Raises:
        InvalidInput: (or `error`) any other spelling, also padded or with stray last bits.
    """
    if not isinstance(text, str) or not _B64U.fullmatch(text):
        raise error("not base64url without padding")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as cause:
        raise error("not base64url without padding") from cause
    if b64u(data) != text:
        raise error("not the canonical base64url spelling")
    return data


def hex32(text: object, *, error: type[InvalidInput] = InvalidInput) -> bytes:
    """Read 64 lower-case hex digits.

    Raises:
        InvalidInput: (or `error`) any other text.
    """
    if not isinstance(text, str) or not _HEX32.fullmatch(text):
        raise error("应为 64 位小写十六进制 / not 64 lower-case hex digits")
    return bytes.fromhex(text)


def rfc3339(seconds: int) -> str:
    """Return a time in Unix seconds as an answer carries it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
