"""An S3 server on loopback, moto's, as a process of its own: it takes half a second to import.

`python -m tests.common.objectstore PORT` says its port and answers until it is killed.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from node.log import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "tiles"
KEY, SECRET = "operator", "geheim-geheim"
OWNER = (
    f"AWS4-HMAC-SHA256 Credential={KEY}/20261128/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00"
)


@dataclass
class ObjectStore:
    """A server that runs, with one bucket."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def place(self, prefix: str) -> Place:
        return Place(f"s3://{BUCKET}/{prefix}", self.url, KEY, SECRET)

    def put(self, path: str, data: bytes) -> None:
        self._ask("PUT", path, data)

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def _ask(self, method: str, path: str, data: bytes = b"") -> bytes:
        """Ask as the bucket's owner does; moto looks at who signs and not at how."""
        address, signed = f"{self.url}/{BUCKET}/{path}", {"Authorization": OWNER}
        answer = httpx.request(method, address, content=data, headers=signed)
        return answer.raise_for_status().content


@contextmanager
def object_store(port: int = 0) -> Iterator[ObjectStore]:
    """Start a server and make its bucket."""
    command = [sys.executable, "-m", __name__, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603 - our own module
        assert server.stdout is not None
        found = ObjectStore(int(server.stdout.readline()))
        httpx.put(f"{found.url}/{BUCKET}").raise_for_status()
        try:
            yield found
        finally:
            server.kill()


def main(port: int) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", port, application, threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
