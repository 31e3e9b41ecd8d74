"""Signed HTTP requests of profile gdsl-1 (sm-crypto.md section 4.3, protocol.md section 4).

A request is signed once, over what goes over the wire; sending it again sends the same bytes, so
that a server that has seen it can tell a resend from a second call. The server is not trusted:
its answer is bounded in bytes and in time, redirects are not followed, nothing is decompressed.
A problem+json answer becomes the error it was made of (`refused`).
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import httpx
import orjson
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from ..errors import InvalidInput, PeerUnavailable
from ..protocol.wire import encoding, signedcall
from .refused import problem_error

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from ..crypto import Signer

EMPTY_BODY = "application/octet-stream"
TIMEOUT_SECONDS = 30.0
"""How long one step (connecting, a piece of the answer) may take."""
ANSWER_SECONDS = 300.0
"""How long all pieces of an answer may take together."""
ANSWER_BYTES = 128 * 1024 * 1024
NONCE_BYTES = 18


@cache
def authorities() -> ssl.SSLContext:
    """Return whose certificates a server may have; all clients share it: it takes 45 ms to read."""
    return httpx.create_ssl_context(trust_env=False)


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
        answer_seconds: float = ANSWER_SECONDS,
        answer_bytes: int = ANSWER_BYTES,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Sign with `signer`, registered as `key_id` (by default the id of its public key).

        `authority` is what is signed and sent as Host when the server is reached under another
        name; `attempts` counts the tries when the network fails; an answer that is larger or
        slower than its bounds counts as no answer.
        """
        self._signer = signer
        self._key_id = key_id or signer.public_key.key_id
        self._authority = authority
        self._attempts = attempts
        self._answer_seconds = answer_seconds
        self._answer_bytes = answer_bytes
        self._clock = clock
        # Proxies from the environment would rewrite what was signed.
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity"},
            verify=authorities(),
            timeout=timeout_seconds,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )

    def sign(
        self, method: str, url: str, body: bytes = b"", content_type: str = EMPTY_BODY
    ) -> SignedRequest:
        """Return the request with the five headers of the profile and Host.

        Raises:
            InvalidInput: `url` is no address of a server.
        """
        try:
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
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidInput(f"no request can be signed for {url!r:.200}: {error}") from error
        return SignedRequest(method, target, {"Host": authority, **headers}, body)

    def send(self, request: SignedRequest) -> httpx.Response:
        """Send `request`, the same bytes again when the network fails, and return the answer.

        Raises:
            PeerUnavailable: no answer within its bounds came back in any attempt.
            LedgerError: the answer is a problem; the class is the one with its code.
        """
        tries = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0),
            retry=retry_if_exception_type(httpx.TransportError),
            reraise=True,
        )
        try:
            for attempt in tries:
                with attempt:
                    response = self._receive(request)
        except (httpx.RequestError, UnicodeError) as error:
            # UnicodeError: a host name that the resolver cannot even encode.
            host = request.url.netloc.decode("ascii")
            raise PeerUnavailable(
                f"the node {host} does not answer: {error}", url=str(request.url)
            ) from error
        raise_problem(response)
        return response

    def request(
        self, method: str, url: str, body: bytes = b"", content_type: str = EMPTY_BODY
    ) -> httpx.Response:
        """Sign and send; raises as both do."""
        return self.send(self.sign(method, url, body, content_type))

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self, request: SignedRequest) -> httpx.Response:
        """Send once and read the answer whole, but no further than its bounds."""
        with self._client.stream(
            request.method, request.url, content=request.body, headers=request.headers
        ) as response:
            body = read_bounded(response, self._answer_bytes, self._answer_seconds)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            content=body,
            request=response.request,
        )


def read_bounded(response: httpx.Response, most_bytes: int, seconds: float) -> bytes:
    """Read an answer that is streamed whole, but no further than its bounds.

    Raises:
        httpx.RequestError: it is larger, slower, or packed though nobody asked for that.
    """
    deadline = time.monotonic() + seconds
    body = bytearray()
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx.DecodingError("an encoding that was not asked for")
    for piece in response.iter_bytes():
        body += piece
        if len(body) > most_bytes:
            raise httpx.DecodingError(f"more than {most_bytes} bytes")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"not whole after {seconds:.0f} s")
    return bytes(body)


def read_object(
    response: httpx.Response, *, error: type[InvalidInput] = InvalidInput
) -> dict[str, Any]:
    """Return an answer's JSON object; raises `error` when it is none."""
    try:
        value = orjson.loads(response.content)
    except orjson.JSONDecodeError as cause:
        raise error(f"what {response.request.url} answers is not JSON") from cause
    if not isinstance(value, dict):
        raise error(f"what {response.request.url} answers is not an object")
    return value


def raise_problem(response: httpx.Response) -> None:
    """Raise what the answer says went wrong; return when nothing did.

    Raises:
        LedgerError: of the class that has the answer's code.
    """
    if not response.is_success:
        raise problem_error(response.status_code, response.content, str(response.request.url))
