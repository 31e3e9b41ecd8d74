"""A JSON-RPC endpoint over persistent HTTP/1.1 connections (JSON-RPC 2.0 over HTTP POST).

One class for both directions of `node.chain`: the gateway towards any engine and the embedded
chain towards its anvil. Bytes in, bytes out; what they mean is the caller's business.
Thread-safe: a connection serves one request at a time and is dropped on the first doubt.
"""

from __future__ import annotations

import http.client
import itertools
import select
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import orjson

from ..errors import ChainUnavailable, ConfigInvalid

if TYPE_CHECKING:
    from types import TracebackType

ANSWER_BYTES = 64 * 1024 * 1024
"""Reading a longer answer is given up before anything parses it: nobody here asks for so much, and
parsed it takes several times the memory. A follower then asks for half the blocks."""

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
IDLE_SECONDS = 3.0
"""A connection unused for longer is not used again: servers close theirs after five (uvicorn,
Node.js), and a request that crosses the closing on its way is lost without an answer."""
_OK = 200
_PIECE_BYTES = 1024 * 1024


class Endpoint:
    """One JSON-RPC server, spoken to by any number of threads."""

    def __init__(
        self, url: str, *, timeout_seconds: float = 10.0, answer_bytes: int = ANSWER_BYTES
    ) -> None:
        """Name the server; nothing is connected yet.

        `timeout_seconds` bounds connecting and every silence of the server, not the whole answer;
        `answer_bytes` bounds that.

        Raises:
            ConfigInvalid: not an http(s) address.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigInvalid(f"not an address of a chain endpoint: {url!r}: {error}") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise ConfigInvalid(f"not an http(s) address of a chain endpoint: {url!r}")
        self.url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = host, port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_seconds = timeout_seconds
        self._answer_bytes = answer_bytes
        self._identities = itertools.count(1)
        self._idle: deque[tuple[http.client.HTTPConnection, float]] = deque()
        """With the time of the answer before, the latest last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; the endpoint stays usable."""
        while self._idle:
            self._idle.pop()[0].close()

    def post(self, body: bytes) -> bytes:
        """Send one request body and return the response body.

        Never sends twice: whether a repeat is safe only the caller can know.

        Raises:
            ChainUnavailable: no connection, no whole answer, one that is too long, or an HTTP
                status other than 200.
        """
        connection = self._take()
        try:
            connection.request("POST", self._path, body, _HEADERS)
            response = connection.getresponse()
            answer = self._read(response)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            text = f"{self.url} 没有应答 / does not answer: {said}"
            raise ChainUnavailable(text) from error
        except BaseException:
            connection.close()  # an answer half read would be taken for the next request's
            raise
        if response.status != _OK:
            connection.close()
            raise ChainUnavailable(f"{self.url}: HTTP status {response.status}")
        self._idle.append((connection, time.monotonic()))
        return answer

    def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """Call one method and return the response object: it has a `result` or an `error` object.

        Raises:
            ChainUnavailable: as `post`, or the answer is not the response to this request.
        """
        # No two alike: an answer that belongs to an earlier request is known for it.
        identity = next(self._identities)
        request = {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}
        response = parse_response(self.post(orjson.dumps(request)), self.url)
        if not is_response(response, identity):
            raise ChainUnavailable(
                f"{self.url}: answered {method} with something else than its JSON-RPC response"
            )
        return response

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """Read a body in pieces: a server's Content-Length reserves no memory here."""
        pieces: list[bytes] = []
        left = self._answer_bytes
        while piece := response.read(_PIECE_BYTES):
            left -= len(piece)
            if left < 0:
                raise http.client.HTTPException(f"an answer over {self._answer_bytes} bytes")
            pieces.append(piece)
        if response.length:  # read(n) does not tell an early end from the end
            raise http.client.IncompleteRead(b"".join(pieces), response.length)
        return b"".join(pieces)

    def _take(self) -> http.client.HTTPConnection:
        while True:
            try:
                connection, used = self._idle.pop()
            except IndexError:
                return self._open()
            # One with input was closed by the server meanwhile, or sent what nobody asked for.
            if time.monotonic() - used < IDLE_SECONDS and not _has_input(connection):
                return connection
            connection.close()

    def _open(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=self._timeout_seconds)


def parse_response(body: bytes, url: str) -> Any:  # noqa: ANN401 - JSON
    """Parse a JSON-RPC response or batch of responses.

    Raises:
        ChainUnavailable: not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ChainUnavailable(f"{url}: the answer is not JSON: {error}") from error


def is_response(answer: object, identity: int) -> bool:
    """Tell whether this is the JSON-RPC response to the request of this id.

    An error may come without the id: the server could not read which request it was. `error: null`
    beside a result, which some engines write, is no error; it is removed.
    """
    if not isinstance(answer, dict):
        return False
    if answer.get("error") is None:
        answer.pop("error", None)
        return "result" in answer and _is_same(answer.get("id"), identity)
    return isinstance(answer["error"], dict) and (
        answer.get("id") is None or _is_same(answer["id"], identity)
    )


def _is_same(identity: object, expected: int) -> bool:
    return type(identity) is int and identity == expected


def _has_input(connection: http.client.HTTPConnection) -> bool:
    """Tell whether an idle connection is readable: it then has ended or is out of step."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
