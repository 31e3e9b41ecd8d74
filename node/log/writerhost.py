"""The log writer as a process of its own: drafts come over a Unix socket, results go back.

One thread does all, in turns: read what has come from every peer, commit it as one group, answer.
While a commit runs, others gather in the sockets and share the next; after a commit that was
shared the next company is given two milliseconds, as `writer` does. What waits is bounded: beyond
`waiting_drafts` nothing more is read, and peers bound what they send. After a commit that failed
all who waited for it are refused and the error is raised: the process is over.
"""

from __future__ import annotations

import os
import select
import selectors
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from node.errors import InvalidInput, LogUnavailable

from .commit import STRANGERS_PER_DAY, Committer
from .framing import FRAME_BYTES, Frames, frames_of, pack_result, unpack_drafts
from .writer import BATCH_DRAFTS, GATHER_SECONDS, WAITING_DRAFTS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from .logdrafts import Draft, LogIdentity

READ_BYTES = 1 << 20
UNREAD_BYTES = 2 * FRAME_BYTES
"""A peer that leaves so much unread is gone for us."""


class _Peer:
    """One connection of a front."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.frames = Frames()
        self.unread = bytearray()
        """Results it has not taken yet."""
        self.events = selectors.EVENT_READ
        self.open = True


class LogHost:
    """Group commit for the drafts of other processes; `run` in one thread, `stop` from any."""

    def __init__(
        self,
        engine: Engine,
        identities: Sequence[LogIdentity],
        listener: socket.socket,
        *,
        clock: Callable[[], int] = time.time_ns,
        on_commit: Callable[[], object] = lambda: None,
        batch_drafts: int = BATCH_DRAFTS,
        waiting_drafts: int = WAITING_DRAFTS,
        strangers_per_day: int = STRANGERS_PER_DAY,
    ) -> None:
        """Open the logs, creating what is missing; `listener` is a Unix socket that listens.

        The rest is as of `LogWriter`.

        Raises:
            LogTampered: a stored tree does not hash to its head.
        """
        self._committer = Committer(
            engine, identities, clock=clock, strangers_per_day=strangers_per_day
        )
        self._listener = listener
        self._on_commit = on_commit
        self._batch_drafts = batch_drafts
        self._waiting_drafts = waiting_drafts
        self._peers: set[_Peer] = set()
        self._waiting: deque[tuple[_Peer, int, Draft]] = deque()
        self._selector = selectors.DefaultSelector()
        self._told, self._tell = os.pipe()
        self._stopping = False
        self._ending = threading.RLock()
        """For `stop`, which another thread may call, or a signal in the midst of `_close`."""

    def stop(self) -> None:
        """Take no more peers, and end once the last of them has gone; callable in a signal."""
        with self._ending:
            if not self._stopping:
                self._stopping = True
                os.write(self._tell, b".")

    def run(self, *, last_seconds: float = 20.0) -> None:
        """Serve until told to stop and left by all, or `last_seconds` after that.

        Raises:
            SQLAlchemyError, OSError: a commit failed; all who waited were refused.
        """
        self._listener.settimeout(0)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._told, selectors.EVENT_READ)
        until: float | None = None
        shared = False
        try:
            while True:
                if self._stopping and until is None:
                    until = time.monotonic() + last_seconds
                    # Closed, not only left: whoever comes now is refused at once.
                    self._selector.unregister(self._listener)
                    self._listener.close()
                    self._selector.unregister(self._told)
                left = None if until is None else until - time.monotonic()
                if left is not None and (not self._peers or left < 0) and not self._waiting:
                    return
                self._look(0 if self._waiting else left)
                if self._waiting:
                    if shared:
                        select.select([self._told], [], [], GATHER_SECONDS)
                        self._look(0)
                    shared = self._commit() > 1
        finally:
            self._close()

    def _look(self, seconds: float | None) -> None:
        """Take what has come, waiting for it so long; give what can be given."""
        for key, events in self._selector.select(seconds):
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.data, _Peer):
                if events & selectors.EVENT_WRITE:
                    self._send(key.data)
                if events & selectors.EVENT_READ and len(self._waiting) < self._waiting_drafts:
                    self._read(key.data)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it has gone again, or too many files are open: there is nobody to tell
            return
        connection.settimeout(0)
        peer = _Peer(connection)
        self._peers.add(peer)
        self._selector.register(connection, selectors.EVENT_READ, peer)

    def _read(self, peer: _Peer) -> None:
        try:
            data = peer.connection.recv(READ_BYTES)
            for frame in peer.frames.feed(data):
                self._waiting += [(peer, number, draft) for number, draft in unpack_drafts(frame)]
        except BlockingIOError:
            return
        except (OSError, InvalidInput):
            data = b""
        if not data:
            self._drop(peer)

    def _commit(self) -> int:
        """Commit what waits, answer, and return how many it were."""
        batch: list[tuple[_Peer, int, Draft]] = []
        while self._waiting and len(batch) < self._batch_drafts:
            waiting = self._waiting.popleft()
            # Nobody waits for the answer to one whose front has died: neither logged nor served.
            if waiting[0].open:
                batch.append(waiting)
        if not batch:
            return 0
        try:
            results = self._committer.commit([draft for _, _, draft in batch])
        except Exception:
            failed = [*batch, *self._waiting]
            self._waiting.clear()
            refusal = LogUnavailable("the log cannot be written")
            self._answer([(*each, refusal) for each in failed])
            raise
        self._answer([(*each, result) for each, result in zip(batch, results, strict=True)])
        self._on_commit()
        return len(batch)

    def _answer(self, results: Sequence[tuple[_Peer, int, Draft, object]]) -> None:
        of: dict[_Peer, list[bytes]] = {}
        for peer, number, draft, result in results:
            of.setdefault(peer, []).append(pack_result(number, result, draft))  # type: ignore[arg-type]
        for peer, items in of.items():
            if peer.open:
                for frame in frames_of(items):
                    peer.unread += frame
                self._send(peer)

    def _send(self, peer: _Peer) -> None:
        """Give a peer what it has not taken; what it cannot take now waits for it."""
        try:
            while peer.unread:
                del peer.unread[: peer.connection.send(peer.unread)]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(peer)
            return
        if len(peer.unread) > UNREAD_BYTES:
            self._drop(peer)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unread else 0)
        if events != peer.events:
            peer.events = events
            self._selector.modify(peer.connection, events, peer)

    def _drop(self, peer: _Peer) -> None:
        if peer.open:
            peer.open = False
            self._peers.discard(peer)
            self._selector.unregister(peer.connection)
            peer.connection.close()

    def _close(self) -> None:
        with self._ending:
            self._stopping = True  # from here on nobody writes to a pipe that is closed below
        for peer in list(self._peers):
            self._drop(peer)
        self._selector.close()
        self._listener.close()
        os.close(self._told)
        os.close(self._tell)
        self._committer.close()
