"""The plain way to log calls, as a server: a signature, a row, one transaction a call.

What is usually built: the request's SM2 signature is checked, the row fetched, the call written
into a table whose rows are chained by a hash, and the answer signed. It authorises, masks and
encrypts nothing, proves nothing to a third party, and needs no read model. With `gmssl` it is the
way of most Python code; with `libcrypto` it has the ciphers this project has.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import uvicorn
from fastapi import FastAPI, Request, Response
from gmssl.sm2 import CryptSM2

from node.crypto import Sm2PublicKey, SoftwareSigner, verify_sm2

if TYPE_CHECKING:
    from collections.abc import Sequence

# The example key of GB/T 32918.5 annex A: the bench's own, it protects nothing.
_PRIVATE = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
_PUBLIC = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


class Cipher(Protocol):
    """SM2 as the plain way uses it; both agree on nothing but what they do themselves."""

    def sign(self, data: bytes) -> str:
        """Return a signature of `data` in hex."""
        ...

    def verify(self, data: bytes, signature: str) -> None:
        """Raise unless the signature holds."""
        ...


class Gmssl:
    """SM2 in pure Python."""

    def __init__(self) -> None:
        self._key = CryptSM2(private_key=_PRIVATE, public_key=_PUBLIC)

    def sign(self, data: bytes) -> str:
        """Sign."""
        return str(self._key.sign(data, secrets.token_hex(32)))

    def verify(self, data: bytes, signature: str) -> None:
        """Verify."""
        if not self._key.verify(signature, data):
            raise ValueError("the signature does not hold")


class Libcrypto:
    """SM2 by the system's OpenSSL, through this project's door."""

    def __init__(self) -> None:
        public = Sm2PublicKey.from_raw(bytes.fromhex(_PUBLIC))
        self._signer = SoftwareSigner.from_scalar(int(_PRIVATE, 16), public)

    def sign(self, data: bytes) -> str:
        """Sign."""
        public = self._signer.public_key
        return self._signer.sign_e(public.message_hash(data)).hex()

    def verify(self, data: bytes, signature: str) -> None:
        """Verify."""
        verify_sm2(self._signer.public_key, data, bytes.fromhex(signature))


CIPHERS: dict[str, type[Cipher]] = {"gmssl": Gmssl, "libcrypto": Libcrypto}


def sign_requests(cipher: str, numbers: Sequence[str]) -> list[bytes]:
    """Return raw requests, one for each identity number."""
    key = CIPHERS[cipher]()
    requests = []
    for number in numbers:
        body = f'{{"id":"{number}"}}'.encode()
        signature = key.sign(body).encode("ascii")
        requests.append(
            b"POST / HTTP/1.1\r\nHost: plain\r\nContent-Length: %d\r\nSignature: %s\r\n\r\n%s"
            % (len(body), signature, body)
        )
    return requests


def build(folder: Path, cipher: str) -> FastAPI:
    """Return the application; `folder` holds the source `people.db`."""
    app = FastAPI()
    key = CIPHERS[cipher]()
    source = sqlite3.connect(folder / "people.db", check_same_thread=False)
    log = sqlite3.connect(
        folder / f"plain-{cipher}.db", isolation_level=None, check_same_thread=False
    )
    log.execute("PRAGMA journal_mode=WAL")
    log.execute("PRAGMA synchronous=FULL")
    log.execute("CREATE TABLE call (i INTEGER PRIMARY KEY, body BLOB, signature TEXT, hash BLOB)")
    chain = bytes(32)

    @app.post("/")
    async def call(request: Request) -> Response:
        nonlocal chain
        body = await request.body()
        signature = request.headers["signature"]
        key.verify(body, signature)
        wanted = body[7:-2].decode()
        row = source.execute("SELECT name, id FROM person WHERE id = ?", (wanted,)).fetchone()
        chain = hashlib.sha256(chain + body + signature.encode("ascii")).digest()
        log.execute("BEGIN IMMEDIATE")
        log.execute(
            "INSERT INTO call (body, signature, hash) VALUES (?, ?, ?)", (body, signature, chain)
        )
        log.execute("COMMIT")
        answer = repr(row).encode()
        return Response(answer, headers={"signature": key.sign(answer)})

    return app


def main(folder: Path, cipher: str) -> None:
    """Serve until a signal."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201 - to the parent
    config = uvicorn.Config(build(folder, cipher), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
