"""Signed calls: the fixed RFC 9421 profile gdsl-1 (protocol.md section 4).

One form, one regular expression: components `@method @authority @path @query content-type
content-digest`, parameters `created nonce alg keyid tag`. The values are signed as they are
sent; a body is bound by its SM3. Parsing does not need the key, so that a key can be looked up
first; nothing parsed is to be believed before `verify`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...crypto import (
    constant_time_equal,
    normalise_signature,
    sign_call,
    verify_sm2,
)
from ...errors import ClockSkew, DigestMismatch, InvalidInput
from .callbase import (
    AUTHORITY,
    CONTENT_TYPE,
    METHOD,
    PARAMS,
    PATH,
    QUERY,
    CallBase,
    content_digest,
    parse_base,
    signature_base,
    signature_params,
)
from .ids import event_id

if TYPE_CHECKING:
    from ...crypto import Signer, Sm2PublicKey

OLDEST_SECONDS = 300
NEWEST_SECONDS = 60

__all__ = [
    "CallBase",
    "SignedCall",
    "build",
    "content_digest",
    "parse",
    "parse_base",
    "signature_base",
    "signature_params",
    "verify",
]

HEADERS = ("content-type", "content-digest", "signature-input", "signature")

_INPUT = re.compile(rf"sig=({PARAMS})")
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/]{80,100}={0,2}):")
HeaderSource = Mapping[str, str] | Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class SignedCall:
    """A call as it was signed; believe it only after `verify`."""

    base: bytes
    """The signed text, exact."""
    created: int
    """Seconds since 1970."""
    nonce: str
    key_id: bytes
    """32 bytes; clients treat it as opaque."""
    signature: bytes
    """64 bytes r‖s."""
    event: bytes
    """The call's id, 32 bytes (protocol.md section 1)."""
    authority: str
    media_type: str
    """The content type without its parameters, lower case."""


def build(  # noqa: PLR0917 - a call's parts in the order they are signed
    method: str,
    authority: str,
    path: str,
    query: str,
    content_type: str,
    body: bytes,
    created: int,
    nonce: str,
    key_id: bytes,
    signer: Signer,
) -> dict[str, str]:
    """Sign a call; return the four headers it must be sent with.

    `nonce` is base64url of at least 16 random bytes. Raises ValueError for parts a call cannot
    have (the typed signer refuses them).
    """
    digest = content_digest(body)
    params = signature_params(created, nonce, key_id.hex())
    base = signature_base(
        method=method,
        authority=authority.lower(),
        path=path,
        query=query,
        content_type=content_type,
        digest=digest,
        params=params,
    )
    signature = base64.b64encode(sign_call(signer, base)).decode("ascii")
    return {
        "content-type": content_type,
        "content-digest": digest,
        "signature-input": f"sig={params}",
        "signature": f"sig=:{signature}:",
    }


def parse(  # noqa: PLR0917 - a call's parts in the order they are signed
    method: str,
    authority: str,
    raw_path: bytes | str,
    query_string: bytes | str,
    headers: HeaderSource,
    body: bytes,
) -> SignedCall:
    """Read a call as the server received it; the body's digest is checked here.

    `raw_path` and `query_string` are those of the ASGI scope; `headers` may be its list of pairs
    (then a header given twice is refused) or a mapping with lower-case names.

    Raises:
        InvalidInput: a header is missing or the call is not of profile gdsl-1.
        DigestMismatch: the body is not the one whose digest was signed.
        SignatureInvalid: the signature is neither r‖s nor DER.
    """
    values = _headers(headers)
    match = _INPUT.fullmatch(values["signature-input"])
    if not match:
        raise InvalidInput("Signature-Input is not of profile gdsl-1")
    parts = {
        "method": _fit(METHOD, method, "method"),
        "authority": _fit(AUTHORITY, authority.lower(), "authority"),
        "path": _fit(PATH, _text(raw_path), "path"),
        "query": _fit(QUERY, _text(query_string), "query"),
        "content_type": _fit(CONTENT_TYPE, values["content-type"], "content type"),
    }
    digest = content_digest(body)
    if not constant_time_equal(digest.encode("ascii"), _latin(values["content-digest"])):
        raise DigestMismatch("the body does not hash to its Content-Digest (sm3)")
    created, nonce, keyid = int(match[2]), match[3], match[4]
    return SignedCall(
        base=signature_base(**parts, digest=digest, params=match[1]),
        created=created,
        nonce=nonce,
        key_id=bytes.fromhex(keyid),
        signature=_signature(values["signature"]),
        event=event_id(created, parts["authority"], keyid, nonce),
        authority=parts["authority"],
        media_type=parts["content_type"].partition(";")[0].strip().lower(),
    )


def verify(
    call: SignedCall, public_key: Sm2PublicKey, now: int, *, oldest_seconds: int = OLDEST_SECONDS
) -> None:
    """Check a parsed call's time and signature; the key's own validity is the caller's to check.

    Raises:
        ClockSkew: signed more than `oldest_seconds` ago or more than 60 s ahead of `now`.
        SignatureInvalid: the signature does not hold.
    """
    if not now - oldest_seconds <= call.created <= now + NEWEST_SECONDS:
        raise ClockSkew(
            f"the call was signed at {call.created}, the server's clock says {now}", now=now
        )
    verify_sm2(public_key, call.base, call.signature)


def _headers(headers: HeaderSource) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(headers, Mapping):
        found = {name: headers[name] for name in HEADERS if name in headers}
    else:
        for raw_name, value in headers:
            name = raw_name.decode("latin-1").lower()
            if name in found:
                raise InvalidInput(f"the header {name} is given twice")
            if name in HEADERS:
                found[name] = value.decode("latin-1")
    for name in HEADERS:
        if name not in found:
            raise InvalidInput(f"the header {name} is missing")
    return found


def _signature(value: str) -> bytes:
    match = _SIGNATURE.fullmatch(value)
    if not match:
        raise InvalidInput("Signature is not one base64 value labelled sig")
    try:
        octets = base64.b64decode(match[1], validate=True)
    except binascii.Error as error:
        raise InvalidInput("Signature is not base64") from error
    # Its last digit has bits that decode to nothing; only zeros there are one spelling.
    if base64.b64encode(octets).decode("ascii") != match[1]:
        raise InvalidInput("Signature is not the canonical base64 spelling")
    return normalise_signature(octets)


def _fit(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise InvalidInput(f"the {what} of a signed call cannot be {value[:80]!r}")
    return value


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _latin(value: str) -> bytes:
    return value.encode("latin-1", "replace")
