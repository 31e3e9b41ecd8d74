"""Whose turn it is: among readers and the writer, and among transactions that wait for a block.

Transactions wait in shares, so nobody is held up by what strangers send. Whoever has a decision on
the chain has a share of his own; all who have none share one, of which a block takes no more gas
than one transaction may use. A block so begun is soon over, and whoever has decided before is in
the next.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import Overloaded
from .admission import TRANSACTION_GAS
from .anvil import BLOCK_GAS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from ..transactions import Transaction


class Gate:
    """Shared passage for reads, exclusive passage for the change they must not see half done.

    A waiting writer goes before readers that come later: sealing never starves behind a queue of
    reads. Not reentrant.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writers = 0
        """Writers waiting or inside; the one inside holds `_turn`."""
        self._turn = threading.Lock()

    @contextmanager
    def shared(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: not self._writers)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                if not self._readers:
                    self._condition.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Pass alone: readers inside leave first, later ones wait."""
        with self._condition:
            self._writers += 1
        try:
            with self._turn:
                with self._condition:
                    self._condition.wait_for(lambda: not self._readers)
                yield
        finally:
            with self._condition:
                self._writers -= 1
                self._condition.notify_all()


WAITING = 20_000
"""More waiting than this is refused as overloaded."""
STRANGERS_WAITING = 128
"""Of senders without a decision: half of the requests that are answered at once (chainrpc)."""
STRANGERS = b""
"""Their share; another is called by its sender's address."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction, and the future that gives its hash once its block is committed."""

    transaction: Transaction
    future: Future[bytes]


class Shares:
    """What waits; not thread-safe, the sealer's lock guards it."""

    def __init__(self) -> None:
        self._shares: dict[bytes, deque[Waiting]] = {}
        """In the order of their turns."""
        self._size = 0
        self._strangers: Counter[bytes] = Counter()
        """How many transactions of a sender wait among the strangers'."""

    def __len__(self) -> int:
        return self._size

    def check_room(self, *, known: bool) -> None:
        """Check that one more may wait; `known` tells whether its sender has decided before.

        Raises:
            Overloaded: too many wait already.
        """
        if self._size >= WAITING:
            raise Overloaded(f"{self._size} transactions wait already")
        if not known and len(self._shares.get(STRANGERS, ())) >= STRANGERS_WAITING:
            raise Overloaded(
                f"{STRANGERS_WAITING} transactions of accounts without a decision wait already"
            )

    def put(self, waiting: Waiting, *, known: bool) -> None:
        """Queue a transaction behind those of its share."""
        sender = waiting.transaction.sender
        # One that becomes known stays with the strangers until his are sealed: nonces keep order.
        share = sender if known and sender not in self._strangers else STRANGERS
        if share == STRANGERS:
            self._strangers[sender] += 1
        self._shares.setdefault(share, deque()).append(waiting)
        self._size += 1

    def take(self, count: int) -> list[Waiting]:
        """Take at most `count` for one block, from each share in turn."""
        taken: list[Waiting] = []
        gas, strangers_gas = 0, 0
        turns = deque(self._shares)
        while turns and len(taken) < count:
            share = turns.popleft()
            wanted = self._shares[share][0].transaction.gas
            if taken and gas + wanted > BLOCK_GAS_LIMIT:
                break  # anvil would leave it out of the block
            if share == STRANGERS:
                if strangers_gas and strangers_gas + wanted > TRANSACTION_GAS:
                    continue
                strangers_gas += wanted
            gas += wanted
            taken.append(self._pop(share))
            if share in self._shares:
                turns.append(share)
        return taken

    def clear(self) -> list[Waiting]:
        waiting = [each for share in self._shares.values() for each in share]
        self._shares.clear()
        self._strangers.clear()
        self._size = 0
        return waiting

    def _pop(self, share: bytes) -> Waiting:
        """Take the first of a share, whose next turn comes after all others'."""
        queue = self._shares.pop(share)
        first = queue.popleft()
        if queue:
            self._shares[share] = queue
        if share == STRANGERS:
            sender = first.transaction.sender
            self._strangers[sender] -= 1
            if not self._strangers[sender]:
                del self._strangers[sender]
        self._size -= 1
        return first
