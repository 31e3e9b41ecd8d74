"""The keeper's loop: publish, anchor, send, until told to stop.

It rests until a log has grown or what it began has come to its time. What can pass (`retryable`)
is waited out with growing pauses and shown in `status`; whatever else is raised leaves the loop,
and with it the process.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.errors import LedgerError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .anchorer import Anchorer, Sender
    from .publisher import Publisher

PERIOD_SECONDS = 0.2
IDLE_SECONDS = 5.0
"""How long what nobody tells of may lie: rows of the outbox whose own process has died."""
LONGEST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    """How the loop fares; read from other threads."""

    failures: int = 0
    """Rounds that failed in a row; 0 when all is well."""
    error: LedgerError | None = None
    """What the last failed round of them met."""
    failing_since: float | None = None
    """Unix seconds of the first of them."""


class Keeper:
    """Runs the publisher, the anchorer and the outbox of one node in one thread."""

    def __init__(
        self,
        publisher: Publisher,
        anchorer: Anchorer,
        sender: Sender,
        *,
        period_seconds: float = PERIOD_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._publisher = publisher
        self._anchorer = anchorer
        self._sender = sender
        self._period_seconds = period_seconds
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._status = KeeperStatus()

    @property
    def status(self) -> KeeperStatus:
        return self._status

    def run_once(self) -> bool:
        """Make one round; tell whether something waits for its time or for a block.

        The outbox goes first: an anchor left from before must be mined before the chain's head is
        read, or the next one would build on a head that is about to move.
        """
        self._publisher.run_once()
        self._sender.pump()
        if self._anchorer.run_once():
            self._sender.pump()
        return self._publisher.waits or self._anchorer.waits

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Make rounds until `stop` is set; `wake` ends a rest: a log has grown, or all is to end.

        Raises:
            LedgerError: one that cannot pass; Fatal above all.
        """
        while True:
            # Before the round: what comes while it lasts begins another one. And before `stop` is
            # looked at: who sets that rings afterwards.
            wake.clear()
            if stop.is_set():
                return
            pause, is_done = self._round()
            if is_done:
                wake.wait(self._idle_seconds)
            # News comes in swarms: a round serves all of a period.
            stop.wait(pause)

    def _round(self) -> tuple[float, bool]:
        """Make one round; return how long to pause after it, and whether nothing is left to do."""
        try:
            waits = self.run_once()
        except LedgerError as err:
            if not err.retryable:
                raise
            since = self._status.failing_since
            failures = self._status.failures + 1
            self._status = replace(
                self._status,
                failures=failures,
                error=err,
                failing_since=self._clock() if since is None else since,
            )
            pause = self._period_seconds * 2.0 ** min(failures, 16)
            return min(pause, LONGEST_PAUSE_SECONDS), False
        self._status = KeeperStatus()
        return self._period_seconds, not waits
