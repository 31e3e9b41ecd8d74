"""Anchoring: published sizes go on chain with a consistency proof that the contract checks.

The rule is "published size > the chain head's size", the memory is the outbox, whose unique key
(log, size) makes a repeated decision the same row. A crash anywhere loses nothing: what is
remembered here besides only spares questions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from node.errors import DecisionRefused, LogRolledBack
from node.log.published import Published, last_published
from node.protocol.evm import abi
from node.protocol.wire.checkpoint import SignedCheckpoint, checkpoint_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from node.log.reader import Head

CONTRACT = "AccessAnchors"
GAS_LIMIT = 500_000
"""Far above the 65k an anchor costs; a deeper proof must not fail for gas."""
INTERVAL_SECONDS = 10.0
LEAVES = 10_000
ENDED = frozenset({"LogIsSuperseded", "LogIsFrozen"})
"""The contract's refusals of a log that takes no anchor any more."""


class Logs(Protocol):
    """What anchoring needs of `node.log.reader.LogReader`."""

    def head(self, log: bytes) -> Head: ...
    def root_at(self, log: bytes, size: int) -> bytes: ...
    def consistency(self, log: bytes, old: int, new: int) -> Sequence[bytes]: ...


class Chain(Protocol):
    """What it needs of `node.chain.gateway.Gateway`: a view; raises ChainUnavailable."""

    def call(self, to: bytes, data: bytes) -> bytes: ...


class Sender(Protocol):
    """What it needs of `node.chain.outbox.Outbox`, one relay account's queue on disk."""

    def enqueue(self, unique_key: str, *, to: bytes, data: bytes, gas: int) -> int:
        """Commit a transaction; the same key again returns the row that is there."""
        ...

    def result(self, row_id: int) -> object | None:
        """Return what became of a row; None while it is open. Raises DecisionRefused if refused."""
        ...

    def pump(self) -> object:
        """Send what waits and see what was mined; raises ChainUnavailable (retryable)."""
        ...


@dataclass(frozen=True, slots=True)
class ChainHead:
    """A log as the chain knows it."""

    relay: bytes
    """The account that may anchor it; zero while the log is not registered."""
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _Sent:
    """The anchor this process sent last for a log: its row, and when."""

    row: int | None
    """None once it is settled, well or not: the chain's head says what is to be done then."""
    at: float


def read_chain_head(chain: Chain, contract: bytes, log: bytes) -> ChainHead:
    """Read a log's head from the contract; a log it does not know has size 0.

    Raises:
        ChainUnavailable: no endpoint answers.
    """
    answer = chain.call(contract, abi.encode_call(CONTRACT, "head", {"log": log}))
    found = abi.decode_result(CONTRACT, "head", answer)
    return ChainHead(found["relay"], found["size"], found["root"])


class Anchorer:
    """Anchors the published checkpoints of some logs through one relay account."""

    def __init__(
        self,
        engine: Engine,
        logs: Logs,
        ids: Sequence[bytes],
        *,
        chain: Chain,
        sender: Sender,
        contract: bytes,
        relay: bytes,
        interval_seconds: float = INTERVAL_SECONDS,
        leaves: int = LEAVES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take `node.db`, the logs, the chain and the address of `AccessAnchors`.

        `relay` is the sender's account; a log that is registered for another one is left alone.
        """
        self._engine = engine
        self._logs = logs
        self._ids = tuple(ids)
        self._chain = chain
        self._sender = sender
        self._contract = contract
        self._relay = relay
        self._interval_seconds = interval_seconds
        self._leaves = leaves
        self._clock = clock
        self._sent: dict[bytes, _Sent] = {}
        self._done: dict[bytes, int] = {}
        """The size up to which there is nothing to do, by log: heads on a final chain only grow."""
        self.waits = False
        """Whether an anchor is on its way, or waits for its time."""

    def run_once(self) -> list[int]:
        """Enqueue an anchor for each log that is due; return the outbox rows.

        Raises:
            ChainUnavailable: no endpoint answers.
            LogRolledBack: the chain knows more of a log than was published here.
            DecisionRefused: the contract refused an anchor for good, neither for its old size nor
                because the log was ended.
        """
        self.waits = False
        rows = (self._anchor(log) for log in self._ids)
        return [row for row in rows if row is not None]

    def _anchor(self, log: bytes) -> int | None:
        last = last_published(self._engine, log)
        done = self._done.get(log, 0)
        if last is None or last.size == done:
            return None
        # The chain is asked only when its answer would be acted upon.
        if self._is_open(log) or not self._is_due(log, last.size - done):
            self.waits = True
            return None
        head = read_chain_head(self._chain, self._contract, log)
        is_ours = head.relay == self._relay
        self._done[log] = head.size if is_ours else last.size
        if not is_ours or head.size == last.size:
            return None
        if head.size > last.size:
            raise LogRolledBack(
                f"the chain has size {head.size}, published was {last.size}", log=log.hex()
            )
        return self._send(log, head, last)

    def _send(self, log: bytes, head: ChainHead, last: Published) -> int | None:
        """Enqueue what brings the chain to the published size; None if not now, or never."""
        if not self._is_due(log, last.size - head.size):
            self.waits = True
            return None
        try:
            row = self._enqueue(log, head, last)
        except DecisionRefused as err:
            if err.facts.get("name") not in ENDED:
                raise
            # Its department ended it, or was shown to have forked it: no calls go there any more,
            # and the departments this node serves besides must not stop with it.
            self._done[log] = last.size
            return None
        self._sent[log] = _Sent(row, self._clock())
        self.waits = True
        return row

    def _enqueue(self, log: bytes, head: ChainHead, last: Published) -> int:
        """Return the row that brings the chain from its head to the published size."""
        data = self._calldata(log, head, last)
        key = f"anchor:{log.hex()}:{last.size}"
        row = self._sender.enqueue(key, to=self._contract, data=data, gas=GAS_LIMIT)
        try:
            self._sender.result(row)
        except DecisionRefused as err:
            # A row from before may have been overtaken by another one of this size or less; what
            # it proved is then from an old head. The next is a row of its own.
            if err.facts.get("name") != "HeadMoved":
                raise
            again = f"{key}:{head.size}"
            row = self._sender.enqueue(again, to=self._contract, data=data, gas=GAS_LIMIT)
        return row

    def _is_open(self, log: bytes) -> bool:
        """Say whether the anchor sent last is still on its way: the chain's head is to move."""
        sent = self._sent.get(log)
        if sent is None or sent.row is None:
            return False
        try:
            if self._sender.result(sent.row) is None:
                return True
        except DecisionRefused:
            pass  # an answer as well: that anchor is over, and the next is made of the chain's head
        self._sent[log] = _Sent(None, sent.at)
        return False

    def _is_due(self, log: bytes, leaves: int) -> bool:
        sent = self._sent.get(log)
        waited = sent is None or self._clock() - sent.at >= self._interval_seconds
        return waited or leaves >= self._leaves

    def _calldata(self, log: bytes, head: ChainHead, last: Published) -> bytes:
        text = SignedCheckpoint.parse(last.checkpoint).checkpoint.text
        proof = self._logs.consistency(log, head.size, last.size) if head.size else []
        return abi.encode_call(
            CONTRACT,
            "anchor",
            {
                "log": log,
                "oldSize": head.size,
                "newSize": last.size,
                "root": last.root,
                "checkpointHash": checkpoint_hash(text),
                "proof": list(proof),
            },
        )
