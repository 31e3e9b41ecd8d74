"""Anchoring: published sizes go on chain with a consistency proof that the contract checks.

Stateless: the rule is "published size > the chain head's size", the memory is the outbox, whose
unique key (log, size) makes a repeated decision the same row. A crash anywhere loses nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.errors import LogRolledBack
from node.log.published import Published, last_published
from node.protocol import abi
from node.protocol.checkpoint import SignedCheckpoint, checkpoint_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from .ports import Chain, Logs, Sender

CONTRACT = "AccessAnchors"
GAS_LIMIT = 500_000
"""Far above the 65k an anchor costs; a deeper proof must not fail for gas."""
INTERVAL_SECONDS = 10.0
LEAVES = 10_000
NOBODY = bytes(20)


@dataclass(frozen=True, slots=True)
class ChainHead:
    """A log as the chain knows it."""

    relay: bytes
    """The account that may anchor it; zero while the log is not registered."""
    size: int
    root: bytes

    @property
    def is_registered(self) -> bool:
        """Whether the log is registered."""
        return self.relay != NOBODY


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
        self._anchored_at: dict[bytes, float] = {}

    def run_once(self) -> list[int]:
        """Enqueue an anchor for each log that is due; return the outbox rows.

        Raises:
            ChainUnavailable: no endpoint answers.
            LogRolledBack: the chain knows more of a log than was published here.
        """
        rows = (self._anchor(log) for log in self._ids)
        return [row for row in rows if row is not None]

    def _anchor(self, log: bytes) -> int | None:
        last = last_published(self._engine, log)
        if last is None or not last.size:
            return None
        head = read_chain_head(self._chain, self._contract, log)
        if head.relay != self._relay:
            return None
        if head.size > last.size:
            raise LogRolledBack(
                f"the chain has size {head.size}, published was {last.size}", log=log.hex()
            )
        if head.size == last.size or not self._is_due(log, last.size - head.size):
            return None
        row = self._sender.enqueue(
            f"anchor:{log.hex()}:{last.size}",
            to=self._contract,
            data=self._calldata(log, head, last),
            gas=GAS_LIMIT,
        )
        self._anchored_at[log] = self._clock()
        return row

    def _is_due(self, log: bytes, leaves: int) -> bool:
        at = self._anchored_at.get(log)
        waited = at is None or self._clock() - at >= self._interval_seconds
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
