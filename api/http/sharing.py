"""Connections shared out among the fronts of a node, which listen on one socket.

Left to the kernel, whoever wakes first takes all that have come: callers who come together, as a
proxy's do, are then one front's, while the others rest. So a front that has more connections than
another leaves what comes to that one, and takes it after a few milliseconds if nobody has.
"""

from __future__ import annotations

import asyncio
import mmap
import select
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from .connection import BoundedProtocol

PASS_SECONDS = 0.001
"""How long what comes is left to others at a time."""
MOST_PASSES = 5
OUT_OF_FILES_SECONDS = 1.0
NOBODY = 2**32 - 1
_COUNT_BYTES = 4


class Shares:
    """How many connections each front has: in memory all processes share, made before they are."""

    def __init__(self, fronts: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, _COUNT_BYTES * fronts)).cast("I")
        for place in range(fronts):
            self.forget(place)

    def tell(self, place: int, count: int) -> None:
        """Say how many a front has."""
        self._counts[place] = count

    def forget(self, place: int) -> None:
        """Have nothing left to a front that has ended."""
        self._counts[place] = NOBODY

    def least_beside(self, place: int) -> int:
        """Return the fewest that another front has."""
        others = (count for at, count in enumerate(self._counts) if at != place)
        return min(others, default=NOBODY)


@dataclass(frozen=True, slots=True)
class Share:
    """One front's place among the others."""

    shares: Shares
    place: int


class SharedListener:
    """Takes one front's connections; is closed as a server of asyncio's is."""

    def __init__(
        self, listener: socket.socket, share: Share, make: Callable[[], BoundedProtocol]
    ) -> None:
        """Listen in the running loop; `make` makes the protocol of a connection."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._share = share
        self._make = make
        self._open = 0
        self._passed = 0
        """How often what has come was left to others."""
        self._resting: asyncio.TimerHandle | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        listener.settimeout(0)
        self._count(0)
        self._loop.add_reader(listener.fileno(), self._look)

    def close(self) -> None:
        """Take no more; connections go on."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._listener.fileno())
            if self._resting is not None:
                self._resting.cancel()

    async def wait_closed(self) -> None:
        """Return: nothing is left to do."""

    def _look(self) -> None:
        """Take one connection, or leave it to somebody who has fewer."""
        fewest = self._share.shares.least_beside(self._share.place)
        if self._open > fewest and self._passed < MOST_PASSES:
            self._passed += 1
            self._rest(PASS_SECONDS)
            return
        self._passed = 0
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another front was quicker, or the caller has gone
        except OSError:  # too many files are open: the socket stays ready, and would be asked again
            self._rest(OUT_OF_FILES_SECONDS)
            return
        connection.settimeout(0)
        self._count(1)
        task = self._loop.create_task(self._begin(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, connection: socket.socket) -> None:
        protocol = self._make()
        protocol.on_lost = lambda: self._count(-1)
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, connection)
        except OSError:  # the caller has gone before anybody could speak to him
            connection.close()
            self._count(-1)

    def _count(self, change: int) -> None:
        self._open += change
        if not self._closed:  # another front may have the place by now
            self._share.shares.tell(self._share.place, self._open)

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._resting = self._loop.call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        self._resting = None
        if not select.select([self._listener], [], [], 0)[0]:
            self._passed = 0
        self._loop.add_reader(self._listener.fileno(), self._look)
