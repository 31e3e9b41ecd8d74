"""A chain's answers, kept: what was asked once is answered from memory the next time.

It stands between a build and its chain while that is followed again and again. What a follower
costs is then its own work, not the EVM's; and the first question tells when that work began,
without the start of the process. Nothing may be added to the chain meanwhile.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_SECONDS = 120.0


@dataclass
class Recorded:
    """Answers of one JSON-RPC endpoint by the bytes of the question."""

    chain: str
    """Who is asked what was not asked before."""
    url: str = ""
    first_at: float | None = None
    """When (time.perf_counter) something was first asked since `listen`."""
    answers: dict[bytes, bytes] = field(default_factory=dict)

    def listen(self) -> None:
        """Wait for a first question again."""
        self.first_at = None

    def answer(self, question: bytes) -> bytes:
        """Return what the chain answers."""
        if self.first_at is None:
            self.first_at = time.perf_counter()
        known = self.answers.get(question)
        if known is None:
            headers = {"Content-Type": "application/json"}
            asked = httpx.post(
                self.chain,
                content=question,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
            )
            known = self.answers[question] = asked.raise_for_status().content
        return known


@contextmanager
def recorded(chain: str) -> Iterator[Recorded]:
    """Serve a chain's answers on a port of our own."""
    found = Recorded(chain)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Answer one question."""
            answer = found.answer(self.rfile.read(int(self.headers["Content-Length"])))
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(answer)}\r\n\r\n"
            )
            self.wfile.write(head.encode("ascii") + answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="recorded", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
