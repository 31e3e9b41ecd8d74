"""A connection's bytes are bounded whole: head, body, the framing of chunks, and trailers."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Request

from api.http.connection import HEAD_BYTES, WHOLE, read_body
from api.http.problems import install
from tests.common.chain import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY_BYTES = 100_000
MOST = HEAD_BYTES + 2 * BODY_BYTES
BUFFERED = 16 * 2**20
"""What may lie in the kernel's buffers between a sender and a server that reads no more."""
CHUNKED = b"POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


class AnswersWhole:
    """An ASGI application that answers in one piece."""

    async def __call__(self, scope: Any, receive: Any, _send: Any) -> None:
        """Tell how long the body is."""
        body = b"%d" % len(await read_body(receive, BODY_BYTES))
        await scope["state"][WHOLE](200, [(b"content-length", b"%d" % len(body))], body)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    app = FastAPI()
    install(app)

    @app.post("/read")
    async def read(request: Request) -> Any:
        body = await request.body()
        return {"bytes": len(body), "fields": [name for name, _ in request.headers.items()]}

    @app.post("/ignore")
    async def ignore() -> Any:
        return {}

    app.add_route("/whole", AnswersWhole(), methods=["POST"])  # type: ignore[arg-type] # ASGI
    with serving(app, BODY_BYTES) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def told(server: tuple[str, int], *pieces: bytes) -> bytes:
    """Send pieces, close our side, and return all that came back."""
    with socket.create_connection(server, timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65_536):
                answer += piece
        return answer


def taken(server: tuple[str, int], beginning: bytes, piece: bytes) -> int:
    """Send a beginning, then a piece without end; return how many bytes were taken."""
    sent = 0
    with socket.create_connection(server, timeout=20) as connection:
        connection.sendall(beginning)
        with contextlib.suppress(ConnectionError):
            while sent < 10 * BUFFERED:
                connection.sendall(piece)
                sent += len(piece)
    return sent


def until_seen(connection: socket.socket, text: bytes, times: int = 1) -> bytes:
    """Return what came until a text was there so often; fails when it does not come."""
    answer = b""
    while answer.count(text) < times:
        piece = connection.recv(65_536)
        assert piece, answer
        answer += piece
    return answer


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (CHUNKED + b"0\r\n", b"a: " + b"x" * 1000 + b"\r\n"),
        (CHUNKED + b"0\r\na: ", b"x" * 1000),
        (CHUNKED + b"1;a=", b"x" * 1000),
        (CHUNKED, b"1\r\nx\r\n" * 200),
        (CHUNKED.replace(b"/read", b"/ignore"), b"1\r\nx\r\n" * 200),
        (CHUNKED.replace(b"/read", b"/ignore") + b"0\r\n", b"a: " + b"x" * 1000 + b"\r\n"),
    ],
    ids=["trailers", "one trailer", "a chunk's extension", "chunks", "unread", "unread trailers"],
)
def test_a_request_without_end_is_refused(server, beginning, piece):
    assert taken(server, beginning, piece) < BUFFERED


def test_what_is_too_large_is_refused_by_a_problem(server):
    pieces = [CHUNKED + b"0\r\n", *[b"a: " + b"x" * 1000 + b"\r\n"] * (MOST // 1000)]
    answer = told(server, *pieces)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"malformed-request" in answer


def test_trailers_become_no_headers(server):
    answer = told(server, CHUNKED + b"1\r\nx\r\n0\r\nsignature: forged\r\n\r\n")
    assert b'"bytes":1' in answer
    assert b"signature" not in answer


def test_the_largest_body_is_read_in_chunks_of_some_bytes(server):
    body = b"8\r\n" + b"x" * 8 + b"\r\n"
    answer = told(server, CHUNKED + body * (BODY_BYTES // 8) + b"0\r\n\r\n")
    assert f'"bytes":{BODY_BYTES // 8 * 8}'.encode() in answer


def test_each_request_of_a_connection_is_counted_anew(server):
    head = b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % BODY_BYTES
    with socket.create_connection(server, timeout=20) as connection:
        connection.sendall((head + b"x" * BODY_BYTES) * 6)
        until_seen(connection, b'"bytes":100000', 6)


UPGRADE = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\n"
"""What Java's HttpClient sends with its first request, unless it is told to speak HTTP/1.1."""


def offered(body: bytes, *, chunked: bool = False, path: str = "/read", more: bytes = b"") -> bytes:
    """A POST that would as well go on in HTTP/2."""
    length = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
    head = b"POST %b HTTP/1.1\r\nhost: x\r\n%b%b%b\r\n\r\n"
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return head % (path.encode(), UPGRADE, more, length) + sent


class TestUpgrade:
    @pytest.mark.parametrize("chunked", [False, True])
    @pytest.mark.parametrize("body", [b"{}", b"x" * 50_000])
    def test_is_ignored_and_the_body_read(self, server, body, chunked):
        answer = told(server, offered(body, chunked=chunked))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert f'"bytes":{len(body)}'.encode() in answer

    def test_is_not_seen_by_the_application_and_nothing_else_is_lost(self, server):
        answer = told(server, offered(b"{}", more=b"a: b\r\nA: c\r\n"))
        assert b'"fields":["host","connection","http2-settings","a","a","content-length"]' in answer

    def test_is_ignored_in_however_small_pieces_it_comes(self, server):
        request = offered(b"{}")
        with socket.create_connection(server, timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request:
                connection.sendall(bytes([byte]))
            assert b'"bytes":2' in until_seen(connection, b'"bytes":2')

    def test_is_ignored_in_every_request_of_a_connection(self, server):
        plain = b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nxyz"
        requests = [offered(b"x"), plain, offered(b"xx", chunked=True), plain, offered(b"")]
        with socket.create_connection(server, timeout=20) as connection:
            connection.sendall(b"".join(requests * 20))
            answer = until_seen(connection, b"}", 100)
        sizes = [int(part.split(b",")[0]) for part in answer.split(b'"bytes":')[1:]]
        assert sizes == [1, 3, 2, 3, 0] * 20

    def test_is_ignored_a_thousand_times_in_one_piece(self, server):
        head = b"POST /ignore HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
        with socket.create_connection(server, timeout=20) as connection:
            connection.sendall(head * 1000)
            until_seen(connection, b"HTTP/1.1 200 ", 1000)

    @pytest.mark.parametrize("kind", ["websocket", "h2c, websocket", "TLS/1.3"])
    def test_to_anything_is_ignored(self, server, kind):
        request = offered(b"{}").replace(b"h2c", kind.encode())
        assert b'"bytes":2' in told(server, request)

    def test_does_not_take_the_bounds_away(self, server):
        beginning = offered(b"", chunked=True, path="/ignore").removesuffix(b"0\r\n\r\n\r\n")
        assert taken(server, beginning, b"1\r\nx\r\n" * 200) < BUFFERED
        assert taken(server, b"GET / HTTP/1.1\r\n" + UPGRADE, b"a: b\r\n") < BUFFERED

    def test_connect_is_no_upgrade(self, server):
        request = b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n" + UPGRADE + b"\r\nx"
        assert told(server, request).startswith(b"HTTP/1.1 4")


def whole(*fields: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"POST /whole HTTP/" + version, b"host: x", b"content-length: 3", *fields, b"", b"abc"]
    return b"\r\n".join(lines)


class TestWhole:
    def test_comes_in_one_packet_and_the_connection_goes_on(self, server):
        with socket.create_connection(server, timeout=20) as connection:
            for _ in range(3):
                connection.sendall(whole())
                answer = connection.recv(65_536)
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
                assert answer.endswith(b"\r\ncontent-length: 1\r\n\r\n3")
                assert b"connection" not in answer

    def test_keeps_the_order_of_what_was_asked_in_one_go(self, server):
        asked = [whole(), offered(b"x"), whole(), whole(b"connection: close")]
        with socket.create_connection(server, timeout=20) as connection:
            connection.sendall(b"".join(asked))
            answer = until_seen(connection, b"connection: close\r\n\r\n3")
        pieces = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
        bodies = [each.partition(b"\r\n\r\n")[2][:8] for each in pieces]
        assert bodies == [b"3", b'{"bytes"', b"3", b"3"]

    @pytest.mark.parametrize(
        "request_", [whole(b"connection: close"), whole(version=b"1.0")], ids=["asked", "HTTP/1.0"]
    )
    def test_ends_a_connection_that_is_to_end_and_says_so(self, server, request_):
        with socket.create_connection(server, timeout=20) as connection:
            connection.sendall(request_)
            answer = until_seen(connection, b"\r\n\r\n3")
            assert answer.count(b"connection: close\r\n") == 1
            assert connection.recv(1) == b""

    def test_to_somebody_who_has_gone_is_sent_to_nobody(self, server, caplog):
        with socket.create_connection(server, timeout=20) as connection:
            connection.sendall(whole()[:-1])
        assert told(server, whole()).endswith(b"3")
        assert caplog.records == []


class TestExpectation:
    @pytest.mark.parametrize("more", [b"", UPGRADE])
    def test_of_a_continue_is_met_before_the_body_comes(self, server, more):
        head = b"POST /read HTTP/1.1\r\nhost: x\r\n%bexpect: 100-continue\r\n" % more
        with socket.create_connection(server, timeout=20) as connection:
            connection.sendall(head + b"content-length: 5\r\n\r\n")
            assert until_seen(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(b"hello")
            assert until_seen(connection, b"}").startswith(b"HTTP/1.1 200 ")


def test_whoever_hangs_up_is_not_logged(server, caplog):
    with socket.create_connection(server, timeout=20) as connection:
        connection.sendall(b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nx")
    # The server has done with the one before when it answers the next.
    assert b'"bytes":0' in told(server, b"POST /read HTTP/1.1\r\nhost: x\r\n\r\n")
    assert not caplog.records
