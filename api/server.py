"""Uvicorn as the node and the embedded chain run it alike: bounded, and it says when it listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import uvicorn

from .protocol import BoundedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from fastapi import FastAPI


def configure(app: FastAPI, **options: Any) -> uvicorn.Config:  # noqa: ANN401 - uvicorn's own
    """Return how `app` is served; `options` are uvicorn's."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        # Nothing here asks who the peer is: a caller is known by its signature alone.
        proxy_headers=False,
        server_header=False,
        **options,
    )


class AnnouncingServer(uvicorn.Server):
    """A server that calls `on_started` once it answers."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_started()
