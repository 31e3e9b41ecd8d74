"""The query: one signed call to one authorisation, answered with its proof."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from node.errors import InvalidInput

from ..security import SIGNED, NodeDep, read_call
from .shapes import AnswerShape, QueryBody

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
    call, body = await read_call(request, node, node.settings.limits.body_bytes)
    if request.scope["raw_path"] != _signed_path(authorisation) or request.scope["query_string"]:
        # Evidence reads the authorisation out of the signed text, where it has one spelling; a
        # query string would say nothing, and could make the leaf too large to be logged.
        raise InvalidInput(f"sign and send the path {_signed_path(authorisation).decode()}")
    answer = await node.service.handle(call, authorisation, body)
    return Response(answer, media_type="application/json")
