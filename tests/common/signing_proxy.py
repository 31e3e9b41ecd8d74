"""A loopback proxy in front of a node that signs what needs a signature, for tools that cannot."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

from node.client.http import SignedHttp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.crypto import Signer


@dataclass
class SigningProxy:
    """What it is reached by, and what was asked through it."""

    url: str
    asked: list[tuple[str, int]] = field(default_factory=list)
    """(path, status), in order."""


@contextmanager
def signing_proxy(
    node_url: str,
    signer: Signer,
    is_signed: Callable[[str], bool],
    change: Callable[[str, bytes], bytes] = lambda _path, body: body,
) -> Iterator[SigningProxy]:
    """Pass GET requests on, those of paths that `is_signed` signed; `change` may spoil answers."""
    plain = httpx.Client(trust_env=False)
    http = SignedHttp(signer, attempts=1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = node_url + self.path
            headers = http.sign("GET", url).headers if is_signed(self.path) else {}
            answer = plain.get(url, headers=headers)
            body = change(self.path, answer.content)
            proxy.asked.append((self.path, answer.status_code))
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked is in `asked`."""

    with plain, http, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = SigningProxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
