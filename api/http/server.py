"""Uvicorn as the node and the embedded chain run it alike: bounded, and it ends in order.

SIGTERM and SIGINT make `run` return: what started the server then ends the rest and exits with 0.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from .connection import HEAD_BYTES, BoundedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI


def configure(
    app: FastAPI,
    body_bytes: int,
    **options: Any,  # noqa: ANN401 - uvicorn's own
) -> uvicorn.Config:
    """Return how `app`, which reads no longer body, is served; `options` are uvicorn's."""

    class Protocol(BoundedProtocol):
        # Twice the body: chunks of a few bytes are framed by as many again.
        request_bytes = HEAD_BYTES + 2 * body_bytes

    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        # A warning of uvicorn's is a stranger's malformed request: he would fill the log with them.
        log_level="error",
        access_log=False,
        # Nothing here asks who the peer is: a caller is known by its signature alone.
        proxy_headers=False,
        server_header=False,
        **options,
    )


class AnnouncingServer(uvicorn.Server):
    """A server that calls `on_started` once it answers, and returns on SIGTERM and SIGINT."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal, then answer what is under way and return; main thread only."""
        with _raised_again_for_nothing():
            super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_started()


@contextmanager
def _raised_again_for_nothing() -> Iterator[None]:
    """Let the signals change nothing that uvicorn raises again once it has ended by them.

    Their default would end the process before its owner has closed logs, loops and databases.
    """
    before = {
        number: signal.signal(number, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
