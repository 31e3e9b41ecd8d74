"""HTTP/1.1 as a stranger may speak it: bounded in bytes before, and in time until, it is a request.

Uvicorn bounds neither the bytes of a request nor how long it takes to come: an endless header would
be copied again with every piece of it, the fields behind a chunked body (trailers) would be kept
for good, and connections that say nothing would use up the files the log and the read model need.
What is refused here is problem+json like all else.

A request that offers to go on in another protocol (`Upgrade: h2c`, which Java's client sends unless
told not to) is served in this one, as RFC 9110 section 7.8 allows; httptools would take its body
for the other protocol's first bytes.
"""

from __future__ import annotations

import asyncio
import resource
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import httptools
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from node.errors import InvalidInput

from .problems import problem_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.types import Receive

HEAD_BYTES = 65_536
"""Largest head of a request: its line and its headers."""
OFFICE_BYTES = 8_388_608
"""Largest body of a decision: a table's entries with one signature."""
OFFICE_PATHS = (b"/api/v1/office/decisions/", b"/desk/filings")
"""Where such bodies and dropped tables go; who sends one is known before it is read
(`officers`)."""
CLOSE = (b"connection", b"close")
ENDING = "ending"
"""Of a request's state: the asyncio.Event that is set once its server is to end, for answers that
go on by themselves."""
WHOLE = "whole"
"""Of a request's state: a `Whole`, for answers that are whole when they begin."""
Whole: TypeAlias = "Callable[[int, list[tuple[bytes, bytes]], bytes], Awaitable[None]]"
"""Sends status, headers and body in one piece: ASGI's two messages are two writes and two packets,
and each header is searched for what a header must not hold, which ours do not."""
REQUEST_SECONDS = 30.0
"""How long a connection may take to become a whole request, body and all."""


def most_connections() -> int:
    """Return how many connections leave enough files for everything else a process opens."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body, read no further than `limit` bytes.

    Raises:
        InvalidInput: it is longer.
        ClientDisconnect: its sender has gone; nobody is left to be answered.
    """
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise InvalidInput(f"the body has more than {limit} bytes")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


class BoundedProtocol(HttpToolsProtocol):
    """One connection; what exceeds its bounds is refused and closed."""

    request_bytes = 2 * HEAD_BYTES
    """Most bytes of one request: head, body, what frames its chunks, and trailers."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._taken_bytes = 0
        """Of the request that is under way, as they came from the wire."""
        self._in_head = True
        self._upgrading = False
        """Whether a head offers an upgrade, so that it is to be read again without the offer."""
        self._deadline: asyncio.TimerHandle | None = None
        self._ending = asyncio.Event()
        self.on_lost: Callable[[], None] = lambda: None
        """Called once the connection has ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, if there is room for one more connection."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
        else:
            self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_clock()
        super().connection_lost(exc)
        self.on_lost()

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it makes the request too large."""
        self._taken_bytes += len(data)
        # What uvicorn does with a piece, but for upgrades.
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        what, most = ("head", HEAD_BYTES) if self._in_head else ("whole", self._most_bytes())
        if self._taken_bytes > most and not self.transport.is_closing():
            self._refuse(f"the {what} of a request has more than {most} bytes")

    def on_message_begin(self) -> None:
        """Start the clock of a request; that of a connection's first one runs already."""
        super().on_message_begin()
        self.scope["state"][ENDING] = self._ending
        if self._deadline is None:
            self._start_clock()

    def shutdown(self) -> None:
        """Close the connection once what is under way has been answered."""
        super().shutdown()
        self._ending.set()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the head; trailers, which nothing here asks for, are dropped."""
        # Uvicorn would add them to the headers of a request that is being answered already.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on counting: the body is counted with the head, whoever reads it or not."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._upgrading = True
            return
        self._in_head = False
        super().on_headers_complete()
        self.scope["state"][WHOLE] = partial(_send_whole, self.cycle)

    def on_message_complete(self) -> None:
        """Stop the clock; what comes next is another head."""
        if self._upgrading:  # httptools ends such a message with its head; its body is to come
            return
        self._stop_clock()
        self._in_head, self._taken_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, as everything is refused: by a problem+json."""
        response = problem_response(InvalidInput(msg))
        headers = [*self.server_state.default_headers, *response.raw_headers, CLOSE]
        self.transport.write(_rendered(response.status_code, headers, bytes(response.body)))
        self.transport.close()

    def _parse(self, data: bytes) -> None:
        """Feed the parser; a head that offers an upgrade is fed again without the offer."""
        rest = memoryview(data)
        while True:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as offered:
                if not self._upgrading:  # CONNECT: what follows is for nobody here
                    return
                # Once for each such head, and without a copy of what follows: many of them in one
                # piece cost no more than others.
                rest = rest[offered.args[0] :]
                self._upgrading = False
                self.parser.feed_data(self._head_without_upgrade())
            else:
                return

    def _most_bytes(self) -> int:
        roomy = self.url.startswith(OFFICE_PATHS)
        return HEAD_BYTES + 2 * OFFICE_BYTES if roomy else self.request_bytes

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode("ascii")
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % pair for pair in self.headers if pair[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _refuse(self, reason: str) -> None:
        if not self._in_head and self.cycle.response_started:
            # The answer is on its way already; a second one in its midst would be read as part.
            self.transport.abort()
        else:
            self.send_400_response(reason)

    def _start_clock(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


async def _send_whole(
    cycle: RequestResponseCycle, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Do what `cycle.send` does of an answer's head and of its only piece."""
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    lasting = cycle.default_headers  # which name the end while the server leaves
    cycle.keep_alive = cycle.keep_alive and CLOSE not in lasting
    closing = [] if cycle.keep_alive or CLOSE in lasting else [CLOSE]
    cycle.transport.write(_rendered(status, [*lasting, *headers, *closing], body))
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _rendered(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    lines = [b"%b: %b\r\n" % pair for pair in headers]
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", body))
