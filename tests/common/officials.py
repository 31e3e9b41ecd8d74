"""Officials at a node: signed in as at a browser, or signing each request; deciding over HTTP."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from node.crypto import sign_decision, sign_login

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.crypto import SoftwareSigner

OFFICE = "/api/v1/office"


@contextmanager
def signed_in(url: str, signer: SoftwareSigner) -> Iterator[httpx.Client]:
    """Yield a client with the session of an officer: cookie and X-CSRF-Token; sign out at the end.

    The node's settings allow plain http (`[console] insecure_cookies`).
    """
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=30) as client:
        answer = sign_in(client, signer)
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield client
        client.delete(f"{OFFICE}/session")


def sign_in(client: httpx.Client, signer: SoftwareSigner, **changes: Any) -> httpx.Response:
    """Ask for a challenge, sign it and hand it in; `changes` are made to what is handed in."""
    origin = str(client.base_url).rstrip("/")
    asked = client.post(f"{OFFICE}/session/challenge", json={"origin": origin})
    assert asked.status_code == 200, asked.text
    text = asked.json()["text"]
    body = {
        "challenge": text,
        "key": signer.public_key.key_id.hex(),
        "signature": sign_login(signer, text.encode()).hex(),
        **changes,
    }
    return client.post(f"{OFFICE}/session", json=body)


def prepare(client: httpx.Client, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare a decision as somebody who is signed in."""
    answer = client.post(f"{OFFICE}/decisions/prepare", json={"kind": kind, "fields": fields})
    assert answer.status_code == 200, answer.text
    prepared: dict[str, Any] = answer.json()
    return prepared


def signed(
    prepared: Mapping[str, Any], signer: SoftwareSigner, new: SoftwareSigner | None = None
) -> dict[str, Any]:
    """Return what is submitted once `signer`, and the `new` key, have signed."""
    assert re.fullmatch("ShareLedger-decision:[0-9a-f]{64}", prepared["text"])
    digest = bytes.fromhex(prepared["hash"])
    body = {name: prepared[name] for name in ("kind", "documents", "message", "context")}
    body |= {
        "key": signer.public_key.key_id.hex(),
        "signature": sign_decision(signer, digest).hex(),
    }
    if new is not None:
        body["possession"] = sign_decision(new, digest).hex()
    return body


def decide(
    client: httpx.Client,
    kind: str,
    fields: Mapping[str, Any],
    signer: SoftwareSigner,
    new: SoftwareSigner | None = None,
) -> dict[str, Any]:
    """Prepare, sign and submit; return the answer."""
    body = signed(prepare(client, kind, fields), signer, new)
    answer = client.post(f"{OFFICE}/decisions/submit", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    decided: dict[str, Any] = answer.json()
    return decided
