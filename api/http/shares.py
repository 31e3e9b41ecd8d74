"""Connections shared out among the fronts of a node, which listen on one socket.

Left to the kernel, whoever wakes first takes all that have come: callers who come together, as a
proxy's do, are then one front's, while the others rest. So a front that has two connections more
than another leaves what comes to that one, and takes it after a few milliseconds if nobody has.
Then nothing more is left to that one until it has taken or lost a connection: it may hang.
"""

from __future__ import annotations

import asyncio
import mmap
import select
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from .connection import BoundedProtocol

PASS_SECONDS = 0.001
"""How long what comes is left to others at a time."""
MOST_PASSES = 5
SLACK = 1
"""Connections more than another's that are nothing to share: callers who come for one call each,
and go, would wait for it."""
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

    def least_beside(self, place: int) -> tuple[int, int]:
        """Return the fewest that another front has, and the place of that one."""
        others = ((count, at) for at, count in enumerate(self._counts) if at != place)
        return min(others, default=(NOBODY, place))


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
        self._open: set[BoundedProtocol] = set()
        self._passed = 0
        """How often what has come was left to others."""
        self._in_vain: tuple[int, int] | None = None
        """How the one stood that took nothing of what was left to it."""
        self._resting: asyncio.TimerHandle | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        listener.settimeout(0)
        self._tell()
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
        least = self._share.shares.least_beside(self._share.place)
        if len(self._open) > least[0] + SLACK and least != self._in_vain:
            if self._passed < MOST_PASSES:
                self._passed += 1
                self._rest(PASS_SECONDS)
                return
            self._in_vain = least
        self._passed = 0
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another front was quicker, or the caller has gone
        except OSError:  # too many files are open: the socket stays ready, and would be asked again
            self._rest(OUT_OF_FILES_SECONDS)
            return
        connection.settimeout(0)
        protocol = self._make()
        protocol.on_lost = partial(self._lose, protocol)
        self._open.add(protocol)
        self._tell()
        task = self._loop.create_task(self._begin(connection, protocol))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, connection: socket.socket, protocol: BoundedProtocol) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, connection)
        except BaseException as error:
            connection.close()
            self._lose(protocol)
            # The caller may have gone before anybody could speak to him.
            if not isinstance(error, OSError):
                raise

    def _lose(self, protocol: BoundedProtocol) -> None:
        """Count a connection no longer, however often its end is told."""
        self._open.discard(protocol)
        self._tell()

    def _tell(self) -> None:
        if not self._closed:  # another front may have the place by now
            self._share.shares.tell(self._share.place, len(self._open))

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._resting = self._loop.call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        self._resting = None
        if not select.select([self._listener], [], [], 0)[0]:
            self._passed = 0
        self._loop.add_reader(self._listener.fileno(), self._look)
