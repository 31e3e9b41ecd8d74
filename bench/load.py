"""Load on an HTTP server of another process, and what that process used meanwhile.

Requests are raw bytes made beforehand, sent over keep-alive connections; every answer must be 200.
The generator runs on the same machine and takes its share of it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from node.client.http import SignedRequest

OK = b"HTTP/1.1 200"
KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of requests found."""

    rate: float
    """Answers a second."""
    seconds: list[float]
    """From a request's first byte to its answer's last, in the order of the answers."""
    cpu_seconds: float
    """Processor time of the server, all its threads."""
    last: bytes
    """Body of the last answer."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a process of its own."""

    url: str
    process: int

    def take(self, requests: Sequence[bytes], connections: int) -> Load:
        """Send the requests."""
        before = self.cpu_seconds()
        rate, seconds, last = asyncio.run(_send(self.url, requests, connections))
        return Load(rate, seconds, self.cpu_seconds() - before, last)

    def cpu_seconds(self) -> float:
        """Return the processor time used so far, also by children: to the nanosecond."""
        # The clock of a process by its pid, as clock_getcpuclockid(3) makes it on Linux.
        return sum(time.clock_gettime(~process << 3 | 2) for process in self.processes())

    def processes(self) -> list[int]:
        """Return its pid and those of its children."""
        path = Path(f"/proc/{self.process}/task/{self.process}/children")
        return [self.process, *map(int, path.read_text(encoding="ascii").split())]

    def own_mebibytes(self) -> float:
        """Return the memory of all its processes, what they share counted once (smaps, Pss)."""
        texts = (
            Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
            for process in self.processes()
        )
        return sum(int(text.partition("\nPss:")[2].split()[0]) for text in texts) / KIB_PER_MIB

    def peak_mebibytes(self) -> float:
        """Return the largest resident memory so far (proc(5), status, VmHWM)."""
        return self._mebibytes("VmHWM:")

    def resident_mebibytes(self) -> float:
        """Return the resident memory now (proc(5), status, VmRSS)."""
        return self._mebibytes("VmRSS:")

    def _mebibytes(self, name: str) -> float:
        text = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        return int(text.partition(name)[2].split()[0]) / KIB_PER_MIB


def raw(request: SignedRequest) -> bytes:
    """Return a signed request as the bytes of HTTP/1.1 that go over the wire."""
    target = request.url.raw_path.decode("ascii")
    lines = [f"{request.method} {target} HTTP/1.1", f"Content-Length: {len(request.body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + request.body


@contextmanager
def child(module: str, *arguments: str) -> Iterator[Server]:
    """Run a module that prints its address once it listens; end it at the end."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"{module} {' '.join(arguments)} did not start")
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.communicate()


@asynccontextmanager
async def ask(url: str) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """Open a connection; what it yields sends a request and returns the answer's body."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def answer(request: bytes) -> bytes:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(OK):
            raise RuntimeError(body.decode())
        return body

    yield answer
    writer.close()
    await writer.wait_closed()


async def _send(
    url: str, requests: Sequence[bytes], connections: int
) -> tuple[float, list[float], bytes]:
    waiting = iter(requests)
    seconds: list[float] = []
    last = [b""]

    async def run() -> None:
        async with ask(url) as answer:
            for request in waiting:
                begun = time.perf_counter()
                last[0] = await answer(request)
                seconds.append(time.perf_counter() - begun)

    started = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(connections)))
    return len(requests) / (time.perf_counter() - started), seconds, last[0]
