"""JSON-RPC 2.0 as clients of the embedded chain see it: an allow-list in front of sealer and EVM.

Every answer is a JSON-RPC response; nothing a client sends raises out of here. Reads pass the
sealer's gate, so no reader sees a block that a crash could still undo.
"""

from __future__ import annotations

import logging
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import orjson

from ...errors import ChainUnavailable, InvalidInput, LedgerError, Unavailable
from .methods import FORWARDED, LATEST_TAGS, TIMED

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from .sealer import Sealer

Answer = TypeVar("Answer")
Request: TypeAlias = dict[str, Any]
Response: TypeAlias = dict[str, Any]

BODY_BYTES = 8 * 1024 * 1024
BATCH_REQUESTS = 1000
LOG_RANGE_BLOCKS = 10_000
CALL_GAS = 200_000_000
"""Gas of a call that names no less: an endless loop ends soon."""
ANSWER_SECONDS = 60.0
CLIENT_VERSION = "ShareLedger/embedded"

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


class Service:
    """Answers requests; thread-safe."""

    def __init__(self, sealer: Sealer, chain_id: int) -> None:
        self._sealer, self._chain_id = sealer, chain_id

    def handle_body(self, body: bytes) -> bytes:
        """Answer the body of one HTTP request; empty when it held notifications only."""
        if len(body) > BODY_BYTES:
            return _dump(_error(None, RpcError(LIMIT_EXCEEDED, f"body over {BODY_BYTES} bytes")))
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return _dump(_error(None, RpcError(PARSE_ERROR, f"not JSON: {error}")))
        if not isinstance(message, list):
            answers = self._answer([message])
            return answers[0] if answers else b""
        if not message:
            return _dump(_error(None, RpcError(INVALID_REQUEST, "an empty batch")))
        if len(message) > BATCH_REQUESTS:
            limit = f"{len(message)} requests in a batch; at most {BATCH_REQUESTS}"
            return _dump(_error(None, RpcError(LIMIT_EXCEEDED, limit)))
        answers = self._answer(message)
        return b"[" + b",".join(answers) + b"]" if answers else b""

    def handle(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            InvalidInput: a notification: it has no answer to return.
        """
        answers = self._answer([request])
        if not answers:
            raise InvalidInput("a notification has no answer")
        response: Response = orjson.loads(answers[0])
        return response

    def _answer(self, requests: list[Any]) -> list[bytes]:
        """Answer a batch: sends are queued first, in order, so that they share blocks."""
        answers = [self._begin(request) for request in requests]
        return [
            answer()
            for request, answer in zip(requests, answers, strict=True)
            if not _is_notification(request)
        ]

    def _begin(self, request: Any) -> Callable[[], bytes]:  # noqa: ANN401 - JSON
        """Queue a send at once; return what waits for it, or what does the reading in its turn."""
        identity = request.get("id") if isinstance(request, dict) else None
        begun = _guarded(identity, lambda: self._dispatch(request))
        return begun if callable(begun) else lambda: begun

    def _dispatch(self, request: Any) -> Callable[[], bytes]:  # noqa: ANN401 - JSON
        method, params = _validated(request)
        identity = request.get("id")
        if method != "eth_sendRawTransaction":
            return lambda: _guarded(identity, lambda: self._read(method, params, identity))
        future = self._sealer.submit(_raw_transaction(params))
        return lambda: _guarded(identity, lambda: _sealed(identity, future))

    def _read(self, method: str, params: list[Any], identity: object) -> bytes:
        local = self._local(method)
        if local is not None:
            return _dump(_result(identity, local))
        if method not in FORWARDED:
            raise RpcError(METHOD_NOT_FOUND, f"the method {method} does not exist here")
        forwarded = {
            "jsonrpc": "2.0", "id": identity, "method": method,
            "params": self._prepare(method, list(params)),
        }  # fmt: skip
        body = _dump(forwarded)
        with self._sealer.gate.shared():
            return self._sealer.anvil.endpoint.post(body)

    def _local(self, method: str) -> str | None:
        match method:
            case "eth_blockNumber":
                return hex(self._sealer.head.number)
            case "eth_chainId":
                return hex(self._chain_id)
            case "net_version":
                return str(self._chain_id)
            case "web3_clientVersion":
                return CLIENT_VERSION
        return None

    def _prepare(self, method: str, params: list[Any]) -> list[Any]:
        """Rename the tags that mean the head; tell calls the time; bound what they cost."""
        if method == "eth_getLogs":
            return [self._prepare_filter(params)]
        position = FORWARDED[method]
        if position is not None and len(params) > position and params[position] in LATEST_TAGS:
            params[position] = "latest"
        return self._prepare_call(params) if method in TIMED else params

    def _prepare_call(self, params: list[Any]) -> list[Any]:
        call, tag = (*params, "latest")[:2] if params else (None, None)
        if not isinstance(call, dict) or len(params) > 2:  # noqa: PLR2004 - call and block
            raise RpcError(INVALID_PARAMS, "a call object and a block are expected, nothing else")
        gas = _quantity(call.get("gas"), CALL_GAS)
        call = {**call, "gas": hex(min(gas, CALL_GAS))}
        if tag != "latest":
            return [call, tag]
        # The head's own time is that of the last decision; after a quiet weekend `notAfter` and
        # validity would be judged by Friday.
        return [call, tag, None, {"time": hex(self._sealer.time())}]

    def _prepare_filter(self, params: list[Any]) -> dict[str, Any]:
        if len(params) != 1 or not isinstance(params[0], dict):
            raise RpcError(INVALID_PARAMS, "one filter object is expected")
        given: dict[str, Any] = params[0]
        if "blockHash" in given:
            return given
        head = self._sealer.head.number
        first = _block_number(given.get("fromBlock"), head)
        last = min(_block_number(given.get("toBlock"), head), head)
        if last - first >= LOG_RANGE_BLOCKS:
            asked = f"{last - first + 1} blocks; at most {LOG_RANGE_BLOCKS} are searched at once"
            raise RpcError(LIMIT_EXCEEDED, asked)
        return {**given, "fromBlock": hex(first), "toBlock": hex(max(first, last))}


def _sealed(identity: object, future: Future[bytes]) -> bytes:
    try:
        sealed = future.result(ANSWER_SECONDS)
    except FutureTimeoutError as error:
        raise ChainUnavailable("not sealed in time; the same bytes may be sent again") from error
    return _dump(_result(identity, f"0x{sealed.hex()}"))


def _guarded(identity: object, answer: Callable[[], Answer]) -> Answer | bytes:
    """Run `answer`; whatever it raises becomes an error response."""
    try:
        return answer()
    except RpcError as error:
        return _dump(_error(identity, error))
    except LedgerError as error:
        return _dump(_error(identity, _rpc_error(error)))
    except Exception:  # noqa: BLE001 - the edge of the chain: a bug has an answer too
        _log.exception("a bug in answering a JSON-RPC request")
        return _dump(_error(identity, RpcError(INTERNAL_ERROR, "internal error")))


def _validated(request: object) -> tuple[str, list[Any]]:
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "not a JSON-RPC 2.0 request")
    method, params = request.get("method"), request.get("params", [])
    if not isinstance(method, str) or not isinstance(request.get("id"), str | int | None):
        raise RpcError(INVALID_REQUEST, "method must be a string, id a string, a number or null")
    if not isinstance(params, list):
        raise RpcError(INVALID_PARAMS, "params must be a list")
    return method, params


def _raw_transaction(params: list[Any]) -> bytes:
    if len(params) != 1 or not isinstance(params[0], str) or not params[0].startswith("0x"):
        raise RpcError(INVALID_PARAMS, "one 0x-prefixed string is expected")
    try:
        return bytes.fromhex(params[0][2:])
    except ValueError as error:
        raise RpcError(INVALID_PARAMS, "not hexadecimal") from error


def _quantity(value: object, default: int) -> int:
    if value is None:
        return default
    try:
        number = int(value, 16) if isinstance(value, str) and value.startswith("0x") else -1
    except ValueError:
        number = -1
    if number < 0:
        raise RpcError(INVALID_PARAMS, f"not a hexadecimal quantity: {value!r:.40}")
    return number


def _block_number(tag: object, head: int) -> int:
    if tag is None or tag in LATEST_TAGS:
        return head
    return 0 if tag == "earliest" else _quantity(tag, head)


def _is_notification(request: object) -> bool:
    return isinstance(request, dict) and "id" not in request and "method" in request


def _rpc_error(error: LedgerError) -> RpcError:
    if isinstance(error, Unavailable):
        return RpcError(UNAVAILABLE, error.message, {"retryable": True})
    if isinstance(error, InvalidInput):
        return RpcError(INVALID_PARAMS, error.message)
    return RpcError(REFUSED, error.message, error.facts)


def _result(identity: object, result: object) -> Response:
    return {"jsonrpc": "2.0", "id": identity, "result": result}


def _error(identity: object, error: RpcError) -> Response:
    body: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return {"jsonrpc": "2.0", "id": identity, "error": body}


def _dump(message: object) -> bytes:
    return orjson.dumps(message)
