"""The query: one signed call to one authorisation, answered with its proof.

The body is read and judged byte for byte by us, and every refusal is one of `problems`, so what an
application stands before its routes - dependencies, validation, handlers, a look at every route -
has nothing to do here, and would cost twice as much as verifying the caller's signature. So its
endpoint is plain ASGI and is asked first (`Calls.find`). The OpenAPI document describes it all the
same, from `described`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
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
    LedgerError,
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

from ..http.callers import NO_STORE, is_by_key, read_call
from ..http.connection import WHOLE
from ..http.described import SIGNED, signed_refusals
from ..http.problems import respond, unexpected
from .shapes import AnswerShape, QueryBody

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from ..http.connection import Whole
    from ..parts import Node

described = APIRouter(tags=["query"])
PATH = "/authorisations/{authorisation}/query"
_CALLED = re.compile(r"/api/v1/authorisations/([^/]+)/query")
_JSON = (b"content-type", b"application/json")
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
async def query() -> None:
    """Serve the call; refusals of a caller who is known carry a receipt as well.

    The same bytes sent again within 10 minutes get the same answer, uncounted.
    """
    raise NotImplementedError("`Calls` answers; this is what it is described by")


class Calls:
    """Answers the queries of one node: an ASGI application, and one that can be asked first."""

    def __init__(self, node: Node) -> None:
        """Answer by `node.service`."""
        self._node = node

    @staticmethod
    def find(scope: Scope) -> bool:
        """Tell whether a request is a query; whatever else is asked at its address is no call."""
        return (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and _CALLED.fullmatch(scope["path"]) is not None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one; nothing is raised, and nothing between us keeps what a key is answered."""
        try:
            body = await self._serve(scope, receive)
            status, headers = 200, [_JSON, (b"content-length", b"%d" % len(body))]
        except (
            ClientDisconnect
        ):  # before its call was whole: nothing was judged, nobody is answered
            status, headers, body = _GONE, [], b""
        except Exception as error:  # noqa: BLE001 - the edge of a request
            known = isinstance(error, LedgerError)
            refused = respond(error) if known else unexpected("POST", scope["path"], error)  # type: ignore[arg-type]
            status, headers, body = refused.status_code, refused.raw_headers, bytes(refused.body)
        if is_by_key(scope):
            headers.append(NO_STORE)
        self._node.watch.answered(status)
        whole: Whole | None = scope.get("state", {}).get(WHOLE)
        if whole is not None:
            await whole(status, headers, body)
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _serve(self, scope: Scope, receive: Receive) -> bytes:
        node = self._node
        call, body = await read_call(scope, receive, node, node.settings.limits.body_bytes)
        called = _CALLED.fullmatch(scope["path"])
        spelt = called[1] if called else ""
        number = int(spelt) if _NUMBER.fullmatch(spelt) else 0
        path = f"/api/v1/authorisations/{number or 1}/query"
        if (
            not 0 < number <= MAX_NUMBER
            or scope["raw_path"] != path.encode("ascii")
            or scope["query_string"]
        ):
            # Evidence reads the authorisation out of the signed text, where it has one spelling; a
            # query string would say nothing, and could make the leaf too large to be logged.
            raise InvalidInput(
                f"sign and send a path like {path}, the authorisation's number in it"
            )
        return await node.service.handle(call, number, body)
