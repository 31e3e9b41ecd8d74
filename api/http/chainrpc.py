"""The embedded chain's HTTP face: JSON-RPC 2.0 on `POST /`, single requests and batches.

Requests are bounded while they are read. Errors inside JSON-RPC have HTTP status 200, as clients of
Ethereum nodes expect; a chain whose sealing has ended by itself ends the process that serves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response

from node.chain.embedded import BODY_BYTES

from ..operating.reasons import listen
from .connection import read_body
from .problems import install
from .server import AnnouncingServer, configure

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.chain.embedded import EmbeddedChain

CONCURRENT_REQUESTS = 256
"""Requests answered at once; a send keeps one of them until its block is committed."""


def create_app(chain: EmbeddedChain) -> FastAPI:
    """Build the application around a chain that its owner starts and stops."""
    app = FastAPI(title="ShareLedger embedded chain", docs_url=None, redoc_url=None)
    install(app)
    limiter = CapacityLimiter(CONCURRENT_REQUESTS)

    @app.post("/")
    async def answer(request: Request) -> Response:
        body = await read_body(request.receive, BODY_BYTES)
        content = await to_thread.run_sync(chain.handle_body, body, limiter=limiter)
        return Response(content, media_type="application/json")

    return app


def serve(
    chain: EmbeddedChain,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Start the chain and serve it until a signal or the chain's own end; then stop it.

    `announce` is told the address once calls are answered; port 0 takes a free one.

    Raises:
        Fatal: what ended the chain, at start or later.
    """
    listener = listen(host, port, names=("host", "--port"))
    server = AnnouncingServer(
        configure(create_app(chain), BODY_BYTES),
        lambda: announce(f"http://{host}:{listener.getsockname()[1]}"),
    )

    def end() -> None:
        server.should_exit = True

    with listener:
        try:
            chain.start(on_failure=end)
            server.run(sockets=[listener])
        finally:
            chain.stop()
    if chain.failure is not None:
        raise chain.failure
