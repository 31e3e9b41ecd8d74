"""Threads that judge calls, what their callers get, and its way back to the loop that waits for it.

A thread that has to wake another pays for a switch of the interpreter's lock. So calls are handed
over through queues that wake only who sleeps, and the loop is woken once for all the answers that
are ready by the time it looks.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from ..client.refused import find_class
from ..errors import LedgerError, QuotaExceeded
from ..protocol.wire import canonical
from ..protocol.wire.encoding import rfc3339
from ..protocol.wire.leaf import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..log.drafts import Committed, Draft

T = TypeVar("T")


class Mailbox:
    """Answers on their way to one event loop; `put` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[Callable[[], None]] = deque()
        self._woken = False

    def put(self, settle: Callable[[], None]) -> None:
        """Have the loop call `settle` soon."""
        self._ready.append(settle)
        if not self._woken:
            self._woken = True
            self.loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        # Cleared before the queue is read: what is put from now on wakes the loop again, so that
        # nothing is ever left behind; at worst it finds an empty queue.
        self._woken = False
        while self._ready:
            self._ready.popleft()()


class Answers(Generic[T]):
    """The futures of the calls in hand, each settled in the loop that waits for it."""

    def __init__(self) -> None:
        self._box: Mailbox | None = None

    def expect(self) -> tuple[asyncio.Future[T], Callable[[Callable[[], T]], None]]:
        """Return a future of the running loop, and what settles it from any thread.

        What settles it is given a function that returns the answer or raises the refusal; it is
        called in the loop.
        """
        loop = asyncio.get_running_loop()
        box = self._box
        # A process has one loop; a test may run several, one after the other.
        if box is None or box.loop is not loop:
            box = self._box = Mailbox(loop)
        future: asyncio.Future[T] = loop.create_future()

        def settle(render: Callable[[], T]) -> None:
            if future.done():  # its caller has gone; what was logged stays logged
                return
            try:
                future.set_result(render())
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's
                future.set_exception(error)

        return future, lambda render: box.put(lambda: settle(render))


class Workers:
    """A fixed number of threads that run what is put to them, in order of arrival."""

    def __init__(self, count: int, name: str) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}_{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, work: Callable[[], None]) -> None:
        """Run `work` in the next free thread; it must not raise."""
        self._waiting.put(work)

    def close(self) -> None:
        """End the threads, after the work they were given."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            work()


@dataclass(frozen=True, slots=True)
class Judged:
    """A call on its way into the log, and the error its caller gets if it is refused."""

    draft: Draft
    error: LedgerError | None


def finish(error: LedgerError | None, committed: Committed) -> bytes:
    """Return the answer's JSON, once its leaf is on disk; `error` is why the call was refused.

    Raises:
        LedgerError: the refusal that was logged, with its receipt.
    """
    receipt = committed.receipt().render()
    if committed.outcome != SERVED or committed.answer is None:
        _refuse(error, committed, receipt)
    remaining = {"calls": committed.remaining_calls, "rows": committed.remaining_rows}
    # The envelope is canonical JSON already; its bytes are what the leaf's digest is of.
    return b'{"receipt":%b,"remaining":%b,"sealed":%b}' % (
        canonical.dumps(receipt),
        canonical.dumps(remaining),
        committed.answer,
    )


def _refuse(error: LedgerError | None, committed: Committed, receipt: dict[str, Any]) -> NoReturn:
    code = committed.outcome
    if error is None or error.code != code:
        # The quota decided in the commit, or an identical resend meets its first refusal again.
        kind = find_class(code) or LedgerError
        error = kind(_QUOTA_MESSAGES.get(code, "refused as the first time this call was made"))
    if isinstance(error, QuotaExceeded):
        error.facts["reset"] = rfc3339(committed.reset)
    error.facts["receipt"] = receipt
    raise error


_QUOTA_MESSAGES = {
    "quota-calls": "the calls of this day (Beijing) are used up",
    "quota-rows": "the answer has more rows than this day (Beijing) has left; ask for fewer",
}
