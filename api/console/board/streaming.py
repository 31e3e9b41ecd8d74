"""The board to all who look: read once an interval, whoever asks, sent as server-sent events.

Every event is the whole, so whoever comes back has missed nothing, and a slow listener skips what
is past: nothing is queued for anybody. An event's id is a digest of what it shows; who brings it
back (`Last-Event-ID`) gets none until something is different, from whichever process he asks. Kept
in memory is the newest state alone, and how many listen here.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from anyio import move_on_after, to_thread
from fastapi.sse import EventSourceResponse, format_sse_event

from node.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.types import Receive, Scope, Send

SECONDS = 2.0
"""Between two looks, shared by all."""
BEAT_SECONDS = 10.0
"""Something is sent at least so often: a listener which hears nothing knows the line is dead."""
LIFETIME_SECONDS, GRACE_SECONDS = 120.0, 30.0
"""Of one stream; who listens asks again, and is looked at again. A listener that does not read is
cut off after the grace."""
LISTENERS, STRANGERS = 32, 24
"""At once in one process, and of them those who have not signed in."""
RETRY_MILLISECONDS = 1_000


class Seen(NamedTuple):
    """The board at one moment."""

    body: bytes
    """JSON, an object; the same as long as what it shows is the same."""
    mark: str
    """Names the body."""
    at_ms: int
    """Wall clock when it was read, in milliseconds since 1970."""

    @property
    def data(self) -> str:
        """The body with the moment."""
        return f'{{"at":{self.at_ms},{self.body[1:].decode()}'


class Board:
    """One process's board; used on its event loop alone."""

    def __init__(
        self,
        see: Callable[[], bytes],
        *,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = SECONDS,
        beat_seconds: float = BEAT_SECONDS,
        lifetime_seconds: float = LIFETIME_SECONDS,
    ) -> None:
        """Show what `see` returns, a JSON object; it is called in a thread, one call at a time."""
        self._see, self._clock = see, clock
        self._seconds, self._beat = seconds, beat_seconds
        self.lifetime_seconds = lifetime_seconds
        self._lock = asyncio.Lock()
        self._seen: Seen | None = None
        self._looked = 0.0
        self.listening = 0
        """Streams that are open."""

    async def latest(self) -> Seen:
        """Return the board as it was within the interval."""
        async with self._lock:
            if self._seen is None or self._clock() - self._looked >= self._seconds:
                at_ms, self._looked = int(time.time() * 1000), self._clock()
                body = await to_thread.run_sync(self._see)
                self._seen = Seen(body, sha256(body).hexdigest()[:16], at_ms)
            return self._seen

    @contextmanager
    def place(self, most: int) -> Iterator[None]:
        """Take one of `most` places while the block lasts.

        Raises:
            Overloaded: they are taken.
        """
        if self.listening >= most:
            raise Overloaded(
                f"大屏的实时连接已满（{most} 个），页面改为定时刷新 / too many listeners", most=most
            )
        self.listening += 1
        try:
            yield
        finally:
            self.listening -= 1

    async def events(self, last: str, ending: asyncio.Event) -> AsyncIterator[bytes]:
        """Yield what differs from `last`, then from what was sent, until `ending` or for long."""
        until = self._clock() + self.lifetime_seconds
        # Sent at once, so that whoever is cut off right after knows when to come back.
        yield format_sse_event(retry=RETRY_MILLISECONDS)
        heard = self._clock()
        while not ending.is_set() and self._clock() < until:
            seen = await self.latest()
            if seen.mark != last:
                last, heard = seen.mark, self._clock()
                yield format_sse_event(event="board", data_str=seen.data, id=seen.mark)
            elif self._clock() - heard >= self._beat:
                heard = self._clock()
                yield format_sse_event(event="beat", data_str=str(int(time.time() * 1000)))
            with move_on_after(self._seconds):
                await ending.wait()


class Listening(EventSourceResponse):
    """A stream that holds its place exactly as long as it is being sent."""

    def __init__(self, board: Board, last: str, *, ending: asyncio.Event, signed_in: bool) -> None:
        """Send what differs from the event `last`; end once the connection is to end."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(board.events(last, ending), headers=headers)
        self._board, self._most = board, LISTENERS if signed_in else STRANGERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends or its listener goes.

        Raises:
            Overloaded: too many listen already; nothing was sent.
        """
        with (
            self._board.place(self._most),
            move_on_after(self._board.lifetime_seconds + GRACE_SECONDS),
        ):
            await super().__call__(scope, receive, send)
