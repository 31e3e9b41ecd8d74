"""Signed calls: the fixed RFC 9421 profile gdsl-1 (protocol.md section 4).

One form, written and read back by the same patterns: the signature base of seven lines in a fixed
order, components `@method @authority @path @query content-type content-digest`, parameters
`created nonce alg keyid tag`. The values are signed as they are sent; a body is bound by its SM3.
Parsing does not need the key, so that a key can be looked up first; nothing parsed is to be
believed before `verify`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...crypto import (
    constant_time_equal,
    normalise_signature,
    sign_call,
    sm3,
    verify_sm2,
)
from ...errors import ClockSkew, DigestMismatch, InvalidInput, SignatureInvalid
from .ids import event_id

if TYPE_CHECKING:
    from ...crypto import Signer, Sm2PublicKey

OLDEST_SECONDS = 300
NEWEST_SECONDS = 60
HEADERS = ("content-type", "content-digest", "signature-input", "signature")
HeaderSource = Mapping[str, str] | Iterable[tuple[bytes, bytes]]

_COMPONENTS = '("@method" "@authority" "@path" "@query" "content-type" "content-digest")'
_PARAMS = (
    re.escape(_COMPONENTS) + r';created=([1-9][0-9]{0,11});nonce="([A-Za-z0-9_-]{22,64})"'
    r';alg="sm2-sm3";keyid="([0-9a-f]{64})";tag="gdsl-1"'
)
_METHOD = re.compile(r"[A-Z]{1,16}")
_AUTHORITY = re.compile(r"[a-z0-9.\-:\[\]]{1,255}")
_PATH = re.compile(r"/[!-~]{0,2047}")
_QUERY = re.compile(r"[!-~]{0,4095}")
_CONTENT_TYPE = re.compile(r"[!-~][ -~]{0,254}")
_DIGEST = re.compile(r"sm3=:([A-Za-z0-9+/]{43}=):")
_BASE = re.compile(
    rf'"@method": ({_METHOD.pattern})\n"@authority": ({_AUTHORITY.pattern})\n'
    rf'"@path": ({_PATH.pattern})\n"@query": \?({_QUERY.pattern})\n'
    rf'"content-type": ({_CONTENT_TYPE.pattern})\n"content-digest": {_DIGEST.pattern}\n'
    rf'"@signature-params": {_PARAMS}'
)
_INPUT = re.compile(rf"sig=({_PARAMS})")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){60,80}")
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/]{80,100}={0,2}):")


@dataclass(frozen=True)
class CallBase:
    """What a signature base says, read back from its text."""

    method: str
    authority: str
    path: str
    query: str
    content_type: str
    content_digest: bytes
    """SM3 of the body, 32 bytes."""
    created: int
    nonce: str
    key_id: bytes

    @property
    def event(self) -> bytes:
        return event_id(self.created, self.authority, self.key_id.hex(), self.nonce)


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


def content_digest(body: bytes) -> str:
    """Return the value of Content-Digest for a body."""
    return f"sm3=:{base64.b64encode(sm3(body)).decode('ascii')}:"


def signature_params(created: int, nonce: str, keyid: str) -> str:
    """Return the value of `@signature-params`."""
    return (
        f'{_COMPONENTS};created={created};nonce="{nonce}"'
        f';alg="sm2-sm3";keyid="{keyid}";tag="gdsl-1"'
    )


def signature_base(
    *,
    method: str,
    authority: str,
    path: str,
    query: str,
    content_type: str,
    digest: str,
    params: str,
) -> bytes:
    """Return the signature base: seven lines, LF between them and none at the end (RFC 9421 2.5).

    `query` comes without its question mark, `path` and `query` percent-encoded as sent.
    """
    return (
        f'"@method": {method}\n"@authority": {authority}\n"@path": {path}\n"@query": ?{query}\n'
        f'"content-type": {content_type}\n"content-digest": {digest}\n'
        f'"@signature-params": {params}'
    ).encode("latin-1")


def parse_base(base: bytes) -> CallBase:
    """Read a signature base, such as the one a leaf keeps.

    Raises:
        InvalidInput: not exactly a text that `build` would sign.
    """
    match = _BASE.fullmatch(base.decode("latin-1"))
    if not match:
        raise InvalidInput("this is not the signature base of a call")
    method, authority, path, query, content_type, digest, created, nonce, keyid = match.groups()
    octets = base64.b64decode(digest)
    if base64.b64encode(octets).decode("ascii") != digest:
        raise InvalidInput("the content digest is not canonical base64")
    return CallBase(
        method=method,
        authority=authority,
        path=path,
        query=query,
        content_type=content_type,
        content_digest=octets,
        created=int(created),
        nonce=nonce,
        key_id=bytes.fromhex(keyid),
    )


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
        SignatureInvalid: there is no signature, or it is no base64 of r‖s or DER.
    """
    values = _headers(headers)
    match = _INPUT.fullmatch(values["signature-input"])
    if not match:
        raise InvalidInput("Signature-Input is not of profile gdsl-1")
    parts = {
        "method": _fit(_METHOD, method, "method"),
        "authority": _fit(_AUTHORITY, authority.lower(), "authority"),
        "path": _fit(_PATH, _text(raw_path), "path"),
        "query": _fit(_QUERY, _text(query_string), "query"),
        "content_type": _fit(_CONTENT_TYPE, values["content-type"], "content type"),
    }
    digest = content_digest(body)
    if not constant_time_equal(
        digest.encode("ascii"), values["content-digest"].encode("latin-1", "replace")
    ):
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
    missing = [name for name in HEADERS if name not in found]
    if "signature-input" in missing or "signature" in missing:
        raise SignatureInvalid(
            "the request is not signed, and this address is for signed requests: of the headers "
            f"{', '.join(HEADERS)} (profile gdsl-1, protocol.md section 4) {', '.join(missing)} "
            "are missing"
        )
    if missing:
        raise InvalidInput(f"the header {missing[0]} is missing")
    return found


def _signature(value: str) -> bytes:
    match = _SIGNATURE.fullmatch(value)
    if not match:
        raise SignatureInvalid(_misspelt(value))
    try:
        octets = base64.b64decode(match[1], validate=True)
    except binascii.Error as error:
        raise SignatureInvalid("Signature is not base64") from error
    # Its last digit has bits that decode to nothing; only zeros there are one spelling.
    if base64.b64encode(octets).decode("ascii") != match[1]:
        raise SignatureInvalid("Signature is not the canonical base64 spelling")
    return normalise_signature(octets)


def _misspelt(value: str) -> str:
    """Say what is wrong with a Signature that is none: hex is what many libraries return."""
    text = value.removeprefix("sig=:").removesuffix(":")
    with suppress(ValueError):
        if _HEX.fullmatch(base64.b64decode(text, validate=True).decode("ascii")):
            text = "00" * 64
    if _HEX.fullmatch(text):
        return (
            "签名是十六进制文字，应先还原为字节，再作 base64 / Signature is made of hex digits; it "
            "must be the base64 of the bytes they stand for"
        )
    return "Signature is not one base64 value labelled sig"


def _fit(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise InvalidInput(f"the {what} of a signed call cannot be {value[:80]!r}")
    return value


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
