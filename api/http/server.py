"""Uvicorn as the node and the embedded chain run it alike: bounded, and it ends in order.

SIGTERM and SIGINT make `run` return: what started the server then ends the rest and exits with 0.
SIGHUP does so where another process goes on listening on the same socket: no caller notices.
"""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from .connection import CLOSE, HEAD_BYTES, BoundedProtocol
from .shares import SharedListener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI

    from .shares import Share

LEAVING_SECONDS = 5.0
"""A connection over which nobody asks for so long is closed when its server leaves."""
LOOK_SECONDS = 0.05


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

    def __init__(
        self,
        config: uvicorn.Config,
        on_started: Callable[[], None],
        share: Share | None = None,
    ) -> None:
        """Serve; with a `share`, beside others on the same socket."""
        super().__init__(config)
        self._on_started = on_started
        self._share = share
        self._leaving = False

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal, then answer what is under way and return; main thread only."""
        with _raised_again_for_nothing():
            super().run(sockets)

    def leave(self) -> None:
        """Return as of a signal, but let every caller finish with his connection first."""
        self._leaving = self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order."""
        if self._leaving:
            await self._let_go()
        await super().shutdown(sockets)

    async def _let_go(self) -> None:
        """Take no more connections, and have each that is open end with its next answer.

        A connection that is merely closed may have a call on its way, which nobody would answer.
        """
        for server in self.servers:
            server.close()
        state, until = self.server_state, time.monotonic() + LEAVING_SECONDS
        state.default_headers = [*state.default_headers, CLOSE]
        while state.connections and time.monotonic() < until:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(LOOK_SECONDS)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        if self._share is None:
            await super().startup(sockets)
        else:
            await super().startup([])
            for listener in sockets or []:
                listener.listen(self.config.backlog)
                taking = SharedListener(listener, self._share, self._make_protocol)
                self.servers.append(taking)  # type: ignore[arg-type] # what of it uvicorn uses
        if self.started:
            self._on_started()

    def _make_protocol(self) -> BoundedProtocol:
        """Make a connection's protocol, as uvicorn's own `startup` does."""
        made: BoundedProtocol = self.config.http_protocol_class(  # type: ignore[assignment, call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


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
