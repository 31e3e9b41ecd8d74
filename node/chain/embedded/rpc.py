"""JSON-RPC 2.0 messages: what a request must be, and how results and errors are written.

https://www.jsonrpc.org/specification; error codes of Ethereum nodes: EIP-1474.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import orjson

from ...errors import InvalidInput, LedgerError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")
Request: TypeAlias = dict[str, Any]
Response: TypeAlias = dict[str, Any]

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = (
    -32700, -32600, -32601, -32602, -32603,
)  # fmt: skip
UNAVAILABLE, REFUSED, LIMIT_EXCEEDED = -32002, -32003, -32005
"""EIP-1474; `UNAVAILABLE` may be repeated as it is."""

_log = logging.getLogger(__name__)


class RpcError(Exception):
    """An error response in the making."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def validated(request: object) -> tuple[str, list[Any]]:
    """Return method and parameters; raises RpcError."""
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "not a JSON-RPC 2.0 request")
    method, params = request.get("method"), request.get("params", [])
    if not isinstance(method, str) or not isinstance(request.get("id"), str | int | None):
        raise RpcError(INVALID_REQUEST, "method must be a string, id a string, a number or null")
    if not isinstance(params, list):
        raise RpcError(INVALID_PARAMS, "params must be a list")
    return method, params


def is_notification(request: object) -> bool:
    """Tell whether a request wants no answer."""
    return isinstance(request, dict) and "id" not in request and "method" in request


def render_result(identity: object, result: object) -> bytes:
    """Render a response with a result."""
    return orjson.dumps({"jsonrpc": "2.0", "id": identity, "result": result})


def render_error(identity: object, error: RpcError) -> bytes:
    """Render a response with an error."""
    body: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return orjson.dumps({"jsonrpc": "2.0", "id": identity, "error": body})


def guarded(identity: object, answer: Callable[[], Answer]) -> Answer | bytes:
    """Run `answer`; whatever it raises becomes a rendered error response."""
    try:
        return answer()
    except RpcError as error:
        return render_error(identity, error)
    except LedgerError as error:
        return render_error(identity, rpc_error(error))
    except Exception:  # noqa: BLE001 - a process edge: a bug must not end the server
        _log.exception("a bug in answering a JSON-RPC request")
        return render_error(identity, RpcError(INTERNAL_ERROR, "internal error"))


def rpc_error(error: LedgerError) -> RpcError:
    """Give an error of ours its JSON-RPC code."""
    if isinstance(error, Unavailable):
        return RpcError(UNAVAILABLE, error.message, {"retryable": True})
    if isinstance(error, InvalidInput):
        return RpcError(INVALID_PARAMS, error.message)
    return RpcError(REFUSED, error.message, error.facts)
