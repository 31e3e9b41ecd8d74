"""A connection's bytes are bounded whole: head, body, the framing of chunks, and trailers."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Request

from api.http.connection import HEAD_BYTES
from api.http.problems import install
from tests.common.chain import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY_BYTES = 100_000
MOST = HEAD_BYTES + 2 * BODY_BYTES
BUFFERED = 16 * 2**20
"""What may lie in the kernel's buffers between a sender and a server that reads no more."""
CHUNKED = b"POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


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
        answer = b""
        while answer.count(b'"bytes":100000') < 6:
            piece = connection.recv(65_536)
            assert piece, answer
            answer += piece


def test_whoever_hangs_up_is_not_logged(server, caplog):
    with socket.create_connection(server, timeout=20) as connection:
        connection.sendall(b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nx")
    # The server has done with the one before when it answers the next.
    assert b'"bytes":0' in told(server, b"POST /read HTTP/1.1\r\nhost: x\r\n\r\n")
    assert not caplog.records
