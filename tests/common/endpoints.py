"""Loopback servers in the place of a chain endpoint: what they answer is the test's, to the byte.

`raw_server` writes whatever it is told to, over real sockets; `scripted_endpoint` speaks HTTP and
lets the test answer each JSON-RPC body.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANG = "hang"
"""Say nothing more until the client gives up."""
RESET = "reset"
"""End the connection with RST."""
CLOSE = "close"
KEEP = "keep"


@dataclass(frozen=True)
class Reply:
    """Bytes to write for one request, and what to do with the connection then."""

    data: bytes = b""
    then: str = CLOSE


def http_reply(body: bytes, status: str = "200 OK", then: str = KEEP) -> Reply:
    """A well-formed HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return Reply(f"{head}\r\n\r\n".encode() + body, then)


def json_reply(value: Any) -> Reply:
    """A well-formed HTTP response with a JSON body."""
    return http_reply(orjson.dumps(value))


class RawServer:
    """A listening server and what reached it; `answer` runs in a thread for each connection."""

    def __init__(self, answer: Callable[[bytes], Reply]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        """Bodies, in order."""
        self.heads: list[bytes] = []
        """What came before them: request line and headers."""
        self.connections: list[socket.socket] = []
        self.ended: list[socket.socket] = []
        """Connections of these that the server has closed."""

    def start(self) -> None:
        self._threads[0].start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads.pop(0).join()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while (request := _read_request(connection)) and self._reply(connection, *request):
                pass
        self.ended.append(connection)

    def _reply(self, connection: socket.socket, head: bytes, body: bytes) -> bool:
        """Answer one request; tell whether the connection goes on."""
        self.heads.append(head)
        self.requests.append(body)
        reply = self._answer(body)
        connection.sendall(reply.data)
        if reply.then == HANG:
            connection.recv(1)  # ends when the client closes
        if reply.then == RESET:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return reply.then == KEEP


@contextmanager
def raw_server(answer: Callable[[bytes], Reply]) -> Iterator[RawServer]:
    """Serve on a free port until the end of the block."""
    server = RawServer(answer)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def scripted_endpoint(answer: Callable[[Any], Any]) -> Iterator[RawServer]:
    """Serve JSON-RPC: `answer` gets each parsed body and returns the value to send back.

    A `Reply` it returns is sent as it is.
    """

    def reply(body: bytes) -> Reply:
        value = answer(orjson.loads(body))
        return value if isinstance(value, Reply) else json_reply(value)

    with raw_server(reply) as server:
        yield server


def result(request: Any, value: Any) -> dict[str, Any]:
    """The response to a request with a result."""
    return {"jsonrpc": "2.0", "id": request["id"], "result": value}


def failure(request: Any, code: int, message: str, **more: Any) -> dict[str, Any]:
    """The response to a request with an error."""
    return {
        "jsonrpc": "2.0",
        "id": request["id"],
        "error": {"code": code, "message": message, **more},
    }


def _read_request(connection: socket.socket) -> tuple[bytes, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        piece = connection.recv(65_536)
        if not piece:
            return None
        body += piece
    return head, body
