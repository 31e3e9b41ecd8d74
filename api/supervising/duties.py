"""What each process of a node does, from its fork to its end."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

from node.log import LogHost

from ..app import answer, settle_memory
from ..loops import end_process
from ..operating import journal
from ..operating.notices import FOLDER, keep_noticed
from ..operating.reasons import storing
from ..parts import Node, Part

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from ..parts import Bells
    from ..settings import Settings
    from .offspring import Duty

ENDING = (signal.SIGTERM, signal.SIGINT)


def front(settings: Settings, name: str, bells: Bells, listener: socket.socket) -> Duty:
    """Answer over HTTP on a socket that others listen on, too."""

    def run(ready: Callable[[], None]) -> int:
        node = _node(settings, Part.FRONT, name, bells)
        with storing(settings.data_dir):
            answer(node, listener, ready)
        return 0

    return run


def keeper(settings: Settings, name: str, bells: Bells) -> Duty:
    """Follow the chain and do all that goes on by itself, until a signal."""

    def run(ready: Callable[[], None]) -> int:
        # Blocked in all threads to come, and waited for by this one.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        node = _node(settings, Part.KEEPER, name, bells)
        with storing(settings.data_dir):
            try:
                node.start()
                settle_memory()
                ready()
                signal.sigwait(ENDING)
            finally:
                node.stop()
        return 0

    return run


def writer(settings: Settings, name: str, bells: Bells, listener: socket.socket) -> Duty:
    """Write the log for the fronts, until a signal and until they have gone."""

    def run(ready: Callable[[], None]) -> int:
        node = _node(settings, Part.WRITER, name, bells)
        with storing(settings.data_dir):
            host = LogHost(
                node.open_log(),
                node.identities,
                listener,
                on_commit=bells.growth.set,
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


def _node(settings: Settings, part: Part, name: str, bells: Bells) -> Node:
    log = settings.logging
    bounded = journal.configure(log.format, log.level, log.lines_per_second, process=name)
    node = Node(settings, part=part, process=name, bells=bells)
    node.bounded = bounded
    return node
