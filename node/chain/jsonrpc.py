"""A JSON-RPC endpoint over persistent HTTP/1.1 connections (JSON-RPC 2.0 over HTTP POST).

One class for both directions of `node.chain`: the gateway towards any engine and the embedded
chain towards its anvil. Bytes in, bytes out; what they mean is the caller's business.
Thread-safe: a connection serves one request at a time and is dropped on the first doubt.
"""

from __future__ import annotations

import http.client
import select
from collections import deque
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import orjson

from ..errors import ChainUnavailable, ConfigInvalid

if TYPE_CHECKING:
    from types import TracebackType

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_OK = 200


class Endpoint:
    """One JSON-RPC server, spoken to by any number of threads."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigInvalid(f"not an http(s) address of a chain endpoint: {url!r}")
        self.url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_seconds = timeout_seconds
        self._idle: deque[http.client.HTTPConnection] = deque()

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
            self._idle.pop().close()

    def post(self, body: bytes) -> bytes:
        """Send one request body and return the response body.

        Never sends twice: whether a repeat is safe only the caller can know.

        Raises:
            ChainUnavailable: no connection, no answer in time, or an HTTP status other than 200.
        """
        connection = self._take()
        try:
            connection.request("POST", self._path, body, _HEADERS)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ChainUnavailable(f"{self.url}: {error!r}") from error
        except BaseException:
            connection.close()  # an answer half read would be taken for the next request's
            raise
        if response.status != _OK:
            connection.close()
            raise ChainUnavailable(f"{self.url}: HTTP status {response.status}")
        self._idle.append(connection)
        return answer

    def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """Call one method and return the whole response object, `result` or `error`.

        Raises:
            ChainUnavailable: as `post`, or the answer is not a JSON-RPC response.
        """
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = parse_response(self.post(orjson.dumps(request)), self.url)
        if not isinstance(response, dict):
            raise ChainUnavailable(
                f"{self.url}: answered {method} with something else than JSON-RPC"
            )
        return response

    def _take(self) -> http.client.HTTPConnection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._open()
            if not _has_input(connection):
                return connection
            connection.close()  # the server closed it meanwhile, or sent what nobody asked for

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


def _has_input(connection: http.client.HTTPConnection) -> bool:
    """Tell whether an idle connection is readable: it then has ended or is out of step."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
