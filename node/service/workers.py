"""Threads that judge calls, what their callers get, and its way back to the loop that waits for it.

A thread that has to wake another pays for a switch of the interpreter's lock. So one thread judges
all calls as long as it is not kept waiting, and the loop is woken once for all the answers that are
ready by the time it looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

from ..client.refused import find_class
from ..errors import LedgerError, QuotaExceeded
from ..protocol.wire.encoding import rfc3339
from ..protocol.wire.leaf import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ..log.logdrafts import Committed, Draft

T = TypeVar("T")
V = TypeVar("V")


class Next(Enum):
    """What a step says of the one behind it."""

    GOES_ON = "goes on"
    MAY_WAIT = "may wait"
    """For somebody else, and seldom does."""
    WAITS = "waits"
    """Longer than is worth keeping the other calls of this thread for."""


GOES_ON, MAY_WAIT, WAITS = Next
MOST_ABREAST = 32
PATIENCE_SECONDS = 0.01
"""After so long without getting ahead whoever attends is kept waiting, not only by the
interpreter's lock, which changes hands every 5 ms."""
QUICK_SECONDS = 0.0001
"""What is waited for longer than that, at its quickest, is asked by several threads at once."""
PACED_BY = 16
Steps: TypeAlias = "Generator[Next, None, T | None]"
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
    """Threads of which one does all the work abreast, as long as nothing keeps it waiting.

    One step of all that wait comes before the next step of any. So the interpreter runs each piece
    of code many times in a row, while the processor has it and its data at hand; call by call, a
    call costs more than twice as much (DECISIONS 159). For the same reason one thread, the
    *attendant*, does it all: another would take the interpreter's lock and the caches from it
    (DECISIONS 200). Before a step that waits it resigns, and a thread that rests takes its place.
    Where a step waits that seldom does, the one that *stands by* notices and takes it.
    """

    def __init__(self, count: int, name: str, conclude: Callable[[list[T]], None]) -> None:
        """Start `count` threads; `conclude` is given what ended together, and must not raise."""
        self._conclude = conclude
        self._waiting: deque[Steps[T]] = deque()
        self._halfway: deque[tuple[Next, Steps[T]]] = deque()
        """Those whose next step may wait."""
        self._passed: deque[Steps[T]] = deque()
        """Those that need not wait any more."""
        self._bell: SimpleQueue[None] = SimpleQueue()
        """Each ring wakes one thread that rests."""
        self._rung = False
        """Whether a thread is on its way that will look what there is to do."""
        self._lock = threading.Lock()
        """Held to choose the next two."""
        self._attendant: threading.Thread | None = None
        self._standing_by: threading.Thread | None = None
        self._turns = 0
        """Grows as the attendant gets ahead: with each step that has ended."""
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}_{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, steps: Steps[T]) -> None:
        """Have a thread go through `steps`; they must not raise."""
        self._waiting.append(steps)
        # Put before it is asked who is there, as the attendant looks again after it has resigned:
        # one of the two sees the other, and nothing stays behind.
        if self._attendant is None or self._standing_by is None:
            self._ring()

    def close(self) -> None:
        """End the threads, after the work they were given."""
        self._closing = True
        for _ in self._threads:
            self._bell.put(None)
        for thread in self._threads:
            thread.join()

    def _ring(self) -> None:
        # Whoever puts in a row would wake all before the first of them has the interpreter's lock.
        if not self._rung:
            self._rung = True
            self._bell.put(None)

    def _run(self) -> None:
        me = threading.current_thread()
        while True:
            self._bell.get()
            self._rung = False  # before it looks: what is put from now on rings again
            while self._is_wanted(me):
                self._attend(me)
            if self._closing:  # asked after the look: what was put before is done
                break
        self._bell.put(None)  # for the next: whoever stood by may have taken several

    def _is_left(self, *, beside: int = 0) -> bool:
        return len(self._waiting) + len(self._passed) + len(self._halfway) > beside

    def _is_wanted(self, me: threading.Thread) -> bool:
        """Become the attendant, after standing by if there is one; or find that two are enough."""
        turns, late = 0, False
        while True:
            with self._lock:
                stuck = late and self._turns == turns and self._is_left()
                if self._attendant is None or stuck:
                    if self._standing_by is me:
                        self._standing_by = None
                    if not self._is_left():
                        return False
                    self._attendant = me
                    break
                if self._standing_by not in {None, me}:
                    return False
                self._standing_by, turns = me, self._turns
            try:
                self._bell.get(timeout=PATIENCE_SECONDS)
                self._rung = late = False
            except Empty:
                late = True
        if self._standing_by is None and self._is_left(beside=1):
            self._ring()  # what is done first may keep the others waiting
        return True

    def _attend(self, me: threading.Thread) -> None:
        """Do what there is to do until nothing is left, or another has become the attendant."""
        while self._attendant is me:
            going = self._draw(self._passed) or self._draw(self._waiting)
            self._halfway.extend(self._advance(going))
            if not self._passed:
                self._pass(me)
                self._turns += 1
            if not self._is_left():
                self._resign(me)

    def _resign(self, me: threading.Thread) -> None:
        with self._lock:
            if self._attendant is me:
                self._attendant = None

    def _advance(self, going: list[Steps[T]]) -> list[tuple[Next, Steps[T]]]:
        """Go on with all until each has ended, or is about to wait; return the latter."""
        waiting: list[tuple[Next, Steps[T]]] = []
        ended: list[T] = []
        while going:
            behind, going = going, []
            for each in behind:
                self._turns += 1
                try:
                    following = next(each)
                except StopIteration as end:
                    if end.value is not None:
                        ended.append(end.value)
                else:
                    if following is GOES_ON:
                        going.append(each)
                    else:
                        waiting.append((following, each))
        if ended:
            self._conclude(ended)
        return waiting

    def _pass(self, me: threading.Thread) -> None:
        """Do the steps that may wait, one by one, until there are none or enough have passed.

        Whoever finds nobody attending stops, for what has passed is to go on before another is
        waited for; and so does who was kept waiting by a step that seldom does, for the next
        attendant is perhaps kept waiting, too.
        """
        while self._attendant is not None and len(self._passed) < MOST_ABREAST:
            drawn = self._draw(self._halfway, 1)
            if not drawn:
                return
            ((following, steps),) = drawn
            if following is WAITS:
                self._resign(me)
                if self._is_left():
                    self._ring()
            self._wait_for(steps)
            if following is not WAITS and self._attendant is not me:
                return

    def _wait_for(self, steps: Steps[T]) -> None:
        """Do a step that may wait, and put the rest of `steps` where it belongs."""
        try:
            following = next(steps)
        except StopIteration as end:
            if end.value is not None:
                self._conclude([end.value])
        else:
            if following is GOES_ON:
                self._passed.append(steps)
            else:
                self._halfway.append((following, steps))
        self._turns += 1

    @staticmethod
    def _draw(source: deque[V], most: int = MOST_ABREAST) -> list[V]:
        """Take what is there, as far as no other thread is quicker."""
        drawn: list[V] = []
        with contextlib.suppress(IndexError):
            while len(drawn) < most:
                drawn.append(source.popleft())
        return drawn


class Pace:
    """Whether what is asked keeps its asker waiting even at its quickest, as a far database does.

    What it takes of this thread's processor time is no waiting, and what it waits at its quickest
    says nothing of how busy the machine is.
    """

    def __init__(self) -> None:
        self._waited: deque[float] = deque(maxlen=PACED_BY)

    @property
    def following(self) -> Next:
        """What a step says that asks next."""
        return WAITS if min(self._waited, default=0.0) > QUICK_SECONDS else MAY_WAIT

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Learn from what is asked meanwhile, whatever comes of it."""
        began = time.perf_counter() - time.thread_time()
        try:
            yield
        finally:
            self.waited(time.perf_counter() - time.thread_time() - began)

    def waited(self, seconds: float) -> None:
        """Learn from an answer that was waited for so long."""
        self._waited.append(seconds)


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
