"""What each process of a node does, from its fork to its end."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from node.log import LogHost

from ..app import answer, build, settle_memory
from ..loops import end_process
from ..operating import journal
from ..operating.notices import FOLDER, keep_noticed
from ..operating.reasons import storing
from ..parts import Node, Part

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from fastapi import FastAPI

    from ..http.shares import Share
    from ..parts import Bells
    from ..settings import Settings
    from .offspring import Duty

ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Mould:
    """What every process of a node is made of: settings and keys read, routes built."""

    node: Node
    app: FastAPI
    bells: Bells

    @classmethod
    def of(cls, settings: Settings, bells: Bells) -> Mould:
        """Read and build it, once, for any number of forks.

        Raises:
            Fatal: a file of the settings is not what it must be.
        """
        node = Node(settings)
        node.load()
        return cls(node, build(node), bells)

    def cast(self, part: Part, name: str) -> Node:
        """Make this process's node, in the process that is to be it."""
        log = self.node.settings.logging
        bounded = journal.configure(log.format, log.level, log.lines_per_second, process=name)
        self.node.bounded = bounded
        self.node.become(part, name, self.bells)
        return self.node


def front(mould: Mould, name: str, listener: socket.socket, share: Share) -> Duty:
    """Answer over HTTP on a socket that others listen on, too."""

    def run(ready: Callable[[], None]) -> int:
        node = mould.cast(Part.FRONT, name)
        with storing(node.settings.data_dir):
            answer(node, lambda: mould.app, listener, ready, share)
        return 0

    return run


def keeper(mould: Mould, name: str) -> Duty:
    """Follow the chain and do all that goes on by itself, until a signal."""

    def run(ready: Callable[[], None]) -> int:
        # Blocked in all threads to come, and waited for by this one.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        node = mould.cast(Part.KEEPER, name)
        with storing(node.settings.data_dir):
            try:
                node.start()
                settle_memory()
                ready()
                signal.sigwait(ENDING)
            finally:
                node.stop()
        return 0

    return run


def writer(mould: Mould, name: str, listener: socket.socket) -> Duty:
    """Write the log for the fronts, until a signal and until they have gone."""

    def run(ready: Callable[[], None]) -> int:
        node = mould.cast(Part.WRITER, name)
        settings = node.settings
        with storing(settings.data_dir):
            host = LogHost(
                node.open_log(),
                node.identities,
                listener,
                on_commit=mould.bells.growth.set,
                strangers_per_day=settings.limits.strangers_per_day,
            )
            folder = settings.data_dir / FOLDER
            node.loops.start("notices", partial(keep_noticed, node, folder))
            for number in ENDING:
                signal.signal(number, lambda _number, _frame: host.stop())
            settle_memory()
            ready()
            try:
                host.run()
            except Exception as error:  # noqa: BLE001 - the edge of a process
                end_process("log writer", error)
            node.stop()
        return 0

    return run
