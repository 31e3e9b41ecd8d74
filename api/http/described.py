"""What the OpenAPI document says of routes: how they refuse, what a signature adds, how ids look.

A route names the errors it can raise, and its document follows: statuses and codes come from the
same table that answers (`problems`). The patterns of what is answered describe and check nothing:
an id that the chain let pass must be shown, whatever it looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path
from pydantic import Field

from node.errors import (
    ClockSkew,
    DigestMismatch,
    InvalidInput,
    KeyNotInForce,
    KeyRevoked,
    LedgerBehind,
    LedgerError,
    SignatureInvalid,
)

from ..refusing_words import title_of
from .problems import MEDIA_TYPE, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

HEX32 = "^[0-9a-f]{64}$"
HEX64 = "^[0-9a-f]{128}$"
DEPARTMENT = "^[0-9A-Z]{18}$"
_LAST = "(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])"
B64U = f"^(?:[A-Za-z0-9_-]{{4}})*{_LAST}?$"
"""The one spelling of bytes in base64url: the last character's unused bits are zero."""
SALT = f"^(?:[A-Za-z0-9_-]{{4}}){{5}}(?:{_LAST}|(?:[A-Za-z0-9_-]{{4}}){{1,44}}{_LAST}?)$"
"""B64U of at least 16 bytes, at most 200 characters."""


def _shown(pattern: str) -> Any:  # noqa: ANN401 - pydantic's own
    return Field(json_schema_extra={"pattern": pattern})


Hex32 = Annotated[str, _shown(HEX32)]
Hex64 = Annotated[str, _shown(HEX64)]
Address = Annotated[str, _shown("^[0-9a-f]{40}$")]
Bytes = Annotated[str, _shown(B64U)]
Code = Annotated[str, _shown(DEPARTMENT)]
"""A department's: 18 digits and capital letters."""

HexPath = Annotated[str, Path(pattern=HEX32)]
CodePath = Annotated[str, Path(pattern=DEPARTMENT)]

SCHEME = {
    "gdsl-1": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": (
            "RFC 9421 signature of profile gdsl-1: headers Content-Type, Content-Digest (sm3), "
            "Signature-Input and Signature, each once, also without a body; SM2 with SM3 over "
            "@method, @authority, @path, @query, content-type, content-digest, by a key registered "
            "on the chain. Accepted from 300 s before to 60 s after the server's clock."
        ),
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-shareledger",
        "description": (
            "An officer's session at a browser (`POST /office/session`; over plain http the cookie "
            "is `shareledger-session`). What changes something repeats the session's `csrf` as "
            "`X-CSRF-Token`."
        ),
    },
}
_COMPONENTS = r'\("@method" "@authority" "@path" "@query" "content-type" "content-digest"\)'
_VALUES = (
    ';created=[1-9][0-9]{0,11};nonce="[A-Za-z0-9_-]{22,64}";alg="sm2-sm3"'
    ';keyid="[0-9a-f]{64}";tag="gdsl-1"'
)
PARAMETERS: dict[str, Any] = {
    name: {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }
    for name, description, pattern in (
        (
            "Content-Digest",
            "SM3 of the body, also of an empty one (RFC 9530).",
            "^sm3=:[A-Za-z0-9+/]{43}=:$",
        ),
        (
            "Signature-Input",
            "What is signed, when, and by which key (RFC 9421).",
            rf"^sig={_COMPONENTS}{_VALUES}$",
        ),
        (
            "Signature",
            "The SM2 signature, r‖s or DER.",
            "^sig=:[A-Za-z0-9+/]{80,100}={0,2}:$",
        ),
    )
}
"""The headers of a signed request, by name; Content-Type, which OpenAPI keeps to itself, too."""
SIGNED: dict[str, Any] = {
    "security": [{"gdsl-1": []}],
    "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
}
"""What `openapi_extra` of a signed route says."""
UNSIGNED = (
    InvalidInput, DigestMismatch, SignatureInvalid, KeyRevoked, KeyNotInForce, ClockSkew,
    LedgerBehind,
)  # fmt: skip
"""How any signed route refuses a request whose caller it does not know."""


def refusals(*kinds: type[LedgerError]) -> dict[int | str, dict[str, Any]]:
    """Return `responses` of a route that can raise these, and that may fail as all can."""
    by_status: dict[int, list[type[LedgerError]]] = {}
    for kind in dict.fromkeys((*kinds, LedgerError)):
        by_status.setdefault(status_of(kind), []).append(kind)
    return {status: _response(found) for status, found in sorted(by_status.items())}


def signed_refusals(*kinds: type[LedgerError]) -> dict[int | str, dict[str, Any]]:
    """Return `responses` of a signed route that can raise these besides what any of them can."""
    return refusals(*UNSIGNED, *kinds)


def _response(kinds: list[type[LedgerError]]) -> dict[str, Any]:
    titles = [f"`{kind.code}` {title_of(kind.code).english}" for kind in kinds]
    status = status_of(kinds[0])
    return {
        "description": "; ".join(titles),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [{"$ref": "#/components/schemas/Problem"}],
                    "properties": {
                        "status": {"const": status},
                        "code": {"enum": [kind.code for kind in kinds]},
                    },
                }
            }
        },
        **_headers(status),
    }


def _headers(status: int) -> Mapping[str, Any]:
    name = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status)
    if name is None:
        return {}
    return {"headers": {name: {"required": True, "schema": {"type": "string"}}}}
