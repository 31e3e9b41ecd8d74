"""SM2 signatures of decisions, verified again in a few threads.

libcrypto releases the GIL, so the curve runs beside the rules. They are told that every signature
holds, and a chunk is written only when all of its signatures were found to: every decision is
hashed from its own event and checked with the key as registered; a failure names the decision.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from node.errors import ChainInconsistent
from node.protocol.ledger.surroundings import Sm2Outside, holds

if TYPE_CHECKING:
    from concurrent.futures import Future

    from node.protocol.ledger.signed import Act

    Point = tuple[int, int]
    Job = tuple[Act, Point, Point | None]

BATCH = 32
"""Decisions a thread takes at once: the queue must not cost more than the curve."""


class Verifiers:
    """The threads that verify, shared by all chunks of a follower."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="sm2-verify")

    def open(self) -> Verification:
        """Start on the decisions of one chunk."""
        return Verification(self._pool)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


class Verification(Sm2Outside):
    """The decisions of one chunk, in the order the rules asked about them."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._waiting: list[Job] = []
        self._running: list[Future[list[bytes]]] = []

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        """Say yes, and check it beside: `hashes` waits for the answer."""
        if len(self._waiting) == BATCH:  # none of these can still get a second signature
            self.submit()
        self._waiting.append((act, (x, y), None))
        return True

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        """Say yes, and check it with the decision's own signature."""
        _, signer, _ = self._waiting.pop()
        self._waiting.append((act, signer, (x, y)))
        return True

    def hashes(self) -> list[bytes]:
        """Wait for all, and return the decisions' EIP-712 hashes.

        Raises:
            ChainInconsistent: a signature does not hold.
        """
        self.submit()
        return [found for future in self._running for found in future.result()]

    def cancel(self) -> None:
        """Drop what has not begun: the chunk has failed."""
        for future in self._running:
            future.cancel()

    def submit(self) -> None:
        """Hand what waits to the threads."""
        if self._waiting:
            self._running.append(self._pool.submit(_verify, self._waiting))
            self._waiting = []


def _verify(jobs: list[Job]) -> list[bytes]:
    return [_verify_one(*job) for job in jobs]


def _verify_one(act: Act, signer: Point, possessor: Point | None) -> bytes:
    found = act.hashed()
    if holds(found, *signer, *act.signature) and (
        possessor is None or holds(found, *possessor, *act.possession)
    ):
        return found
    raise ChainInconsistent(
        f"the signature of {act.name} {act.seq} of {act.contract} does not hold",
        contract=act.contract,
        seq=act.seq,
        block=act.block,
    )
