"""Calls a second through one real node process on loopback, beside the plain way.

Ours: `api.app.serve` with its follower, keeper and fetcher, on a real embedded chain; every call
is signed, authorised by the read model, fetched, masked, sealed, logged and proved. The plain
way: a FastAPI process that checks and makes one gmssl signature a call and commits one SQLite
transaction a call. Requests are signed beforehand; the load generator runs on the same machine.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI, Request, Response
from gmssl.sm2 import CryptSM2

from api.app import serve
from api.parts import Node
from api.settings import load_settings
from node.protocol import canonical, encoding
from tests.common.chain import deployed_on, running_chain
from tests.common.nodes import QUERY, NodeKeys, NodeTown, until, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.client.http import SignedRequest

CALLS = 6_000
WARM_UP = 500
CONNECTIONS = 32
PLAIN_CALLS = 120
SOURCE_ROWS = 50
OK = b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    calls: float
    """A second."""
    median_milliseconds: float
    p99_milliseconds: float
    alone_milliseconds: float
    """Median of calls made one after the other."""
    cpu_milliseconds: float
    """Processor time of the node per call, all its threads."""
    answer_bytes: float
    plain_calls: float
    plain_p99_milliseconds: float


def measure(calls: int = CALLS) -> Figures:
    """Found a town on a real chain, then time calls to its node; then the plain way."""
    with tempfile.TemporaryDirectory(prefix="shareledger-calls-") as name:
        folder = Path(name)
        with _town(folder) as (town, process):
            requests = [_raw(each) for each in _sign(town, calls + WARM_UP + 100)]
            asyncio.run(_load(town.url, requests[:WARM_UP]))
            alone = asyncio.run(_load(town.url, requests[WARM_UP : WARM_UP + 100], 1))
            before = _cpu_seconds(process)
            found = asyncio.run(_load(town.url, requests[WARM_UP + 100 :]))
            cpu = (_cpu_seconds(process) - before) / calls
        plain = _plain(folder)
    return Figures(
        calls=found.rate,
        median_milliseconds=statistics.median(found.seconds) * 1000,
        p99_milliseconds=_p99(found.seconds),
        alone_milliseconds=statistics.median(alone.seconds) * 1000,
        cpu_milliseconds=cpu * 1000,
        answer_bytes=statistics.mean(found.sizes),
        plain_calls=plain.rate,
        plain_p99_milliseconds=_p99(plain.seconds),
    )


@dataclass(frozen=True, slots=True)
class _Load:
    rate: float
    seconds: list[float]
    sizes: list[int]


async def _load(url: str, requests: list[bytes], connections: int = CONNECTIONS) -> _Load:
    """Send raw requests over keep-alive connections; every answer must be 200."""
    host, _, port = url.removeprefix("http://").partition(":")
    waiting = iter(requests)
    seconds: list[float] = []
    sizes: list[int] = []

    async def run() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for request in waiting:
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            seconds.append(time.perf_counter() - begun)
            sizes.append(length)
            if not head.startswith(OK):
                raise RuntimeError(body.decode())
        writer.close()
        await writer.wait_closed()

    started = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(connections)))
    return _Load(len(requests) / (time.perf_counter() - started), seconds, sizes)


def _sign(town: NodeTown, count: int) -> Iterator[SignedRequest]:
    url = f"{town.url}/api/v1/authorisations/{town.first}/query"
    http = town.http(town.keys.application)
    for number in range(count):
        body = {
            "purpose": QUERY["purpose"],
            "items": list(QUERY["items"]),
            "where": {"GMSFHM": {"eq": f"13090220000101{number % SOURCE_ROWS:04d}"}},
            "page": {"size": 1, "after": None},
            "operator": "李老师",
            "matter": f"2026-{number}",
            "salt": encoding.b64u(secrets.token_bytes(16)),
        }
        yield http.sign("POST", url, canonical.dumps(body), "application/json")


def _raw(request: SignedRequest) -> bytes:
    target = request.url.raw_path.decode("ascii")
    lines = [f"{request.method} {target} HTTP/1.1", f"Content-Length: {len(request.body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + request.body


@contextmanager
def _town(folder: Path) -> Iterator[tuple[NodeTown, int]]:
    """Found a town whose node runs in a process of its own; yields the process id, too."""
    (folder / "chain").mkdir()
    with running_chain(folder / "chain") as running, deployed_on(running) as chain:
        keys = NodeKeys()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        settings = write_settings(folder, chain, keys, port)
        with _child("node", settings) as (url, process):
            # The same disks, opened beside the running node as its command line would.
            node = Node(load_settings(settings))
            town = NodeTown(chain, node, keys, url, [])
            try:
                town.found()
                town.grant()
                with town.client() as client:
                    until(lambda: _served(client, town))
                yield town, process
            finally:
                for http in town.https.values():
                    http.close()
                node.stop()


def _served(client: Any, town: NodeTown) -> bool:  # noqa: ANN401 - a LedgerClient
    from node.errors import Unavailable

    try:
        client.query(town.first, **QUERY)
    except Unavailable:
        return False
    return True


@contextmanager
def _child(role: str, path: Path) -> Iterator[tuple[str, int]]:
    """Run this module in another process; yields the address it announces and its id."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "bench.calls", role, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None  # noqa: S101 - asked for above
        url = child.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"{role} did not start")
        yield url, child.pid
    finally:
        child.terminate()
        child.communicate()


def _plain(folder: Path) -> _Load:
    with _child("plain", folder) as (url, _):
        key = CryptSM2(private_key=_PLAIN_KEY, public_key=_PLAIN_PUBLIC)
        requests = []
        for number in range(PLAIN_CALLS):
            body = f'{{"id":"13090220000101{number % SOURCE_ROWS:04d}"}}'.encode()
            signature = key.sign(body, secrets.token_hex(32))
            requests.append(
                b"POST / HTTP/1.1\r\nHost: plain\r\nContent-Length: %d\r\nSignature: %s\r\n\r\n%s"
                % (len(body), signature.encode("ascii"), body)
            )
        asyncio.run(_load(url, requests[:10]))
        return asyncio.run(_load(url, requests[10:]))


# The example key of GB/T 32918.5 annex A: the bench's own, it protects nothing.
_PLAIN_KEY = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
_PLAIN_PUBLIC = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


def plain_app(folder: Path) -> FastAPI:
    """Return the plain way: gmssl verifies and signs, one transaction a call, no proof."""
    app = FastAPI()
    key = CryptSM2(private_key=_PLAIN_KEY, public_key=_PLAIN_PUBLIC)
    source = sqlite3.connect(folder / "people.db", check_same_thread=False)
    log = sqlite3.connect(folder / "plain.db", isolation_level=None, check_same_thread=False)
    log.execute("PRAGMA journal_mode=WAL")
    log.execute("PRAGMA synchronous=FULL")
    log.execute("CREATE TABLE call (i INTEGER PRIMARY KEY, body BLOB, signature TEXT)")

    @app.post("/")
    async def call(request: Request) -> Response:
        body = await request.body()
        signature = request.headers["signature"]
        if not key.verify(signature, body):
            return Response(status_code=401)
        wanted = body[7:-2].decode()
        row = source.execute("SELECT name, id FROM person WHERE id = ?", (wanted,)).fetchone()
        answer = base64.b64encode(repr(row).encode())
        log.execute("BEGIN IMMEDIATE")
        log.execute("INSERT INTO call (body, signature) VALUES (?, ?)", (body, signature))
        log.execute("COMMIT")
        own = key.sign(answer, secrets.token_hex(32))
        return Response(answer, headers={"signature": own})

    return app


def _serve_plain(folder: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201 - to the parent
    config = uvicorn.Config(plain_app(folder), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def _cpu_seconds(process: int) -> float:
    """Return the processor time a process has used (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000


def main() -> None:
    """Measure and print."""
    found = measure()
    print(  # noqa: T201 - a bench prints
        f"calls: one process, {CONNECTIONS} connections: {found.calls:,.0f} calls/s, median "
        f"{found.median_milliseconds:.1f} ms, p99 {found.p99_milliseconds:.1f} ms; one after the "
        f"other {found.alone_milliseconds:.1f} ms; processor time of the node "
        f"{found.cpu_milliseconds:.2f} ms a call; {found.answer_bytes:,.0f} bytes an answer with "
        f"its proof; plain way (gmssl, one transaction a call): {found.plain_calls:,.0f} calls/s, "
        f"p99 {found.plain_p99_milliseconds:,.0f} ms"
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["node", settings]:
            serve(
                load_settings(Path(settings)),
                announce=lambda url: print(url, flush=True),  # noqa: T201 - to the parent
            )
        case ["plain", folder]:
            _serve_plain(Path(folder))
        case _:
            main()
