"""Threads that judge calls, what their callers get, and its way back to the loop that waits for it.

A thread that has to wake another pays for a switch of the interpreter's lock. So calls are handed
over through queues that wake only who sleeps, and the loop is woken once for all the answers that
are ready by the time it looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

from ..client.refused import find_class
from ..errors import LedgerError, QuotaExceeded
from ..protocol.wire.encoding import rfc3339
from ..protocol.wire.leaf import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..log.drafts import Committed, Draft

T = TypeVar("T")
GOES_ON, MAY_WAIT = False, True
"""What a step says of the one behind it."""
MOST_ABREAST = 8
Steps: TypeAlias = "Generator[bool, None, T | None]"
Settle: TypeAlias = "Callable[[Callable[[], bytes]], None]"
"""Gives a caller what a function returns, or raises, in the loop."""


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


class Workers(Generic[T]):
    """A fixed number of threads; each takes several of those that wait and does them abreast.

    One step of all of them comes before the next step of any. So the interpreter runs each piece of
    code several times in a row, while the processor has it and its data at hand; call by call, a
    call costs more than twice as much (DECISIONS 159). A step that may wait for somebody else is
    for any thread that has a hand free: what was taken together does not wait in a row.
    """

    def __init__(self, count: int, name: str, conclude: Callable[[list[T]], None]) -> None:
        """Start `count` threads; `conclude` is given what ended together, and must not raise."""
        self._conclude = conclude
        self._waiting: SimpleQueue[Steps[T] | None] = SimpleQueue()
        self._halfway: deque[Steps[T]] = deque()
        """Those whose next step may wait."""
        self._passed: deque[Steps[T]] = deque()
        """Those that need not wait any more."""
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}_{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, steps: Steps[T]) -> None:
        """Have a free thread go through `steps`; they must not raise."""
        self._waiting.put(steps)

    def close(self) -> None:
        """End the threads, after the work they were given."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            going = self._take(first)
            # What this thread put there it finds there again, unless another has taken it up:
            # nothing stays behind.
            while going or self._halfway or self._passed:
                self._halfway.extend(self._advance(going))
                if not self._passed:
                    self._pass()
                going = self._draw(self._passed)

    def _take(self, first: Steps[T]) -> list[Steps[T]]:
        """Take, with the first, what else waits."""
        taken = [first]
        while len(taken) < MOST_ABREAST:
            try:
                another = self._waiting.get_nowait()
            except Empty:
                break
            if another is None:  # meant for a thread that waits
                self._waiting.put(None)
                break
            taken.append(another)
        return taken

    def _advance(self, going: list[Steps[T]]) -> list[Steps[T]]:
        """Go on with all until each has ended, or is about to wait; return the latter."""
        waiting: list[Steps[T]] = []
        ended: list[T] = []
        while going:
            behind, going = going, []
            for each in behind:
                try:
                    (waiting if next(each) else going).append(each)
                except StopIteration as end:
                    if end.value is not None:
                        ended.append(end.value)
        if ended:
            self._conclude(ended)
        return waiting

    def _pass(self) -> None:
        """Do the steps that may wait, one by one, until there are none or a few have passed."""
        while len(self._passed) < MOST_ABREAST and (drawn := self._draw(self._halfway, 1)):
            if (self._halfway or self._passed) and not self._waiting.qsize():
                # Should this step wait long, somebody else goes on with the others.
                self._waiting.put(_lend_a_hand())
            try:
                (self._halfway if next(drawn[0]) else self._passed).append(drawn[0])
            except StopIteration as end:
                if end.value is not None:
                    self._conclude([end.value])

    @staticmethod
    def _draw(source: deque[Steps[T]], most: int = MOST_ABREAST) -> list[Steps[T]]:
        """Take what is there, as far as no other thread is quicker."""
        drawn: list[Steps[T]] = []
        with contextlib.suppress(IndexError):
            while len(drawn) < most:
                drawn.append(source.popleft())
        return drawn


def _lend_a_hand() -> Steps[Any]:
    """Return work that is nothing: whoever takes it looks for what is left to do."""
    yield GOES_ON
    return None


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
    receipt = committed.receipt()
    if committed.outcome != SERVED or committed.answer is None:
        _refuse(error, committed, receipt.render())
    # The envelope is canonical JSON already; its bytes are what the leaf's digest is of.
    return b'{"receipt":%b,"remaining":{"calls":%d,"rows":%d},"sealed":%b}' % (
        receipt.dump_logged(),
        committed.remaining_calls,
        committed.remaining_rows,
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
