"""Signed requests: what a client must send, and what a server makes of what arrives."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from node.crypto.der import signature_to_der

from ..make_vectors.calling import make_calls
from ..make_vectors.town import CREATED
from .actors import APPLICATION
from .ciphering import case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .actors import Actors
    from .ciphering import Case

PARTS = ("method", "authority", "path", "query", "body")
OLDEST, NEWEST = 300, 60
Headers = list[list[str]]


def make_cases(actors: Actors) -> Iterator[Case]:
    """Yield the cases of this file."""
    calls = make_calls(actors.town)["calls"]
    for each in calls:
        given = {
            "key": APPLICATION,
            **{name: each[name] for name in (*PARTS, "created", "nonce")},
            "contentType": each["headers"]["content-type"],
        }
        yields = {name: each[name] for name in ("base", "e", "event")}
        yield case(
            "sign-request",
            each["name"],
            given,
            contentDigest=each["headers"]["content-digest"],
            signatureInput=each["headers"]["signature-input"],
            **yields,
        )
        yield _arrived(each, each["name"], base=each["base"], event=each["event"])
    yield from _changed(calls[0])
    yield from _repeated(calls[0])
    yield from _spelt_otherwise(calls[0])


def _headers(call: dict[str, Any]) -> Headers:
    return [[name, value] for name, value in call["headers"].items()]


def _arrived(
    call: dict[str, Any],
    name: str,
    *,
    headers: Headers | None = None,
    now: int = CREATED,
    change: dict[str, str] | None = None,
    **yields: Any,
) -> Case:
    given = {
        "key": APPLICATION,
        **{part: call[part] for part in PARTS},
        **(change or {}),
        "headers": _headers(call) if headers is None else headers,
        "now": now,
    }
    return case("verify-request", name, given, **yields)


def _with(call: dict[str, Any], **changed: str) -> Headers:
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    return [[name, names.get(name, value)] for name, value in _headers(call)]


def _changed(call: dict[str, Any]) -> Iterator[Case]:
    told = {"base": call["base"], "event": call["event"]}
    yield _arrived(call, "300 s old", now=CREATED + OLDEST, **told)
    yield _arrived(call, "60 s ahead", now=CREATED - NEWEST, **told)
    yield _arrived(call, "301 s old", now=CREATED + OLDEST + 1, error="clock-skew")
    yield _arrived(call, "61 s ahead", now=CREATED - NEWEST - 1, error="clock-skew")
    signed: dict[str, dict[str, str]] = {
        "another method": {"method": "PUT"},
        "another authority": {"authority": "ledger.education.example:8443"},
        "another path": {"path": call["path"].replace("/1/", "/2/")},
        "another query": {"query": "x=1"},
    }
    for name, change in signed.items():
        yield _arrived(call, name, change=change, error="signature-invalid")
    yield _arrived(
        call, "another body", change={"body": call["body"] + " "}, error="digest-mismatch"
    )
    params = call["headers"]["signature-input"]
    for name, old, new in (
        ("another second", f"created={CREATED}", f"created={CREATED + 1}"),
        ("another nonce", call["nonce"], "A" * len(call["nonce"])),
    ):
        headers = _with(call, signature_input=params.replace(old, new))
        yield _arrived(call, name, headers=headers, error="signature-invalid")
    headers = _with(call, content_type="application/json; charset=utf-8")
    yield _arrived(call, "another content type", headers=headers, error="signature-invalid")


def _repeated(call: dict[str, Any]) -> Iterator[Case]:
    """A header twice: whichever of the two a server would take, another may take the other."""
    headers = _headers(call)
    for name, value in headers:
        yield _arrived(
            call,
            f"{name} twice, the same",
            headers=[*headers, [name, value]],
            error="malformed-request",
        )
    other = base64.b64encode(bytes(64)).decode()
    for name, value in (
        ("signature", f"sig=:{other}:"),
        ("signature-input", call["headers"]["signature-input"].replace("sig=", "sig2=")),
    ):
        yield _arrived(
            call,
            f"{name} twice, another first",
            headers=[[name, value], *headers],
            error="malformed-request",
        )
    signature, params = call["headers"]["signature"], call["headers"]["signature-input"]
    two = f"{signature}, {signature.replace('sig=', 'sig2=')}"
    yield _arrived(
        call,
        "two signatures in one header",
        headers=_with(call, signature=two),
        error="signature-invalid",
    )
    two = f"{params}, {params.replace('sig=', 'sig2=')}"
    yield _arrived(
        call,
        "two inputs in one header",
        headers=_with(call, signature_input=two),
        error="malformed-request",
    )
    for name in ("signature", "signature-input"):
        left = [pair for pair in headers if pair[0] != name]
        yield _arrived(call, f"no {name}", headers=left, error="signature-invalid")
    for name in ("content-type", "content-digest"):
        left = [pair for pair in headers if pair[0] != name]
        yield _arrived(call, f"no {name}", headers=left, error="malformed-request")


def _spelt_otherwise(call: dict[str, Any]) -> Iterator[Case]:
    told = {"base": call["base"], "event": call["event"]}
    raw = bytes.fromhex(call["signature"])
    der = base64.b64encode(signature_to_der(raw)).decode()
    yield _arrived(
        call, "its signature as DER", headers=_with(call, signature=f"sig=:{der}:"), **told
    )
    upper = [[name.title(), value] for name, value in _headers(call)]
    yield _arrived(call, "names of headers in capitals", headers=upper, **told)
    params = call["headers"]["signature-input"]
    for name, old, new in (
        ("a blank between parameters", ";nonce", "; nonce"),
        ("parameters in another order", ';alg="sm2-sm3"', ""),
        ("another label", "sig=", "sig1="),
        ("another tag", "gdsl-1", "gdsl-2"),
        ("another algorithm", "sm2-sm3", "ecdsa-p256-sha256"),
        ("a component left out", ' "@query"', ""),
        ("a short nonce", call["nonce"], call["nonce"][:21]),
        ("a created with a leading zero", f"created={CREATED}", f"created=0{CREATED}"),
        ("a keyid in capitals", call["headers"]["signature-input"][-78:-14], "A" * 64),
    ):
        assert old in params, name
        headers = _with(call, signature_input=params.replace(old, new))
        yield _arrived(call, name, headers=headers, error="malformed-request")
    for name, value in (
        ("a signature that is no base64", "sig=:%%%%:"),
        ("base64 with stray last bits", _stray(call["headers"]["signature"])),
        ("63 bytes", f"sig=:{base64.b64encode(raw[:63]).decode()}:"),
    ):
        headers = _with(call, signature=value)
        yield _arrived(call, name, headers=headers, error="signature-invalid")


def _stray(signature: str) -> str:
    """Return the same 64 bytes with unused bits of the last digit set."""
    body = signature[len("sig=:") : -1]
    assert body.endswith("==")
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = digits[digits.index(body[-3]) | 1]
    return f"sig=:{body[:-3]}{last}==:"
