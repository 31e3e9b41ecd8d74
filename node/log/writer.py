"""The thread that writes the log: calls that wait together are committed together.

A lone call is committed at once; while a commit runs, others queue and share the next (group
commit). After a commit that was shared, the writer lets the next company gather for two
milliseconds: a commit has a fixed price (two signatures, a dozen statements, an fsync), and under
load the shares decide how many calls a second there are. A commit that fails is the last one:
every waiting call is refused and `on_fatal` decides what becomes of the process.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TypeAlias

from node.errors import LedgerError, LogUnavailable, Overloaded

from .commit import STRANGERS_PER_DAY, Committer
from .logdrafts import Committed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from .logdrafts import Draft, LogIdentity

BATCH_DRAFTS = 256
WAITING_DRAFTS = 4096
GATHER_SECONDS = 0.002

_Waiting: TypeAlias = "tuple[Draft, Future[Committed]] | None"


class LogWriter:
    """Group commit for the logs of one store; `submit` may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        identities: Sequence[LogIdentity],
        *,
        clock: Callable[[], int] = time.time_ns,
        on_fatal: Callable[[Exception], None] | None = None,
        on_commit: Callable[[], object] = lambda: None,
        batch_drafts: int = BATCH_DRAFTS,
        waiting_drafts: int = WAITING_DRAFTS,
        strangers_per_day: int = STRANGERS_PER_DAY,
    ) -> None:
        """Prepare; `clock` gives Unix nanoseconds.

        The writer's thread calls `on_commit` after each commit, and `on_fatal`.
        `strangers_per_day` bounds a key's refusals of a day that no authorisation counts;
        `waiting_drafts` bounds what may wait before `submit` answers `overloaded`.
        """
        self._engine = engine
        self._identities = identities
        self._clock = clock
        self._on_fatal = on_fatal
        self._on_commit = on_commit
        self._batch_drafts = batch_drafts
        self._waiting_drafts = waiting_drafts
        self._strangers_per_day = strangers_per_day
        self._queue: SimpleQueue[_Waiting] = SimpleQueue()
        # Held while a draft is queued and while the queue is closed: none is ever stranded in it.
        self._lock = Lock()
        self._accepting = False
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Open the logs, creating what is missing, and start the thread.

        Raises:
            LogTampered: a stored tree does not hash to its head.
        """
        committer = Committer(
            self._engine,
            self._identities,
            clock=self._clock,
            strangers_per_day=self._strangers_per_day,
        )
        self._accepting = True
        self._thread = Thread(target=self._run, args=(committer,), name="log-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, then end the thread; later drafts get `log-unavailable`."""
        if self._thread is None:
            return
        with self._lock:
            if self._accepting:
                self._accepting = False
                self._queue.put(None)
        self._stopping.set()
        self._thread.join()

    def submit(self, draft: Draft) -> Future[Committed]:
        """Queue a draft; the future resolves once its commit is on disk.

        It fails with CallReplayed, InvalidInput (leaf too large), QuotaRefusals, LogUnavailable,
        or Overloaded (it waited so long that its leaf would prove nothing).

        Raises:
            LogUnavailable: the writer is not running.
            Overloaded: too many drafts are waiting.
        """
        future: Future[Committed] = Future()
        with self._lock:
            if not self._accepting:
                raise LogUnavailable("the log writer is not running")
            if self._queue.qsize() >= self._waiting_drafts:
                raise Overloaded(f"{self._waiting_drafts} calls wait for the log")
            self._queue.put((draft, future))
        return future

    def submit_all(self, drafts: Sequence[Draft]) -> list[Future[Committed]]:
        """Queue drafts that come together; what `submit` would raise is then each one's failure."""
        return [or_failed(self.submit, draft) for draft in drafts]

    def _run(self, committer: Committer) -> None:
        batch: list[tuple[Draft, Future[Committed]]] = []
        try:
            more = True
            while more:
                shared = len(batch) > 1
                batch.clear()
                more = self._gather(batch, shared)
                if batch:
                    _resolve(batch, committer.commit([draft for draft, _ in batch]))
                    self._on_commit()
        except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever it is, stop
            self._fail(error, batch)
        finally:
            committer.close()

    def _gather(self, batch: list[tuple[Draft, Future[Committed]]], shared: bool) -> bool:  # noqa: FBT001 - one caller
        """Wait for one draft, take what else waits; return False once the queue is closed."""
        waiting = self._queue.get()
        if shared:
            self._stopping.wait(GATHER_SECONDS)
        try:
            while waiting is not None:
                # False when the caller has given up: then the call is neither logged nor served.
                if waiting[1].set_running_or_notify_cancel():
                    batch.append(waiting)
                if len(batch) == self._batch_drafts:
                    return True
                waiting = self._queue.get_nowait()
        except Empty:
            return True
        return False

    def _fail(self, error: Exception, batch: list[tuple[Draft, Future[Committed]]]) -> None:
        """Refuse all that wait, then tell the process."""
        with self._lock:
            self._accepting = False
        failed = [future for _, future in batch if not future.done()]
        while not self._queue.empty():
            waiting = self._queue.get()
            if waiting is not None and waiting[1].set_running_or_notify_cancel():
                failed.append(waiting[1])
        for future in failed:
            refusal = LogUnavailable("the log cannot be written")
            refusal.__cause__ = error
            future.set_exception(refusal)
        if self._on_fatal is not None:
            self._on_fatal(error)


def or_failed(submit: Callable[[Draft], Future[Committed]], draft: Draft) -> Future[Committed]:
    """Return what `submit` does of a draft; if it raises, a future that failed with it."""
    try:
        return submit(draft)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no failure of those beside it
        failed: Future[Committed] = Future()
        failed.set_exception(error)
        return failed


def _resolve(
    batch: Sequence[tuple[Draft, Future[Committed]]], results: Sequence[Committed | LedgerError]
) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if isinstance(result, Committed):
            future.set_result(result)
        else:
            future.set_exception(result)
