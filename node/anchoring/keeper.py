"""The keeper's loop: publish, anchor, send, until told to stop.

What can pass (`retryable`) is waited out with growing pauses and shown in `status`; whatever else
is raised leaves the loop, and with it the process.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._publisher = publisher
        self._anchorer = anchorer
        self._sender = sender
        self._period_seconds = period_seconds
        self._clock = clock
        self._status = KeeperStatus()

    @property
    def status(self) -> KeeperStatus:
        return self._status

    def run_once(self) -> None:
        """Make one round.

        The outbox goes first: an anchor left from before must be mined before the chain's head is
        read, or the next one would build on a head that is about to move.
        """
        self._publisher.run_once()
        self._sender.pump()
        if self._anchorer.run_once():
            self._sender.pump()

    def run(self, stop: threading.Event) -> None:
        """Make rounds until `stop` is set.

        Raises:
            LedgerError: one that cannot pass; Fatal above all.
        """
        while not stop.is_set():
            stop.wait(self._round())

    def _round(self) -> float:
        """Make one round and return how long to pause after it."""
        try:
            self.run_once()
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
            return min(self._period_seconds * 2.0 ** min(failures, 16), LONGEST_PAUSE_SECONDS)
        self._status = KeeperStatus()
        return self._period_seconds
