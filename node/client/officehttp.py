"""A node's office over HTTP: what the thin command line and the agent ask it.

Signed like every request (profile gdsl-1), by the officer's own key: no session is needed. The
standard library carries it, since a command must have started and ended in half a second. The
server is not trusted: its answer is bounded in bytes and in time, no redirect is followed.
"""

from __future__ import annotations

import http.client
import secrets
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

import orjson

from ..errors import ConfigInvalid, InvalidInput, PeerUnavailable, reason
from ..protocol.wire import encoding, signedcall
from .refused import problem_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..crypto import Signer

PUBLIC = "/api/v1"
BASE = PUBLIC + "/office"
STEP_SECONDS = 90.0
"""How long one step may take: a decision is answered when it is mined and followed."""
ANSWER_SECONDS = 180.0
ANSWER_BYTES = 64 * 1024 * 1024
"""A whole table comes back with every document in it."""
NONCE_BYTES = 18
JSON = "application/json"
T = TypeVar("T")
_PIECE = 65_536
_SUCCESS = range(200, 300)


class OfficeHttp:
    """The office of the node at one address, asked as one officer; what is public as nobody."""

    def __init__(
        self, url: str, signer: Signer | None, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Ask the node at `url`, its base without a path, as the holder of `signer`.

        Without one only `public` is answered.

        Raises:
            ConfigInvalid: `url` is no address of a server.
        """
        try:
            parts = urlsplit(url.rstrip("/"))
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ConfigInvalid(f"节点地址不对：{url!r:.200} / no address: {error}") from error
        if parts.scheme not in {"http", "https"} or not self._host or parts.path or parts.query:
            raise ConfigInvalid(
                f"节点地址不对：{url!r:.200}，应如 https://节点:端口，不带路径"
                " / give a node as https://HOST:PORT without a path"
            )
        self.url = url.rstrip("/")
        self.authority = parts.netloc.rpartition("@")[2].lower()
        """What is signed and sent as Host."""
        self._connect = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._signer, self._clock = signer, clock

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Return the object at a path of the office; members of `query` that are None are left.

        Raises:
            PeerUnavailable: the node does not answer within its bounds, or something else.
            LedgerError: it refuses; the class is the one with the answer's code.
        """
        return self._shaped(self._get(path, query), dict, path)

    def list(self, path: str, **query: object) -> list[dict[str, Any]]:
        """Return the list of objects at a path of the office; as `get`."""
        found = self._shaped(self._get(path, query), list, path)
        return [self._shaped(each, dict, path) for each in found]

    def public(self, path: str, **query: object) -> dict[str, Any]:
        """Return the object at a path of the API that anybody may read, unsigned; as `get`."""
        given = {name: each for name, each in query.items() if each is not None}
        found = self._exchange("GET", PUBLIC + path, urlencode(given), b"", {})
        return self._shaped(found, dict, path)

    def post(self, path: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """Send a JSON object to a path of the office; raises as `get`."""
        return self._shaped(self._send("POST", path, value), dict, path)

    def put(self, path: str, value: Mapping[str, Any]) -> None:
        """Leave a JSON object at a path of the office; raises as `get`."""
        self._send("PUT", path, value)

    def _get(self, path: str, query: Mapping[str, object]) -> object:
        given = {name: each for name, each in query.items() if each is not None}
        return self._ask("GET", f"{BASE}{path}", urlencode(given), b"", "application/octet-stream")

    def _shaped(self, value: object, kind: type[T], path: str) -> T:
        if not isinstance(value, kind):
            raise PeerUnavailable(
                f"{self.url}{BASE}{path} 的应答不合格式 / the node answers something else"
            )
        return value

    def _send(self, method: str, path: str, value: Mapping[str, Any]) -> object:
        try:
            body = orjson.dumps(value)
        except (orjson.JSONEncodeError, TypeError) as error:
            raise InvalidInput(f"不能写成 JSON / cannot be written as JSON: {error}") from error
        return self._ask(method, f"{BASE}{path}", "", body, JSON)

    def _ask(self, method: str, path: str, query: str, body: bytes, content_type: str) -> object:
        if self._signer is None:
            raise InvalidInput(
                "经 --node 查看这项须给出密钥 --key / asking this needs a key: --key"
            )
        headers = signedcall.build(
            method=method,
            authority=self.authority,
            path=path,
            query=query,
            content_type=content_type,
            body=body,
            created=int(self._clock()),
            nonce=encoding.b64u(secrets.token_bytes(NONCE_BYTES)),
            key_id=self._signer.public_key.key_id,
            signer=self._signer,
        )
        return self._exchange(method, path, query, body, headers)

    def _exchange(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> object:
        sent = {"Host": self.authority, "Accept-Encoding": "identity", **headers}
        target = f"{path}?{query}" if query else path
        connection = self._connect(self._host, self._port, timeout=STEP_SECONDS)
        try:
            connection.request(method, target, body=body or None, headers=sent)
            answer = connection.getresponse()
            status, content = answer.status, _read(answer)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise PeerUnavailable(
                f"节点 {self.url} 没有应答：{why} / the node does not answer", url=self.url
            ) from error
        finally:
            connection.close()
        if status not in _SUCCESS:
            raise problem_error(status, content, self.url + target)
        try:
            return orjson.loads(content) if content else None
        except orjson.JSONDecodeError as error:
            raise PeerUnavailable(
                f"{self.url + target} 的应答不是 JSON / does not answer in JSON"
            ) from error


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Read an answer whole, but no further than its bounds; raises OSError beyond them."""
    deadline = time.monotonic() + ANSWER_SECONDS
    content = bytearray()
    # Counted here: `read1` forgets what it has read (CPython 3.11), and would wait for more.
    left = answer.length
    while left != 0 and (piece := answer.read1(_PIECE if left is None else min(_PIECE, left))):
        content += piece
        left = None if left is None else left - len(piece)
        if len(content) > ANSWER_BYTES:
            raise OSError(f"more than {ANSWER_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"not whole after {ANSWER_SECONDS:.0f} s")
    if left:  # the connection ended before its Content-Length
        raise http.client.IncompleteRead(bytes(content), left)
    return bytes(content)
