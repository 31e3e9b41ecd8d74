"""JSON-RPC 2.0 messages, and the methods the embedded chain passes on to the EVM.

https://www.jsonrpc.org/specification; error codes of Ethereum nodes: EIP-1474. `FORWARDED` is an
allow-list: what is not there does not exist for clients. Never `anvil_*`, `evm_*`, `debug_*` or
`eth_sendTransaction`: each would let a reader change the chain or the node hold keys. `rewrite`
says what is changed in a request; pure, it raises RpcError.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

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
        _log.exception("应答 JSON-RPC 请求时出错 / a bug in answering")
        return render_error(identity, RpcError(INTERNAL_ERROR, "internal error"))


def rpc_error(error: LedgerError) -> RpcError:
    """Give an error of ours its JSON-RPC code."""
    if isinstance(error, Unavailable):
        return RpcError(UNAVAILABLE, error.message, {"retryable": True})
    if isinstance(error, InvalidInput):
        return RpcError(INVALID_PARAMS, error.message)
    return RpcError(REFUSED, error.message, error.facts)


FORWARDED: Final[dict[str, int | None]] = {
    "eth_accounts": None,
    "eth_blobBaseFee": None,
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_feeHistory": 1,
    "eth_gasPrice": None,
    "eth_getBalance": 1,
    "eth_getBlockByHash": None,
    "eth_getBlockByNumber": 0,
    "eth_getBlockReceipts": 0,
    "eth_getBlockTransactionCountByHash": None,
    "eth_getBlockTransactionCountByNumber": 0,
    "eth_getCode": 1,
    "eth_getLogs": None,
    "eth_getStorageAt": 2,
    "eth_getTransactionByBlockHashAndIndex": None,
    "eth_getTransactionByBlockNumberAndIndex": 0,
    "eth_getTransactionByHash": None,
    "eth_getTransactionCount": 1,
    "eth_getTransactionReceipt": None,
    "eth_syncing": None,
    "net_listening": None,
    "web3_sha3": None,
}
"""Methods passed on to the EVM, with the position of their block parameter."""

TIMED = frozenset({"eth_call", "eth_estimateGas"})
"""Methods that run code, and so need to be told the time."""

WORKING = TIMED | {"eth_getLogs"}
"""Methods that can keep the EVM busy for long, whatever the bounds below."""

LATEST_TAGS = frozenset({"latest", "pending", "safe", "finalized"})
"""Four names for one block: what is sealed is final and nothing is pending."""

LOG_RANGE_BLOCKS = 10_000
CALL_GAS = 100_000_000
"""Gas of a call that names no less, as much as a transaction may use: an endless loop ends soon."""

_BLOCK_HASH_PARAMETER = "blockHash"


def rewrite(method: str, params: list[Any], *, head: int, time: int) -> list[Any]:
    """Return the parameters the EVM is given; `head` is a block number, `time` in seconds.

    The tags that mean the head are made one, calls are told the time and bounded, as are the
    ranges of log filters.
    """
    if method == "eth_getLogs":
        return [_filter(params, head)]
    params = list(params)
    position = FORWARDED[method]
    if position is not None and len(params) > position and _means_head(params[position]):
        params[position] = "latest"
    return _call(params, time) if method in TIMED else params


def _call(params: list[Any], time: int) -> list[Any]:
    call, tag = (*params, "latest")[:2] if params else (None, None)
    if not isinstance(call, dict) or len(params) > 2:  # noqa: PLR2004 - call and block
        raise RpcError(INVALID_PARAMS, "a call object and a block are expected, nothing else")
    gas = _quantity(call["gas"]) if call.get("gas") is not None else CALL_GAS
    call = {**call, "gas": hex(min(gas, CALL_GAS))}
    if tag != "latest":
        return [call, tag]
    # The head's own time is that of the last decision: after a quiet weekend `notAfter` and
    # validity would be judged by Friday's clock.
    return [call, tag, None, {"time": hex(time)}]


def _filter(params: list[Any], head: int) -> dict[str, Any]:
    if len(params) != 1 or not isinstance(params[0], dict):
        raise RpcError(INVALID_PARAMS, "one filter object is expected")
    given: dict[str, Any] = params[0]
    if given.get(_BLOCK_HASH_PARAMETER) is not None:
        return given
    first = _block_number(given.get("fromBlock"), head)
    last = min(_block_number(given.get("toBlock"), head), head)
    if last - first >= LOG_RANGE_BLOCKS:
        asked = f"{last - first + 1} blocks; at most {LOG_RANGE_BLOCKS} are searched at once"
        raise RpcError(LIMIT_EXCEEDED, asked)
    given = {name: value for name, value in given.items() if name != _BLOCK_HASH_PARAMETER}
    return {**given, "fromBlock": hex(first), "toBlock": hex(max(first, last))}


def _means_head(tag: object) -> bool:
    return isinstance(tag, str) and tag in LATEST_TAGS


def _block_number(tag: object, head: int) -> int:
    if tag is None or _means_head(tag):
        return head
    return 0 if tag == "earliest" else _quantity(tag)


def _quantity(value: object) -> int:
    try:
        number = int(value, 16) if isinstance(value, str) and value.startswith("0x") else -1
    except ValueError:
        number = -1
    if number < 0:
        raise RpcError(INVALID_PARAMS, f"not a hexadecimal quantity: {value!r:.40}")
    return number
