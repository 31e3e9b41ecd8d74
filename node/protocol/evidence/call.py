"""The signed text inside a leaf, read back into its parts (protocol.md section 4).

A leaf keeps the text and not the request; what it says is what the caller signed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import MalformedReceipt
from .. import signedcall

_BASE = re.compile(
    r'"@method": ([A-Z]{1,16})\n'
    r'"@authority": ([a-z0-9.\-:\[\]]{1,255})\n'
    r'"@path": (/[!-~]{0,2047})\n'
    r'"@query": \?([!-~]{0,4095})\n'
    r'"content-type": ([!-~][ -~]{0,254})\n'
    r'"content-digest": (sm3=:[A-Za-z0-9+/]{43}=:)\n'
    r'"@signature-params": (.{0,400};created=([1-9][0-9]{0,11});nonce="([A-Za-z0-9_-]{22,64})";'
    r'alg="sm2-sm3";keyid="([0-9a-f]{64})";tag="gdsl-1")'
)
_PATH = re.compile(r"/api/v1/authorisations/([1-9][0-9]{0,15})/query")


@dataclass(frozen=True, slots=True)
class Call:
    """What a caller signed."""

    authority: str
    path: str
    content_digest: str
    created: int
    """Seconds."""
    nonce: str
    key_id: bytes

    @property
    def authorisation(self) -> int | None:
        """The authorisation its path names; None for any other path."""
        match = _PATH.fullmatch(self.path)
        return int(match[1]) if match else None


def parse_base(base: bytes) -> Call:
    """Read a signature base of profile gdsl-1.

    Raises:
        MalformedReceipt: not exactly the text that a caller of this profile signs.
    """
    match = _BASE.fullmatch(base.decode("latin-1"))
    if match is None:
        raise MalformedReceipt("the signed text is not of profile gdsl-1")
    method, authority, path, query, content_type, digest, params, created, nonce, keyid = (
        match.groups()
    )
    again = signedcall.signature_base(
        method=method,
        authority=authority,
        path=path,
        query=query,
        content_type=content_type,
        digest=digest,
        params=signedcall.signature_params(int(created), nonce, keyid),
    )
    if again != base or params != signedcall.signature_params(int(created), nonce, keyid):
        raise MalformedReceipt("the signed text is not of profile gdsl-1")
    return Call(authority, path, digest, int(created), nonce, bytes.fromhex(keyid))
