"""The query: one signed call to one authorisation, answered with its proof.

Two ways lead to `_answer`. The route is what the OpenAPI document is made of and what judges a
path that is not a plain one; `QueryShortcut` takes the plain ones past FastAPI's routing and
dependencies, which cost more processor time than verifying the caller's signature does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.requests import ClientDisconnect

from node.errors import InvalidInput, LedgerError

from ..http import problems as errors
from ..http.signed import SIGNED, NodeDep, read_call
from .shapes import AnswerShape, QueryBody

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ..parts import Node

router = APIRouter(tags=["query"])

MAX_NUMBER = 2**53 - 1
"""Authorisations stand in leaves as JSON integers."""
_BODY: dict[str, Any] = {
    **SIGNED,
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{QueryBody.__name__}"}}
        },
    },
}


def _signed_path(authorisation: int) -> bytes:
    return f"/api/v1/authorisations/{authorisation}/query".encode("ascii")


@router.post(
    "/authorisations/{authorisation}/query",
    summary="查询数据 / Query data under an authorisation",
    responses={
        200: {"model": AnswerShape, "description": "Sealed rows, and the receipt of the call."},
        429: {"description": "The day's quota is used up; `reset` says when it starts anew."},
        503: {"description": "Not now; see Retry-After."},
    },
    openapi_extra=_BODY,
)
async def query(
    authorisation: Annotated[int, Path(ge=1, le=MAX_NUMBER)], request: Request, node: NodeDep
) -> Response:
    """Serve the call; refusals of a caller who is known carry a receipt as well.

    The same bytes sent again within 10 minutes get the same answer, uncounted.
    """
    return await _answer(node, authorisation, request.scope, request.receive)


class QueryShortcut:
    """ASGI middleware that answers queries itself and passes everything else on."""

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        """Stand before `app`, whose routes are below `prefix`."""
        self._app = app
        # Fifteen digits are below MAX_NUMBER; longer numbers are the route's to judge.
        self._path = re.compile(rf"{re.escape(prefix)}/authorisations/([1-9][0-9]{{0,14}})/query")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        plain = (
            self._path.fullmatch(scope["path"])
            if scope["type"] == "http" and scope["method"] == "POST" and not scope["root_path"]
            else None
        )
        if plain is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await _answer(scope["app"].state.node, int(plain[1]), scope, receive)
        except LedgerError as error:
            response = errors.respond(error)
        except ClientDisconnect:  # before its call was whole: nothing was judged
            return
        await response(scope, receive, send)


async def _answer(node: Node, authorisation: int, scope: Scope, receive: Receive) -> Response:
    call, body = await read_call(scope, receive, node, node.settings.limits.body_bytes)
    if scope["raw_path"] != _signed_path(authorisation) or scope["query_string"]:
        # Evidence reads the authorisation out of the signed text, where it has one spelling; a
        # query string would say nothing, and could make the leaf too large to be logged.
        raise InvalidInput(f"sign and send the path {_signed_path(authorisation).decode()}")
    answer = await node.service.handle(call, authorisation, body)
    return Response(answer, media_type="application/json")
