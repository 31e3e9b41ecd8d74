"""A chain's answers, asked for once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import httpx

from bench.against.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def chain(asked: list[bytes]) -> Iterator[str]:
    """Serve a chain that answers with how often it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = b"%d" % len(asked)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_same_question_is_asked_once():
    asked: list[bytes] = []
    with chain(asked) as url, recorded(url) as found, httpx.Client(trust_env=False) as http:
        answers = [http.post(found.url, content=each).content for each in (b"a", b"b", b"a")]
    assert answers == [b"1", b"2", b"1"]
    assert asked == [b"a", b"b"]


def test_the_first_question_is_heard_until_one_listens_again():
    with chain([]) as url, recorded(url) as found:

        def heard(question: bytes) -> float | None:
            httpx.post(found.url, content=question, trust_env=False)
            return found.first_at

        first = heard(b"a")
        assert first is not None
        assert heard(b"b") == first
        found.listen()
        again = heard(b"a")
        assert again is not None
        assert again > first
