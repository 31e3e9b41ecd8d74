"""What may be done at an address (RFC 9110 section 9): HEAD wherever GET is, OPTIONS, and Allow.

Nothing here stands in a request's way: a method that fits costs nothing; only one that does not,
and OPTIONS, which no route has, are looked up among all routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match

if TYPE_CHECKING:
    from fastapi import Request

KNOWN = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
NO_CONTENT = 204


class Readable(APIRoute):
    """A route that answers HEAD where it answers GET, as Starlette's own do and FastAPI's do not.

    The server leaves the content out; whoever signs, signs the method he sends. In the OpenAPI
    document the operation is called as its function is.
    """

    def __init__(self, *arguments: Any, methods: Any = None, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, methods=methods, **options)
        self.operation_id = self.operation_id or self.name
        if self.methods and "GET" in self.methods:
            self.methods = {*self.methods, "HEAD"}


def allowed(request: Request) -> str:
    """Return the value of Allow: every method of the address, whichever route it has it from."""
    found = [
        method
        for method in KNOWN
        if any(
            # FastAPI keeps what it matched in the scope: each try begins with none of it.
            route.matches({**request.scope, "method": method, "fastapi": {}})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]
    return ", ".join([*found, "OPTIONS"])


def options(request: Request) -> Response:
    """Answer OPTIONS at an address that exists: what may be done there, and nothing else."""
    return Response(status_code=NO_CONTENT, headers={"Allow": allowed(request)})
