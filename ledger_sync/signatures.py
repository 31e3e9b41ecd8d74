"""SM2 signatures of decisions, verified again in a few threads.

The curve is computed without the GIL, many signatures a call, so it runs beside the rules. They are
told that every signature holds, and a chunk is committed only when all of its signatures were found
to: every decision is hashed from its own event and checked with the key as registered; a failure
names the decision.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from node.crypto import Sm2PublicKey, verify_decisions
from node.errors import ChainInconsistent, MalformedKey
from node.protocol.ledger.surroundings import Sm2Outside, joined

if TYPE_CHECKING:
    from concurrent.futures import Future

    from node.protocol.ledger.signed import Act

    Question = tuple[Sm2PublicKey, bytes, bytes]

BATCH = 128
"""Signatures a thread takes at once: 5 ms of curve, for which it waits up to 5 ms to have the GIL
back (sys.getswitchinterval)."""


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
        self._acts: list[Act] = []
        self._questions: list[Question] = []
        self._running: list[Future[None]] = []

    def is_signed(self, act: Act, x: int, y: int) -> bool:
        """Say yes, and check it beside: `wait` tells."""
        return self._ask(act, x, y, act.signature)

    def is_possessed(self, act: Act, x: int, y: int) -> bool:
        """Say yes, and check it beside, as the decision's own signature."""
        return self._ask(act, x, y, act.possession)

    def submit(self) -> None:
        """Hand what waits to the threads."""
        if self._acts:
            self._running.append(self._pool.submit(_verify, self._acts, self._questions))
            self._acts, self._questions = [], []

    def wait(self) -> None:
        """Wait for all that was asked.

        Raises:
            ChainInconsistent: a signature does not hold.
        """
        self.submit()
        for future in self._running:
            future.result()

    def cancel(self) -> None:
        """Drop what has not begun: the chunk has failed."""
        for future in self._running:
            future.cancel()

    def _ask(self, act: Act, x: int, y: int, signature: tuple[int, int]) -> bool:
        try:
            public = Sm2PublicKey.from_coordinates(x, y)
        except MalformedKey:
            return False
        self._acts.append(act)
        self._questions.append((public, act.hashed(), joined(*signature)))
        if len(self._acts) == BATCH:
            self.submit()
        return True


def _verify(acts: list[Act], questions: list[Question]) -> None:
    for act, holds in zip(acts, verify_decisions(questions), strict=True):
        if not holds:
            raise ChainInconsistent(
                f"the signature of {act.name} {act.seq} of {act.contract} does not hold",
                contract=act.contract,
                seq=act.seq,
                block=act.block,
            )
