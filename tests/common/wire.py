"""Requests written byte by byte, as no well-meaning client writes them, and what comes back."""

from __future__ import annotations

import json
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from node.protocol.wire import encoding, signedcall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.crypto import Signer

TIMEOUT_SECONDS = 20.0
DESCRIBED = Path(__file__).parents[2] / "docs" / "openapi.json"
"""What unit tests hold to the API, byte for byte; reading it takes no second."""


def described_paths() -> dict[str, Any]:
    """Return the operations by path, then by method."""
    paths: dict[str, Any] = json.loads(DESCRIBED.read_bytes())["paths"]
    return paths


@dataclass(frozen=True)
class Answer:
    """The last answer on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The members of a problem+json; fails for anything else."""
        assert self.headers["content-type"] == "application/problem+json", self
        members: dict[str, Any] = json.loads(self.body)
        assert members["status"] == self.status
        return members


def sign(
    signer: Signer,
    authority: str,
    path: str,
    body: bytes,
    *,
    query: str = "",
    method: str = "POST",
    created: int | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """Sign anything at all; return the headers of the profile and Host."""
    headers = signedcall.build(
        method=method,
        authority=authority,
        path=path,
        query=query,
        content_type="application/json",
        body=body,
        created=int(time.time()) if created is None else created,
        nonce=nonce or encoding.b64u(secrets.token_bytes(18)),
        key_id=signer.public_key.key_id,
        signer=signer,
    )
    return {"host": authority, **headers}


def render(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> bytes:
    """Return a request's bytes; the length is stated and the connection closed after it."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    lines += ["connection: close", f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def exchange(authority: str, request: bytes) -> Answer:
    """Send bytes and read until the server closes; fails when it does not answer in time."""
    host, _, port = authority.rpartition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(request)
        while piece := connection.recv(65_536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return Answer(int(first.split()[1]), headers, body)
