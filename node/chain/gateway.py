"""The chain through standard JSON-RPC, with raw values and errors of ours.

Answers are read by `answers`, strictly; web3 only makes the code that creates a contract: importing
it takes a second, which every command that decides would pay.

Reads are repeated when the endpoint does not answer; a decision's send never is, here: whether a
repeat is safe is for the outbox to know. No caching: every answer is the endpoint's own.
Thread-safe.

What differs between EVM engines is one table; everything else is standard. All of them are final at
once (Besu QBFT, FISCO PBFT, the embedded chain): `latest` is the only block tag used and a changed
block is an alarm. All run without fees: gas price 0. `embedded` was measured here, `besu` and
`fisco` are taken from their documentation and source. Also noted: Besu's `extraData` carries the
validators' seals and is left out of the seal hash; FISCO's block hash is not keccak(RLP(header)),
so bundles with headers cannot be made on it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from ..crypto import keccak256
from ..errors import ChainUnavailable, TransactionRefused
from .answers import (
    BlockHeader,
    RawLog,
    TxReceipt,
    parse_bytes,
    parse_hash,
    parse_headers,
    parse_int,
    parse_list,
    parse_logs,
    parse_receipt,
)
from .jsonrpc import Endpoint, parse_response
from .reverts import error_of, revert_data

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3 import Web3

__all__ = ["BlockHeader", "Gateway", "RawLog", "TxReceipt"]


@dataclass(frozen=True, slots=True)
class Engine:
    """How to speak to one engine."""

    name: str
    client_version: str
    """How its `web3_clientVersion` begins, in lower case."""
    log_range_blocks: int
    """Most blocks one `eth_getLogs` may span; FISCO cuts the answer silently beyond its limit."""
    batch_requests: int
    """Most requests in one JSON-RPC batch."""
    pending_transactions: int
    """Most transactions of one sender that may wait in its pool."""
    has_history: bool
    """Whether calls at a past block see that block's state."""


EMBEDDED = Engine("embedded", "shareledger/embedded", 5_000, 500, 500, has_history=False)
BESU = Engine("besu", "besu/", 1_000, 100, 4, has_history=True)
FISCO = Engine("fisco", "fisco", 10, 8, 100, has_history=False)
OTHER = Engine("other", "", 500, 50, 4, has_history=False)
"""An engine nobody has looked at: the narrowest figures that are still useful."""


def engine_of(client_version: str) -> Engine:
    """Pick the row for what an endpoint calls itself."""
    version = client_version.lower()
    return next(
        (row for row in (EMBEDDED, BESU, FISCO) if version.startswith(row.client_version)), OTHER
    )


UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading raises on an answer of another shape than the method's."""
READ_ATTEMPTS = 3
POLL_SECONDS = 0.1

Parsed = TypeVar("Parsed")


class Gateway:
    """One chain endpoint."""

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        self._endpoint = Endpoint(url, timeout_seconds=timeout_seconds)
        self._retrying = Retrying(
            retry=retry_if_exception_type(ChainUnavailable),
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05),
            reraise=True,
        )

    def close(self) -> None:
        self._endpoint.close()

    @cached_property
    def web3(self) -> Web3:
        """web3 on this endpoint, imported now: it takes a second, and few commands need it."""
        from .provider import connect

        return connect(self._endpoint)

    @cached_property
    def engine(self) -> Engine:
        return self._ask(engine_of, "web3_clientVersion")

    def chain_id(self) -> int:
        return self._ask(parse_int, "eth_chainId")

    def head(self) -> int:
        return self._ask(parse_int, "eth_blockNumber")

    def block(self, number: int) -> BlockHeader:
        """Return one block's header.

        Raises:
            ChainUnavailable: also when there is no such block (yet).
        """
        return self.headers(number, number)[0]

    def headers(self, first: int, last: int) -> list[BlockHeader]:
        """Return the headers of a range of blocks, both ends included, in order."""
        size = self.engine.batch_requests
        headers: list[BlockHeader] = []
        for start in range(first, last + 1, size):
            numbers = range(start, min(start + size, last + 1))
            headers += self._retrying(self._once, partial(self._read_headers, numbers))
        return headers

    def logs(
        self, first: int, last: int, addresses: Sequence[bytes], *, topics: Sequence[bytes] = ()
    ) -> list[RawLog]:
        """Return all logs of `addresses` (20 bytes each) in a range of blocks, in chain order.

        `topics` narrows to logs whose first topics are these (32 bytes each).
        """
        names = [f"0x{address.hex()}" for address in addresses]
        wanted = [f"0x{topic.hex()}" for topic in topics]
        span = self.engine.log_range_blocks
        logs: list[RawLog] = []
        for start in range(first, last + 1, span):
            end = min(start + span - 1, last)
            asked = {
                "address": names,
                "topics": wanted,
                "fromBlock": hex(start),
                "toBlock": hex(end),
            }
            logs += self._ask(parse_logs, "eth_getLogs", asked)
        return logs

    def call(self, to: bytes, data: bytes) -> bytes:
        """Run a view, or try out a decision, and return what it returns.

        Raises:
            DecisionRefused: the contract reverted; `facts` hold the error's name and values.
            ChainUnavailable: no answer, or not about the contract.
        """
        call = {"to": f"0x{to.hex()}", "data": f"0x{data.hex()}"}
        return self._ask(parse_bytes, "eth_call", call, "latest")

    def try_creation(self, data: bytes) -> bytes:
        """Run creation code without a transaction and return the code it would leave.

        Raises:
            DecisionRefused: the constructor reverted.
            ChainUnavailable: no answer.
        """
        return self._ask(parse_bytes, "eth_call", {"data": f"0x{data.hex()}"}, "latest")

    def revert_of(
        self, sender: bytes, to: bytes, data: bytes, gas: int, *, block: int | str
    ) -> bytes:
        """Run a failed transaction again and return its revert data; empty if it has none now.

        Raises:
            ChainUnavailable: no answer.
        """
        call = {
            "from": f"0x{sender.hex()}",
            "to": f"0x{to.hex()}",
            "data": f"0x{data.hex()}",
            "gas": hex(gas),
        }
        tag = hex(block) if isinstance(block, int) else block
        response = self._retrying(self._endpoint.call, "eth_call", call, tag)
        return revert_data(response["error"]) or b"" if "error" in response else b""

    def send_raw(self, raw: bytes) -> bytes:
        """Hand over a signed transaction once and return its hash.

        Raises:
            TransactionRefused: as it is it will not be taken; `facts["reason"]` says why.
            ChainUnavailable: it may or may not have arrived; the same bytes may be sent again.
        """
        tx_hash = keccak256(raw)

        def read(answer: str) -> bytes:
            if parse_hash(answer) != tx_hash:
                raise ValueError("another transaction's hash")
            return tx_hash

        sent: bytes = self._once(self._asked, read, "eth_sendRawTransaction", f"0x{raw.hex()}")
        return sent

    def deliver(self, raw: bytes, timeout_seconds: float) -> TxReceipt:
        """Hand over a signed transaction, again while nothing is answered; wait for its receipt.

        Raises:
            TransactionRefused: as it is it will not be taken.
            ChainUnavailable: no answer, or it is in no block in time.
        """
        tx_hash = keccak256(raw)
        try:
            self._retrying(self.send_raw, raw)
        except TransactionRefused as refusal:
            # The bytes before, whose answer was lost: they wait for their block, or are in one.
            if refusal.facts["reason"] != "known" and self.receipt(tx_hash) is None:
                raise
        return self.wait_for(tx_hash, timeout_seconds)

    def receipt(self, tx_hash: bytes) -> TxReceipt | None:
        """Return what became of a transaction; None if it is in no block."""
        return self._ask(parse_receipt, "eth_getTransactionReceipt", f"0x{tx_hash.hex()}")

    def wait_for(self, tx_hash: bytes, timeout_seconds: float) -> TxReceipt:
        """Wait for a receipt; at once on the embedded chain, a block later on others.

        Raises:
            ChainUnavailable: no answer, or it is in no block in time.
        """
        deadline = time.monotonic() + timeout_seconds
        while (found := self.receipt(tx_hash)) is None:
            if time.monotonic() >= deadline:
                text = f"0x{tx_hash.hex()} is in no block after {timeout_seconds:g} s"
                raise ChainUnavailable(text)
            time.sleep(POLL_SECONDS)
        return found

    def block_receipts(self, number: int) -> list[dict[str, Any]]:
        """Return all receipts of a block, as the endpoint gave them."""
        receipts = self._ask(parse_list, "eth_getBlockReceipts", hex(number))
        if receipts is None:
            raise ChainUnavailable(f"{self._endpoint.url} has no receipts of block {number}")
        return receipts

    def code(self, address: bytes) -> bytes:
        """Return the code at an address; empty if there is none."""
        return self._ask(parse_bytes, "eth_getCode", f"0x{address.hex()}", "latest")

    def transaction_count(self, address: bytes) -> int:
        """Return how many transactions of an account are in blocks: its next nonce."""
        return self._ask(parse_int, "eth_getTransactionCount", f"0x{address.hex()}", "latest")

    def _ask(self, read: Callable[[Any], Parsed], method: str, *params: object) -> Parsed:
        """Ask, again while the endpoint does not answer."""
        answer: Parsed = self._retrying(self._once, self._asked, read, method, *params)
        return answer

    def _asked(self, read: Callable[[Any], Parsed], method: str, *params: object) -> Parsed:
        response = self._endpoint.call(method, *params)
        if "error" in response:
            raise error_of(method, response["error"])
        return read(response["result"])

    def _once(self, ask: Callable[..., Parsed], *given: object) -> Parsed:
        try:
            return ask(*given)
        except UNREADABLE as error:
            text = f"{self._endpoint.url} answered what cannot be read: {error!r}"
            raise ChainUnavailable(text) from error

    def _read_headers(self, numbers: range) -> list[BlockHeader]:
        requests = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_getBlockByNumber",
                "params": [hex(number), False],
            }
            for number in numbers
        ]
        body = self._endpoint.post(orjson.dumps(requests))
        return list(parse_headers(parse_response(body, self._endpoint.url), numbers))
