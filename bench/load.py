"""Load on an HTTP server of another process, and what that process used meanwhile.

Requests are raw bytes made beforehand, sent over keep-alive connections; every answer must be 200.
The generator runs on the same machine; what it takes of it is measured, too.
"""

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import uvloop

from api.operating.notices import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.client.http import SignedRequest

OK = b"HTTP/1.1 200"
HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r", re.IGNORECASE)
KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of requests found."""

    rate: float
    """Answers a second."""
    seconds: list[float]
    """From when a request was due to its answer's last byte, in the order of the answers."""
    cpu_seconds: float
    """Processor time of the server, all its threads."""
    own_seconds: float
    """Processor time of what sent them and took the answers."""
    last: bytes
    """Body of the last answer."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a process of its own."""

    url: str
    process: int

    def take(self, requests: Sequence[bytes], connections: int) -> Load:
        """Send the requests, each due as soon as a connection is free."""
        return self._load(requests, connections, None)

    def keep_up(self, requests: Sequence[bytes], connections: int, rate: float) -> Load:
        """Send so many requests a second, each due at its time whether others are answered or not.

        A server that falls behind cannot make its own waiting look shorter.
        """
        return self._load(requests, connections, rate)

    def _load(self, requests: Sequence[bytes], connections: int, rate: float | None) -> Load:
        before, own = self.cpu_seconds(), time.process_time()
        took, sent = _send(self.url, requests, connections, rate)
        used = self.cpu_seconds() - before, time.process_time() - own
        body = sent.last.partition(HEAD_END)[2]
        return Load(len(requests) / took, sent.seconds, *used, body)

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


def fronts_of(server: Server, data_dir: Path) -> dict[str, Server]:
    """Return the processes of a node that answer, by name: of one that is not several, itself."""
    alive = server.processes()
    named = (path.name.split(".")[:2] for path in (data_dir / FOLDER).glob("front-*.json"))
    fronts = {name: Server(server.url, int(pid)) for name, pid in sorted(named)}
    return {name: each for name, each in fronts.items() if each.process in alive} or {
        "node": server
    }


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


class _Connection(asyncio.Protocol):
    """One keep-alive connection: a request, its answer, and then the next request."""

    def __init__(self, sending: _Sending) -> None:
        self._sending = sending
        self._transport: asyncio.Transport
        self._since = 0.0
        self._come = b""
        self._wanted = 0
        """Bytes of the answer, once its head has come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End everything, unless it has ended."""
        self._sending.fail(exc or RuntimeError("the server has closed a connection"))

    def send(self, request: bytes, since: float) -> None:
        """Send a request whose time counts from `since` on (time.perf_counter)."""
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a piece of the answer."""
        self._come = come = self._come + data if self._come else data
        if not self._wanted:
            head = come.find(HEAD_END)
            found = _LENGTH.search(come, 0, head + 1) if head > 0 else None
            if found is None:
                return
            self._wanted = head + len(HEAD_END) + int(found[1])
        if len(come) >= self._wanted:
            self._come, self._wanted = b"", 0
            self._sending.take(self, come, time.perf_counter() - self._since)

    def close(self) -> None:
        self._transport.close()


class _Sending:
    """Requests on their way: each as soon as a connection is free, or at its time."""

    def __init__(self, requests: Sequence[bytes], rate: float | None) -> None:
        self._requests = requests
        self._rate = rate
        self._free: deque[_Connection] = deque()
        self._sent = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self.seconds: list[float] = []
        self.last = b""

    async def run(self, url: str, connections: int) -> float:
        """Send all of them; return the seconds that took."""
        host, _, port = url.removeprefix("http://").partition(":")
        opened = [
            (await self._loop.create_connection(lambda: _Connection(self), host, int(port)))[1]
            for _ in range(connections)
        ]
        self._free.extend(opened)
        self._begun = time.perf_counter()
        self._go_on()
        try:
            await self._ended
            return time.perf_counter() - self._begun
        finally:
            for each in opened:
                each.close()

    def take(self, connection: _Connection, answer: bytes, seconds: float) -> None:
        """Note an answer, and use its connection again."""
        if not answer.startswith(OK):
            self.fail(RuntimeError(answer.decode()))
            return
        self.seconds.append(seconds)
        self.last = answer
        if len(self.seconds) == len(self._requests) and not self._ended.done():
            self._ended.set_result(None)
        # The one that has waited longest is next: all fronts get their share.
        self._free.append(connection)
        self._go_on()

    def fail(self, error: Exception) -> None:
        """End with an error."""
        if not self._ended.done():
            self._ended.set_exception(error)

    def _go_on(self) -> None:
        """Send what is due while connections are free, and come back when the next one is."""
        while self._free and self._sent < len(self._requests):
            due = now = time.perf_counter()
            if self._rate is not None:
                due = self._begun + self._sent / self._rate
            if due > now:
                if self._timer is None:
                    self._timer = self._loop.call_later(due - now, self._wake)
                return
            self._free.popleft().send(self._requests[self._sent], due)
            self._sent += 1

    def _wake(self) -> None:
        self._timer = None
        self._go_on()


def _send(
    url: str, requests: Sequence[bytes], connections: int, rate: float | None
) -> tuple[float, _Sending]:
    async def run() -> tuple[float, _Sending]:
        sending = _Sending(requests, rate)
        return await sending.run(url, connections), sending

    # Collections of what this process has imported would be waited for by the calls.
    gc.collect()
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run())
    finally:
        gc.unfreeze()
