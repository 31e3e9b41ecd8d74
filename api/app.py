"""The composition root: settings in, a running node with its HTTP application out."""

from __future__ import annotations

import gc
import signal
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from .console import install as install_console
from .http import problems as errors
from .http.callers import DOCUMENT_BYTES, NotStored
from .http.described import PARAMETERS, SCHEME
from .http.server import AnnouncingServer, configure
from .operating import journal
from .operating.metrics import Counted
from .operating.reasons import listen, storing
from .parts import Node, Part
from .routes import PREFIX, query, router
from .routes.shapes import Problem, QueryBody

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from .http.shares import Share
    from .settings import Settings

DESCRIPTION = """
一个部门节点的接口：数据查询（签名、加密、留痕）、文书交换、日志与目录。
One node's API: data under an authorisation (signed, sealed, logged), documents between nodes,
logs and the catalogue. Every error is a problem+json (RFC 9457) with a stable `code`.
"""
KEEP_ALIVE_SECONDS = 75
GRACEFUL_SECONDS = 10
THRESHOLDS = 5_000, 10, 50
"""Of the garbage collector: objects that came, and collections of what is younger."""


class _Application(FastAPI):
    """The routes of a node; a call is answered before anything looks for one."""

    calls: query.Calls | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self.calls is not None and self.calls.find(scope):
            await self.calls(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def build(node: Node | None) -> FastAPI:
    """Return the routes over a node that its owner starts and stops."""
    app = _Application(
        title="ShareLedger 共享账本",
        description=DESCRIPTION,
        version=version("shareledger"),
        # Their pages load scripts from elsewhere, which a government network does not reach.
        docs_url=None,
        redoc_url=None,
        # A redirect would name whatever Host the request did, and no signature survives one.
        redirect_slashes=False,
        # What is told of a call is the operational log's and the metrics' to say, and no library's.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.node = node
    if node is not None:
        app.calls = query.Calls(node)
        app.add_route(PREFIX + query.PATH, app.calls, methods=["POST"])  # type: ignore[arg-type] # ASGI
    app.include_router(router)
    app.add_middleware(NotStored)
    if node is not None:
        app.add_middleware(Counted, watch=node.watch)
    errors.install(app)
    if node is not None:
        install_console(app, node.settings.console)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def serve(
    settings: Settings,
    *,
    announce: Callable[[str], None] = lambda _url: None,
    extend: Callable[[FastAPI], None] = lambda _app: None,
) -> None:
    """Run a node until a signal; `announce` is told its address once it answers.

    `extend` may add to what it answers; the product itself adds nothing.

    Raises:
        Fatal: it is not right to start (later, a Fatal ends the process; loops.py).
        ChainUnavailable: nothing can be checked now.
    """
    log = settings.logging
    bounded = journal.configure(log.format, log.level, log.lines_per_second)
    with storing(settings.data_dir), listen(settings.host, settings.port) as listener:
        node = Node(settings)
        node.bounded = bounded
        url = url_of(settings, listener)

        def make() -> FastAPI:
            app = build(node)
            extend(app)
            return app

        answer(node, make, listener, lambda: announce(url))


def answer(
    node: Node,
    make: Callable[[], FastAPI],
    listener: socket.socket,
    on_started: Callable[[], None],
    share: Share | None = None,
) -> None:
    """Start `node`, whole or a front, answer by what `make` returns until a signal, and stop it.

    Fronts each have a `share` of what comes to `listener`.

    Raises:
        Fatal: it is not right to start.
        ChainUnavailable: nothing can be checked now.
    """

    def started() -> None:
        journal.event(
            "start",
            url=url_of(node.settings, listener),
            version=version("shareledger"),
            chain=node.deployment.chain_id,
            departments=[one.code for one in node.settings.departments],
        )
        on_started()

    try:
        app = None
        if node.part is Part.WHOLE and node.settings.storage.url is not None:
            # Its start may be a wait for another host's end, and then every second counts: what
            # needs no database is made before.
            node.load()
            app = make()
        node.start()
        config = configure(
            app or make(),
            DOCUMENT_BYTES,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
        server = AnnouncingServer(config, started, share)
        if node.part is Part.FRONT:
            signal.signal(signal.SIGHUP, lambda _number, _frame: server.leave())
        settle_memory()
        server.run(sockets=[listener])
        journal.event("stop")
    finally:
        node.stop()


def settle_memory() -> None:
    """Keep what a process is made of out of the garbage collector's sight.

    Looking through it again would hold every call up for a tenth of a second, now and then; and
    what has come since is looked through once in a thousand pages rather than in fifty.
    """
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()


def url_of(settings: Settings, listener: socket.socket) -> str:
    """Return the address a node answers at."""
    return f"http://{settings.host}:{listener.getsockname()[1]}"


def openapi_document() -> bytes:
    """Return docs/openapi.json: the same bytes as long as the API is the same."""
    document = build(None).openapi()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made once: FastAPI's, with signatures and without its 422."""
    if app.openapi_schema is None:
        with warnings.catch_warnings():
            # A route that answers HEAD as well is described once, as GET.
            warnings.filterwarnings("ignore", "Duplicate Operation ID")
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=[*_described(), *app.routes],
            )
        components = document.setdefault("components", {})
        components |= {"securitySchemes": SCHEME, "parameters": PARAMETERS}
        schemas = components["schemas"]
        # Requests that do not validate are malformed-request like all others.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        # The query's body is read by us, byte for byte: FastAPI does not know its shape.
        body = QueryBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= body.pop("$defs")
        schemas |= {QueryBody.__name__: body, Problem.__name__: Problem.model_json_schema()}
        for path in document["paths"].values():
            path.pop("head", None)
            for operation in path.values():
                operation["responses"].pop("422", None)
        app.openapi_schema = document
    return app.openapi_schema


def _described() -> Sequence[BaseRoute]:
    """Return the routes that FastAPI does not serve and the document describes."""
    routes = APIRouter()
    routes.include_router(query.described, prefix=PREFIX)
    return routes.routes
