"""What a node answers the thin client is bounded, and never more than an answer."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from node.client import officehttp
from node.client.officehttp import OfficeHttp
from node.crypto import SoftwareSigner
from node.errors import ConfigInvalid, Conflict, InvalidInput, PeerUnavailable
from node.protocol.wire import signedcall

SIGNER = SoftwareSigner.generate()


@contextmanager
def node(status, content, **headers):
    """Serve one answer on loopback; yield its address and what came."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            came.append((self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {"Content_Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the name http.server calls

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield OfficeHttp(f"http://127.0.0.1:{server.server_port}", SIGNER), came
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_request_is_signed_as_it_goes_over_the_wire():
    with node(200, b'{"a": 1}') as (office, came):
        assert office.post("/decisions/prepare", {"kind": "Step"}) == {"a": 1}
        assert office.get("/filings/X", after="ab", none=None) == {"a": 1}
    for method, path, headers, body in came:
        named = path.partition("?")
        call = signedcall.parse(
            method,
            headers["Host"],
            named[0].encode(),
            named[2].encode(),
            [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            body,
        )
        signedcall.verify(call, SIGNER.public_key, int(time.time()))
    assert came[1][1] == "/api/v1/office/filings/X?after=ab"


@pytest.mark.parametrize(
    ("status", "content", "headers", "error"),
    [
        (200, b"<html>", {}, PeerUnavailable),
        (200, b"[1]", {}, PeerUnavailable),
        (200, b"", {}, PeerUnavailable),
        (200, b"{}", {"Content_Length": "9"}, PeerUnavailable),
        (302, b"", {"Location": "http://169.254.169.254/"}, InvalidInput),
        (409, b'{"code": "conflict", "detail": "x"}', {}, Conflict),
        (500, b"<html>", {}, PeerUnavailable),
        (503, b'{"code": "fatal", "detail": "x"}', {}, PeerUnavailable),
    ],
)
def test_any_other_answer_is_an_error_of_ours(status, content, headers, error):
    with node(status, content, **headers) as (office, _), pytest.raises(error):
        office.get("/withdrawals")


def test_an_answer_without_end_is_none(monkeypatch):
    monkeypatch.setattr(officehttp, "ANSWER_BYTES", 100)
    long = b'{"a": "' + b"x" * 100 + b'"}'
    with node(200, long) as (office, _), pytest.raises(PeerUnavailable, match="100"):
        office.get("/withdrawals")
    monkeypatch.setattr(officehttp, "ANSWER_SECONDS", -1.0)
    with node(200, b"{}") as (office, _), pytest.raises(PeerUnavailable):
        office.get("/withdrawals")


@pytest.mark.parametrize(
    "url",
    ["", "node", "ftp://node", "http://", "http://node/path", "http://node:x", "http://n?q=1"],
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ConfigInvalid, match="节点地址不对"):
        OfficeHttp(url, SIGNER)


def test_nobody_there_is_said_to_be():
    with pytest.raises(PeerUnavailable, match="没有应答"):
        OfficeHttp("http://127.0.0.1:1", SIGNER).get("/withdrawals")
