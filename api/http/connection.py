"""HTTP/1.1 as a stranger may speak it: bounded in bytes before, and in time until, it is a request.

Uvicorn bounds neither the head of a request nor how long it takes to come: one endless header
would be copied again with every piece of it, and connections that say nothing would use up the
files the log and the read model need. What is refused here is problem+json like all else.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from node.errors import InvalidInput

from .problems import problem_response

if TYPE_CHECKING:
    import asyncio

HEAD_BYTES = 65_536
"""Largest head of a request: its line and its headers."""
REQUEST_SECONDS = 30.0
"""How long a connection may take to become a whole request, body and all."""


def most_connections() -> int:
    """Return how many connections leave enough files for everything else a process opens."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2


class BoundedProtocol(HttpToolsProtocol):
    """One connection; what exceeds its bounds is refused and closed."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

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

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it makes the head too large."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"the head of a request has more than {HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """Start the clock of a request; that of a connection's first one runs already."""
        super().on_message_begin()
        if self._deadline is None:
            self._start_clock()

    def on_headers_complete(self) -> None:
        """Count no further: a body is bounded by whoever reads it."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock; what comes next is another head."""
        self._stop_clock()
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, as everything is refused: by a problem+json."""
        response = problem_response(InvalidInput(msg))
        headers = [*self.server_state.default_headers, *response.raw_headers]
        lines = [b"%b: %b\r\n" % pair for pair in [*headers, (b"connection", b"close")]]
        head = STATUS_LINE[response.status_code] + b"".join(lines)
        self.transport.write(head + b"\r\n" + bytes(response.body))
        self.transport.close()

    def _start_clock(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
