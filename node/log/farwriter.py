"""The log writer as a front sees it: another process, behind a Unix socket, with the same `submit`.

Whichever thread finds nobody sending sends for all whose drafts are waiting, so a busy front sends
in batches and a quiet one at once. One thread takes the results. When the writer has gone, the
calls in hand get `log-unavailable` - whether they were logged is not known, and none was answered -
and the next call connects again.
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Condition, Thread
from typing import TYPE_CHECKING

from node.errors import InvalidInput, LedgerError, LogUnavailable, Overloaded, reason

from .framing import Frames, frames_of, pack_draft, unpack_results
from .writer import WAITING_DRAFTS, or_failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .logdrafts import Committed, Draft

PATIENCE_SECONDS = 10.0
"""A writer from which nothing has come for so long, while calls wait for it, is given up."""
READ_BYTES = 1 << 20
BACKLOG = 128


class _Line:
    """One connection to the writer, with the drafts that are under way on it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pending: dict[int, tuple[Future[Committed], Draft, float]] = {}
        self.outgoing: list[bytes] = []
        self.sending = False
        self.broken = False


class FarWriter:
    """What a front submits to; `submit` may be called from any thread."""

    def __init__(
        self,
        path: Path,
        *,
        waiting_drafts: int = WAITING_DRAFTS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Write to the process that listens at `path`; of this front `waiting_drafts` may wait."""
        self._path = path
        self._waiting_drafts = waiting_drafts
        self._patience_seconds = patience_seconds
        self._numbers = itertools.count()
        self._line: _Line | None = None
        self._accepting = False
        # Held for a moment only: nothing is sent, received or resolved under it.
        self._changed = Condition()

    def start(self) -> None:
        """Connect.

        Raises:
            LogUnavailable: nobody listens.
        """
        with self._changed:
            self._accepting = True
            self._line = self._connect()

    def stop(self) -> None:
        """Wait for what is under way, then close; later drafts get `log-unavailable`."""
        with self._changed:
            self._accepting = False
            line, self._line = self._line, None
            if line is None:
                return
            self._changed.wait_for(lambda: not line.pending, self._patience_seconds)
        self._break(line, "the front ends")

    def submit(self, draft: Draft) -> Future[Committed]:
        """Send a draft; the future resolves once its commit is on disk.

        While the socket is full, for a commit takes long, one thread waits here and sends for all.
        It fails as that of `LogWriter.submit`, and with LogUnavailable when the writer has gone.

        Raises:
            LogUnavailable: there is no writer to send it to.
            Overloaded: too many drafts of this front are waiting.
            InvalidInput: its answer is longer than the log takes.
        """
        future, line = self._enqueue(draft)
        if line is not None:
            self._send(line)
        return future

    def submit_all(self, drafts: Sequence[Draft]) -> list[Future[Committed]]:
        """Send drafts that come together, together; what `submit` would raise is each one's."""
        lines: list[_Line] = []

        def enqueue(draft: Draft) -> Future[Committed]:
            future, line = self._enqueue(draft)
            if line is not None:
                lines.append(line)
            return future

        try:
            return [or_failed(enqueue, draft) for draft in drafts]
        finally:  # nobody else sends on a line that is ours
            for line in lines:
                self._send(line)

    def _enqueue(self, draft: Draft) -> tuple[Future[Committed], _Line | None]:
        """Return a draft's future, and the line if it is now the caller who must send on it."""
        number = next(self._numbers)
        item = pack_draft(number, draft)
        future: Future[Committed] = Future()
        future.set_running_or_notify_cancel()  # what was sent cannot be called back
        with self._changed:
            if not self._accepting:
                raise LogUnavailable("the log writer is not running")
            line = self._line
            if line is None or line.broken:
                line = self._line = self._connect()
            if len(line.pending) >= self._waiting_drafts:
                raise Overloaded(f"{self._waiting_drafts} calls wait for the log")
            line.pending[number] = future, draft, time.monotonic()
            line.outgoing.append(item)
            if line.sending:
                return future, None
            line.sending = True
        return future, line

    def _connect(self) -> _Line:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self._patience_seconds)
            with _short(self._path) as path:
                connection.connect(path)
        except OSError as error:
            connection.close()
            raise LogUnavailable(f"no log writer at {self._path}: {reason(error)}") from error
        line = _Line(connection)
        Thread(target=self._receive, args=(line,), name="log-results", daemon=True).start()
        return line

    def _send(self, line: _Line) -> None:
        """Send what waits, until nothing does."""
        while True:
            with self._changed:
                items, line.outgoing = line.outgoing, []
                if not items or line.broken:
                    line.sending = False
                    return
            try:
                for frame in frames_of(items):
                    line.connection.sendall(frame)
            except OSError as error:
                self._break(line, reason(error))

    def _receive(self, line: _Line) -> None:
        frames, why = Frames(), "it closed the connection"
        try:
            while True:
                try:
                    data = line.connection.recv(READ_BYTES)
                except TimeoutError:
                    if self._is_patient(line):
                        continue
                    raise
                if not data:
                    break
                for frame in frames.feed(data):
                    self._settle(line, frame)
        except OSError as error:
            why = reason(error)
        except InvalidInput as error:
            why = error.message
        self._break(line, why)

    def _is_patient(self, line: _Line) -> bool:
        """Tell whether no draft has waited too long."""
        oldest = time.monotonic() - self._patience_seconds
        with self._changed:
            return all(since > oldest for _, _, since in line.pending.values())

    def _settle(self, line: _Line, frame: bytes) -> None:
        results = unpack_results(frame)
        with self._changed:
            known = [(line.pending.pop(each.number, None), each) for each in results]
            if not line.pending:
                self._changed.notify_all()
        for waiting, done in known:
            if waiting is None:
                continue
            future, draft, _ = waiting
            result = done.result
            if isinstance(result, LedgerError):
                future.set_exception(result)
                continue
            if done.own:
                result.answer = draft.answer
            future.set_result(result)

    def _break(self, line: _Line, why: str) -> None:
        """Give a connection up: every call on it is refused."""
        with self._changed:
            line.broken = True
            pending, line.pending = line.pending, {}
            self._changed.notify_all()
        # Not closed only: that would leave the thread waiting that receives from it.
        with suppress(OSError):
            line.connection.shutdown(socket.SHUT_RDWR)
        line.connection.close()
        for future, _, _ in pending.values():
            future.set_exception(
                LogUnavailable(f"the log writer has gone ({why}); send the call again")
            )


def listen_at(path: Path) -> socket.socket:
    """Return a Unix socket that listens at `path`, for its owner alone; one left there is replaced.

    Raises:
        OSError: the folder cannot be written to.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        with _short(path) as short:
            # The folder is private; the mode holds also where a folder's would not be looked at.
            before = os.umask(0o177)
            try:
                listener.bind(short)
            finally:
                os.umask(before)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Name a path in less than the 108 bytes a socket's address has, however deep it lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
