"""Signed HTTP requests of profile gdsl-1 (sm-crypto.md section 4.3, protocol.md section 4).

A request is signed once, over what goes over the wire; sending it again sends the same bytes, so
that a server that has seen it can tell a resend from a second call.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from ..errors import PeerUnavailable
from ..protocol import encoding, signedcall
from .problems import raise_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..crypto import Signer

EMPTY_BODY = "application/octet-stream"
TIMEOUT_SECONDS = 30.0
NONCE_BYTES = 18


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """One request with its signature, ready to be sent any number of times."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    body: bytes


class SignedHttp:
    """An HTTP client that signs every request with one registered key."""

    def __init__(
        self,
        signer: Signer,
        key_id: bytes | None = None,
        *,
        authority: str | None = None,
        attempts: int = 3,
        timeout_seconds: float = TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Sign with `signer`, registered as `key_id` (by default the id of its public key).

        `authority` is what is signed and sent as Host when the server is reached under another
        name; `attempts` counts the tries when the network fails.
        """
        self._signer = signer
        self._key_id = key_id or signer.public_key.key_id
        self._authority = authority
        self._attempts = attempts
        self._clock = clock
        # Proxies from the environment would rewrite what was signed.
        self._client = httpx.Client(
            timeout=timeout_seconds, trust_env=False, follow_redirects=False, transport=transport
        )

    def sign(
        self, method: str, url: str, body: bytes = b"", content_type: str = EMPTY_BODY
    ) -> SignedRequest:
        """Return the request with the five headers of the profile and Host."""
        target = httpx.URL(url)
        path, _, query = target.raw_path.decode("ascii").partition("?")
        authority = (self._authority or target.netloc.decode("ascii")).lower()
        headers = signedcall.build(
            method=method,
            authority=authority,
            path=path,
            query=query,
            content_type=content_type,
            body=body,
            created=int(self._clock()),
            nonce=encoding.b64u(secrets.token_bytes(NONCE_BYTES)),
            key_id=self._key_id,
            signer=self._signer,
        )
        return SignedRequest(method, target, {"Host": authority, **headers}, body)

    def send(self, request: SignedRequest) -> httpx.Response:
        """Send `request`, the same bytes again when the network fails, and return the answer.

        Raises:
            PeerUnavailable: nothing came back in any attempt.
            LedgerError: the answer is a problem; the class is the one with its code.
        """
        try:
            for attempt in self._retrying():
                with attempt:
                    response = self._client.request(
                        request.method, request.url, content=request.body, headers=request.headers
                    )
        except httpx.TransportError as error:
            raise PeerUnavailable(
                f"{request.url.host}:{request.url.port or ''} does not answer: {error}",
                url=str(request.url),
            ) from error
        raise_problem(response)
        return response

    def request(
        self, method: str, url: str, body: bytes = b"", content_type: str = EMPTY_BODY
    ) -> httpx.Response:
        """Sign and send.

        Raises:
            PeerUnavailable: nothing came back in any attempt.
            LedgerError: the answer is a problem; the class is the one with its code.
        """
        return self.send(self.sign(method, url, body, content_type))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _retrying(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0),
            retry=retry_if_exception_type(httpx.TransportError),
            reraise=True,
        )
