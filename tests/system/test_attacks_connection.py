"""Connections that never become a request: bounded in bytes, in time and in number."""

from __future__ import annotations

import contextlib
import json
import socket

import httpx
import pytest

from api.http import connection as protocol
from tests.common.wire import exchange, render

pytestmark = pytest.mark.chain

STATUS = "/api/v1/status"


def connect(city):
    host, _, port = city.authority.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def sent_until_refused(connection, piece):
    """Send a piece again and again; return how many bytes it took to be refused."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 100 * protocol.HEAD_BYTES:
            connection.sendall(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (f"GET {STATUS} HTTP/1.1\r\nhost: x\r\n", "a: " + "x" * 1000 + "\r\n"),
        (f"GET {STATUS} HTTP/1.1\r\nhost: x\r\na: ", "x" * 1000),
        ("GET /", "x" * 1000),
    ],
)
def test_a_head_without_end_is_refused(city, beginning, piece):
    with connect(city) as connection:
        connection.sendall(beginning.encode())
        # What lies in buffers on the way is sent as well.
        assert sent_until_refused(connection, piece.encode()) < 100 * protocol.HEAD_BYTES


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01\r\n\r\n", b"GET /\0 HTTP/1.1\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_is_refused_by_a_problem(city, request_):
    refused = exchange(city.authority, request_)
    assert (refused.status, refused.problem["code"]) == (400, "malformed-request")


@pytest.mark.parametrize(
    "beginning",
    [
        "",
        f"GET {STATUS} HTTP/1.1\r\n",
        f"GET {STATUS} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nx",
        f"GET {STATUS} HTTP/1.1\r\nhost: x\r\n\r\nGET",
    ],
)
def test_a_request_that_does_not_come_is_not_waited_for(city, monkeypatch, beginning):
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.2)
    with connect(city) as connection:
        connection.sendall(beginning.encode())
        with contextlib.suppress(ConnectionError):
            while connection.recv(65_536):
                pass


def test_a_request_is_answered_however_many_came_before_it(city, monkeypatch):
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.2)
    one = render("GET", STATUS, [("host", "x")]).replace(b"connection: close\r\n", b"")
    with connect(city) as connection:
        connection.sendall(one * 60)
        received = b""
        while received.count(b"HTTP/1.1 200") < 60:
            received += connection.recv(65_536)


def test_connections_beyond_the_most_are_closed_and_later_ones_served(city, monkeypatch):
    kept = len(city.town.https) + 1
    monkeypatch.setattr(protocol, "most_connections", lambda: kept + 20)
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(connect(city)) for _ in range(kept + 40)]
        closed = 0
        for connection in reversed(opened[-20:]):
            with contextlib.suppress(ConnectionError):
                assert connection.recv(1) == b""
            closed += 1
        assert closed == 20
    monkeypatch.undo()
    assert json.loads(httpx.get(city.town.url + STATUS).content)["departments"]
