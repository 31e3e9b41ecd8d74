"""The node's threads: follower, keeper, fetcher, monitor.

They share nothing but a flag to stop, and bells: a loop with nothing to do waits for its own, which
whoever has news for it rings. A loop that ends by an error ends the process: whoever
restarts it starts from what is on disk, and nobody is served by a node of which a part is missing.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from node.errors import LedgerError
from node.protocol.wire.characters import visible

from .operating.journal import told

if TYPE_CHECKING:
    from collections.abc import Callable

    OnFatal = Callable[[str, BaseException], None]

logger = logging.getLogger(__name__)

FATAL_EXIT = 70
"""EX_SOFTWARE of sysexits.h."""


def end_process(name: str, error: BaseException) -> None:
    """Say why on stderr and end the process at once; the disks hold all there is to keep."""
    text = told(error) if isinstance(error, LedgerError) else f"internal: {told(error)}"
    code, _, said = text.partition(": ")
    sys.stderr.write(f"[{code}] 节点停止，{name} 无法继续 / stopped：{visible(said)}\n")
    sys.stderr.flush()
    logging.shutdown()
    os._exit(FATAL_EXIT)


class FarBell(threading.Event):
    """A bell in another process: `set` here rings there. Made before the fork; it only wakes."""

    def __init__(self) -> None:
        super().__init__()
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC)

    def set(self) -> None:
        """Ring, from any process and in no time; many rings are one."""
        os.eventfd_write(self._descriptor, 1)

    def ring_here(self, bell: threading.Event) -> None:
        """Ring `bell` whenever another process rings this one, from a thread of its own."""

        def pass_on() -> None:
            while True:
                os.eventfd_read(self._descriptor)
                bell.set()

        threading.Thread(target=pass_on, name="bell", daemon=True).start()


class Loops:
    """Threads that run until `stop`, each given the event that says so."""

    def __init__(self, on_fatal: OnFatal | None = None) -> None:
        """`on_fatal` is called with the name and the error of a loop that failed."""
        self.documents = threading.Event()
        """The fetcher's bell: a block was applied, or a document has come."""
        self.growth = threading.Event()
        """The keeper's bell: a log has grown."""
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._on_fatal = on_fatal or end_process

    def start(self, name: str, run: Callable[[threading.Event], None]) -> None:
        thread = threading.Thread(target=self._run, args=(name, run), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def standing(self) -> dict[str, bool]:
        """Return every loop by name, and whether it runs."""
        return {thread.name: thread.is_alive() for thread in self._threads}

    def fail(self, name: str, error: BaseException) -> None:
        """Handle an error a loop cannot go on from."""
        logger.critical("%s 出错，不能继续 / failed", name, exc_info=error)
        self._on_fatal(name, error)

    def stop(self) -> None:
        """Tell all loops to end and wait until they have."""
        self._stop.set()
        self.documents.set()
        self.growth.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _run(self, name: str, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self._stop)
        except BaseException as error:  # noqa: BLE001 - the edge of a thread: whatever it is, end
            self.fail(name, error)
