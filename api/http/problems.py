"""The one table from an error to its HTTP status, and its problem+json (RFC 9457).

The domain knows no HTTP and this module no domain: it sees the class, the code and the facts. An
error that is not in the tree is a bug: 500, nothing of it told outside, all of it logged.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from node.errors import (
    Conflict,
    Fatal,
    Forbidden,
    InvalidInput,
    LedgerError,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
    Unavailable,
    VerificationError,
)
from node.protocol.wire.characters import visible

from ..refusing_words import chinese_of, title_of
from . import verbs

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
"""What a caller is asked to wait after a 503; a quota says its own."""
METHOD_NOT_ALLOWED = 405
TOO_MANY_REQUESTS = 429
INTERNAL = 500

STATUSES: dict[type[LedgerError], int] = {
    InvalidInput: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    VerificationError: 409,
    QuotaExceeded: TOO_MANY_REQUESTS,
    Unavailable: 503,
    Fatal: INTERNAL,
    LedgerError: INTERNAL,
}


def status_of(kind: type[LedgerError]) -> int:
    """Return the HTTP status of an error class: its own line of the table, or its family's."""
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def problem(error: LedgerError, status: int | None = None) -> dict[str, object]:
    """Return the members of an error's problem+json."""
    title, detail = title_of(error.code), visible(chinese_of(error))
    english = {} if detail == visible(error.message) else {"detailEn": visible(error.message)}
    return {
        **{name: _plain(value) for name, value in error.facts.items()},
        "type": f"urn:shareledger:problem:{error.code}",
        "title": title.chinese,
        "titleEn": title.english,
        "status": status or status_of(type(error)),
        "detail": detail,
        **english,
        "code": error.code,
    }


def problem_response(error: LedgerError, status: int | None = None) -> Response:
    """Return an error as the answer of a route."""
    members = problem(error, status)
    return Response(
        # What a caller sent may hold half a surrogate pair; its escape is JSON, too.
        json.dumps(members, ensure_ascii=False).encode(errors="backslashreplace"),
        status_code=status or status_of(type(error)),
        media_type=MEDIA_TYPE,
        headers=_headers(error),
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem+json."""
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def respond(error: LedgerError) -> Response:
    """Return an error as the answer of a route; one with a cause on our side is logged as well."""
    if error.__cause__ is not None and status_of(type(error)) >= INTERNAL:
        logger.warning("%s: %s", error.code, error, exc_info=error)
    return problem_response(error)


def unexpected(method: str, path: str, error: Exception) -> Response:
    """Log an error that is a bug of ours, and return what is told of it: that there is one."""
    logger.error("应答 %s %s 时出错 / answering failed", method, visible(path), exc_info=error)
    return problem_response(LedgerError("something went wrong on our side; it is logged"))


async def _ledger_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, LedgerError):
        raise error
    return respond(error)


async def _validation_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # What was wrong and where; never FastAPI's own shape, nor the value, which may name people.
    wrong = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
    detail = "; ".join(
        f"{place}: {each['msg']}" for place, each in zip(wrong, error.errors(), strict=True)
    )
    said = f"{'、'.join(wrong)} 的值不合规定，格式见 /openapi.json / {detail}"
    return problem_response(InvalidInput(said, members=wrong))


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == status_of(NotFound):
        return problem_response(
            NotFound("there is nothing at this address; GET /openapi.json lists those there are")
        )
    if error.status_code != METHOD_NOT_ALLOWED:
        response = problem_response(InvalidInput(error.detail), error.status_code)
        response.headers.update(error.headers or {})
        return response
    if request.method == "OPTIONS":
        return verbs.options(request)
    allowed = verbs.allowed(request)
    response = problem_response(
        InvalidInput(f"this address does not take {visible(request.method)}; use {allowed}"),
        METHOD_NOT_ALLOWED,
    )
    response.headers["Allow"] = allowed
    return response


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody, and log nothing: strangers would fill the log by hanging up."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    return unexpected(request.method, request.url.path, error)


def _headers(error: LedgerError) -> dict[str, str]:
    """Return what HTTP itself wants said about an error (RFC 9110)."""
    if isinstance(error, QuotaExceeded):
        return {"Retry-After": str(_seconds_until(error.facts.get("reset")))}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, Unauthenticated):
        # 401 must carry a challenge; the profile's name is the scheme.
        return {"WWW-Authenticate": 'Signature realm="gdsl-1"'}
    return {}


def _seconds_until(moment: object) -> int:
    if not isinstance(moment, str):
        return RETRY_AFTER_SECONDS
    ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
    return max(RETRY_AFTER_SECONDS, int(ahead.total_seconds()) + 1)


def _plain(value: object) -> object:
    """Return a fact as JSON has it; bytes are hex at the edge."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
