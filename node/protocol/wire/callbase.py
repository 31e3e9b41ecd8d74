"""The text a call signs: the signature base of profile gdsl-1 (RFC 9421 section 2.5).

Seven lines in a fixed order, written and read back by the same patterns (protocol.md section 4).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from ...crypto import sm3
from ...errors import InvalidInput
from .ids import event_id

_COMPONENTS = '("@method" "@authority" "@path" "@query" "content-type" "content-digest")'
PARAMS = (
    re.escape(_COMPONENTS) + r';created=([1-9][0-9]{0,11});nonce="([A-Za-z0-9_-]{22,64})"'
    r';alg="sm2-sm3";keyid="([0-9a-f]{64})";tag="gdsl-1"'
)
METHOD = re.compile(r"[A-Z]{1,16}")
AUTHORITY = re.compile(r"[a-z0-9.\-:\[\]]{1,255}")
PATH = re.compile(r"/[!-~]{0,2047}")
QUERY = re.compile(r"[!-~]{0,4095}")
CONTENT_TYPE = re.compile(r"[!-~][ -~]{0,254}")
_DIGEST = re.compile(r"sm3=:([A-Za-z0-9+/]{43}=):")
_BASE = re.compile(
    rf'"@method": ({METHOD.pattern})\n"@authority": ({AUTHORITY.pattern})\n'
    rf'"@path": ({PATH.pattern})\n"@query": \?({QUERY.pattern})\n'
    rf'"content-type": ({CONTENT_TYPE.pattern})\n"content-digest": {_DIGEST.pattern}\n'
    rf'"@signature-params": {PARAMS}'
)


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
        """The call's id."""
        return event_id(self.created, self.authority, self.key_id.hex(), self.nonce)


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
