"""The query: one signed call to one authorisation, answered with its proof.

Its route is a plain one of Starlette's (`app.add_route`): the body is read and judged byte for byte
by us, so FastAPI's dependencies and validation have nothing to do here and would cost more
processor time than verifying the caller's signature. The OpenAPI document describes it all the
same, from `described`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from node.errors import (
    AuthorisationExpired,
    AuthorisationNotAgreed,
    AuthorisationNotStarted,
    AuthorisationSuspended,
    AuthorisationTerminated,
    AuthorisationUnknown,
    CallReplayed,
    Contradictory,
    DepartmentSuspended,
    EntryFrozen,
    FilterNotGranted,
    InvalidInput,
    ItemNotGranted,
    LogUnavailable,
    MalformedFilter,
    ModeNotGranted,
    Overloaded,
    PurposeNotGranted,
    QuotaCalls,
    QuotaRefusals,
    QuotaRows,
    SourceUnavailable,
)

from ..http.callers import read_call
from ..http.described import SIGNED, signed_refusals
from .shapes import AnswerShape, QueryBody

if TYPE_CHECKING:
    from ..parts import Node

described = APIRouter(tags=["query"])
PATH = "/authorisations/{authorisation}/query"
MAX_NUMBER = 2**53 - 1
"""Authorisations stand in leaves as JSON integers."""
_NUMBER = re.compile(r"[0-9]{1,16}")
_GONE = 499
"""What others log for a request whose sender has gone."""
_REFUSALS = (
    AuthorisationUnknown, MalformedFilter, DepartmentSuspended, EntryFrozen, AuthorisationNotAgreed,
    AuthorisationSuspended, AuthorisationTerminated, AuthorisationNotStarted, AuthorisationExpired,
    ModeNotGranted, Contradictory, PurposeNotGranted, ItemNotGranted, FilterNotGranted, QuotaCalls,
    QuotaRows, QuotaRefusals, CallReplayed, SourceUnavailable, LogUnavailable, Overloaded,
)  # fmt: skip
"""protocol.md section 4.5, by what they say."""
_BODY: dict[str, Any] = {
    **SIGNED,
    "parameters": [
        *SIGNED["parameters"],
        {
            "name": "authorisation",
            "in": "path",
            "required": True,
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_NUMBER,
                "title": "Authorisation",
            },
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{QueryBody.__name__}"}}
        },
    },
}


@described.post(
    PATH,
    operation_id="query",
    summary="查询数据 / Query data under an authorisation",
    responses={
        200: {"model": AnswerShape, "description": "Sealed rows, and the receipt of the call."},
        **signed_refusals(*_REFUSALS),
    },
    openapi_extra=_BODY,
)
async def query(request: Request) -> Response:
    """Serve the call; refusals of a caller who is known carry a receipt as well.

    The same bytes sent again within 10 minutes get the same answer, uncounted.
    """
    node: Node = request.app.state.node
    try:
        call, body = await read_call(
            request.scope, request.receive, node, node.settings.limits.body_bytes
        )
    except ClientDisconnect:  # before its call was whole: nothing was judged, nobody is answered
        return Response(status_code=_GONE)
    spelt = request.path_params["authorisation"]
    number = int(spelt) if _NUMBER.fullmatch(spelt) else 0
    path = f"/api/v1/authorisations/{number or 1}/query"
    if (
        not 0 < number <= MAX_NUMBER
        or request.scope["raw_path"] != path.encode("ascii")
        or request.scope["query_string"]
    ):
        # Evidence reads the authorisation out of the signed text, where it has one spelling; a
        # query string would say nothing, and could make the leaf too large to be logged.
        raise InvalidInput(f"sign and send a path like {path}, the authorisation's number in it")
    answer = await node.service.handle(call, number, body)
    return Response(answer, media_type="application/json")
