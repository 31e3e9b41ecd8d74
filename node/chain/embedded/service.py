"""The embedded chain as one object: an allow-list of methods in front of the sealer and the EVM.

For one machine (design.md section 7); a consortium runs Besu instead and nothing else changes.
Every answer is a JSON-RPC response; nothing a client sends raises out of here. Reads pass the
sealer's gate, so no reader sees a block that a crash could still undo.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from ...errors import ChainUnavailable, InvalidInput, LedgerError
from .admission import Doors
from .anvil import find_anvil
from .methods import (
    FORWARDED,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    WORKING,
    Request,
    Response,
    RpcError,
    guarded,
    is_notification,
    render_error,
    render_result,
    rewrite,
    rpc_error,
    validated,
)
from .sealer import Sealer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from concurrent.futures import Future
    from pathlib import Path


BODY_BYTES = 8 * 1024 * 1024
BATCH_REQUESTS = 1000
ANSWER_SECONDS = 60.0
WORKING_REQUESTS = 2
"""Requests of one such method that keep the EVM busy at once; a block waits for these only."""
WORKING_SECONDS = 10.0
"""How long one batch may keep the EVM busy."""
CLIENT_VERSION = "ShareLedger/embedded"


@dataclass(frozen=True, slots=True)
class _Send:
    identity: object
    future: Future[bytes]


@dataclass(frozen=True, slots=True)
class _Read:
    identity: object
    method: str
    params: list[Any]


class EmbeddedChain:
    """A chain that lives in `data_dir`; `start` and `stop` once. Answers are thread-safe."""

    def __init__(
        self,
        data_dir: Path,
        chain_id: int,
        now: Callable[[], float] = time.time,
        *,
        deployers: Collection[bytes] | None,
        program: Path | None = None,
    ) -> None:
        """Name the chain; `now` gives seconds since 1970, `program` another anvil.

        Only `deployers` (addresses) create contracts, and only those contracts are called; None
        opens the chain to anybody, for tests.

        Raises:
            ConfigInvalid: there is no anvil program.
        """
        self.chain_id = chain_id
        self._sealer = Sealer(
            data_dir, chain_id, Doors(deployers), program=program or find_anvil(), now=now
        )
        self._working = {method: threading.BoundedSemaphore(WORKING_REQUESTS) for method in WORKING}

    def start(self, on_failure: Callable[[], None] | None = None) -> None:
        """Replay the stored blocks and begin to seal; returns when calls are answered.

        `on_failure` is called, from the sealer's thread, if sealing later ends by itself.

        Raises:
            ChainTampered: the stored blocks do not replay to their hashes.
            WrongChain: the folder holds another chain.
            ConfigInvalid: another process seals this chain.
            ChainUnavailable: anvil does not start.
        """
        self._sealer.start(on_failure)

    def stop(self) -> None:
        """End sealing and the EVM; what waits is failed as retryable."""
        self._sealer.stop()

    @property
    def failure(self) -> BaseException | None:
        """Why sealing has ended by itself (the process should end too), or None."""
        return self._sealer.failure

    def handle_body(self, body: bytes) -> bytes:
        """Answer the body of one HTTP request; empty when it held notifications only."""
        if len(body) > BODY_BYTES:
            return render_error(None, RpcError(LIMIT_EXCEEDED, f"body over {BODY_BYTES} bytes"))
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return render_error(None, RpcError(PARSE_ERROR, f"not JSON: {error}"))
        if not isinstance(message, list):
            answers = self._answer([message])
            return answers[0] if answers else b""
        if not message:
            return render_error(None, RpcError(INVALID_REQUEST, "an empty batch"))
        if len(message) > BATCH_REQUESTS:
            limit = f"{len(message)} requests in a batch; at most {BATCH_REQUESTS}"
            return render_error(None, RpcError(LIMIT_EXCEEDED, limit))
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
        """Answer a batch: sends first, in order and in shared blocks, then all reads together."""
        begun = [self._begin(request) for request in requests]
        settled = [_sealed(slot) if isinstance(slot, _Send) else slot for slot in begun]
        reads = self._read_all([slot for slot in settled if isinstance(slot, _Read)])
        answers = [next(reads) if isinstance(slot, _Read) else slot for slot in settled]
        return [
            answer
            for request, answer in zip(requests, answers, strict=True)
            if not is_notification(request)
        ]

    def _begin(self, request: Any) -> _Send | _Read | bytes:  # noqa: ANN401 - JSON
        """Queue a send, set a read aside, answer what is malformed or refused."""
        identity = request.get("id") if isinstance(request, dict) else None

        def begin() -> _Send | _Read:
            method, params = validated(request)
            if method != "eth_sendRawTransaction":
                return _Read(identity, method, params)
            return _Send(identity, self._sealer.submit(_raw_transaction(params)))

        return guarded(identity, begin)

    def _read_all(self, reads: list[_Read]) -> Iterator[bytes]:
        """Answer reads in order: quick ones with one request to the EVM, others one by one."""
        prepared = [guarded(read.identity, partial(self._prepare, read)) for read in reads]
        forwarded = [request for request in prepared if isinstance(request, dict)]
        quick = self._forward_all([one for one in forwarded if one["method"] not in WORKING])
        until = time.monotonic() + WORKING_SECONDS
        for request in prepared:
            if isinstance(request, bytes):
                yield request
            elif request["method"] in WORKING:
                yield guarded(request["id"], partial(self._work, request, until))
            else:
                yield next(quick)

    def _work(self, request: Request, until: float) -> bytes:
        """Answer a request that may keep the EVM busy, unless its batch has done so for long."""
        with self._working[request["method"]]:
            if time.monotonic() > until:
                raise RpcError(LIMIT_EXCEEDED, f"the batch took {WORKING_SECONDS:.0f} s already")
            return self._forward(request)

    def _forward(self, message: object) -> bytes:
        body = orjson.dumps(message)
        with self._sealer.gate.shared():
            return self._sealer.anvil.endpoint.post(body)

    def _forward_all(self, requests: list[Request]) -> Iterator[bytes]:
        """Answer all together, at one block; nothing is sent for none."""
        if len(requests) == 1:
            yield guarded(requests[0]["id"], partial(self._forward, requests[0]))
        elif requests:
            yield from self._forward_batch(requests)

    def _forward_batch(self, requests: list[Request]) -> list[bytes]:
        numbered = [{**request, "id": index} for index, request in enumerate(requests)]
        try:
            found = {answer["id"]: answer for answer in orjson.loads(self._forward(numbered))}
            return [
                orjson.dumps({**found[index], "id": request["id"]})
                for index, request in enumerate(requests)
            ]
        except LedgerError as error:
            return [render_error(request["id"], rpc_error(error)) for request in requests]

    def _prepare(self, read: _Read) -> Request | bytes:
        """Answer what needs no EVM; rewrite what does."""
        local = self._local(read.method)
        if local is not None:
            return render_result(read.identity, local)
        if read.method not in FORWARDED:
            raise RpcError(METHOD_NOT_FOUND, f"the method {read.method} does not exist here")
        return {
            "jsonrpc": "2.0",
            "id": read.identity,
            "method": read.method,
            "params": rewrite(
                read.method, read.params, head=self._sealer.head.number, time=self._sealer.time()
            ),
        }

    def _local(self, method: str) -> str | None:
        match method:
            case "eth_blockNumber":
                return hex(self._sealer.head.number)
            case "eth_chainId":
                return hex(self.chain_id)
            case "eth_maxPriorityFeePerGas":
                # Gas costs nothing here; anvil would suggest a tip all the same.
                return "0x0"
            case "net_version":
                return str(self.chain_id)
            case "web3_clientVersion":
                return CLIENT_VERSION
        return None


def _sealed(send: _Send) -> bytes:
    def wait() -> bytes:
        try:
            tx_hash = send.future.result(ANSWER_SECONDS)
        except TimeoutError as error:
            raise ChainUnavailable("not sealed in time; the same may be sent again") from error
        return render_result(send.identity, f"0x{tx_hash.hex()}")

    return guarded(send.identity, wait)


def _raw_transaction(params: list[Any]) -> bytes:
    if len(params) != 1 or not isinstance(params[0], str) or not params[0].startswith("0x"):
        raise RpcError(INVALID_PARAMS, "one 0x-prefixed string is expected")
    try:
        return bytes.fromhex(params[0][2:])
    except ValueError as error:
        raise RpcError(INVALID_PARAMS, "not hexadecimal") from error
