"""The node's own watch: every few seconds it reads how the node fares and writes what changed.

An alarm is written when it is raised and when it is cleared, whatever happens in between. What
strangers and libraries could fill a log with is written as counts, once a minute.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from node.errors import LedgerBehind

from .journal import event, told
from .readings import read

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from ..parts import Node
    from .journal import Bounded
    from .metrics import Watch
    from .readings import Reading

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
COUNTS_SECONDS = 60.0
BEHIND_SECONDS = 5.0
SILENT_SECONDS = 30.0
FREE_BYTES = 1 << 30
MISSING_SECONDS = 600.0
LATE_ANCHORS = 6
"""A log is late when its oldest unanchored entry has waited so many times `anchor_seconds`…"""
LATE_SECONDS = 60.0
"""…and at least so long."""
ALARMS = (
    "follower-behind",
    "chain-silent",
    "keeper-failing",
    "anchor-late",
    "log-closed",
    "documents-missing",
    "tiles-failing",
    "disk-low",
    "not-readable",
)
"""Every alarm there is."""


class Monitor:
    """Watches one node; `active` may be read from other threads."""

    def __init__(
        self,
        node: Node,
        bounded: Bounded | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch `node`; `bounded` tells what the operational log has left out."""
        self.active: frozenset[str] = frozenset()
        self.details: Mapping[str, str] = {}
        """The figure of each active alarm."""
        self._node = node
        self._bounded = bounded
        self._clock = clock
        self._since: dict[tuple[str, str, int], float] = {}
        """When something began that is an alarm only if it lasts."""
        self._anchored: dict[str, int] = {}
        self._counted = clock()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set, then write the last counts."""
        while not stop.wait(LOOK_SECONDS):
            self.look()
        self._count()

    def look(self) -> None:
        """Read once and write what changed."""
        try:
            reading = read(self._node)
        except (SQLAlchemyError, OSError, LedgerBehind) as error:
            self._change({"not-readable": told(error)})
            return
        self._tell_anchors(reading)
        self._change(dict(self._alarms(reading)))
        if self._clock() - self._counted >= COUNTS_SECONDS:
            self._count()

    def _alarms(self, now: Reading) -> Iterator[tuple[str, str]]:
        """Yield the alarms there are, each with its figure."""
        if now.behind_seconds > BEHIND_SECONDS:
            yield "follower-behind", f"{now.behind_seconds:.0f} s, block {now.cursor} of {now.head}"
        if now.contact_age_seconds > SILENT_SECONDS:
            yield "chain-silent", f"{now.contact_age_seconds:.0f} s"
        if now.keeper_failures:
            yield "keeper-failing", f"{now.keeper_failures} rounds"
        if now.tile_failures:
            yield "tiles-failing", f"{now.tile_failures} rounds, {now.tile_error}"
        if now.disk_free_bytes < FREE_BYTES:
            yield "disk-low", f"{now.disk_free_bytes >> 20} MiB free"
        closed = [log.department for log in now.logs if not log.is_open]
        if closed:
            yield "log-closed", " ".join(closed)
        yield from self._lasting(now)

    def _lasting(self, now: Reading) -> Iterator[tuple[str, str]]:
        """Yield what is an alarm only because it lasts."""
        late = max(LATE_ANCHORS * self._node.settings.anchoring.anchor_seconds, LATE_SECONDS)
        # Known by the anchor it waits after: one that comes begins a new wait.
        waiting = {
            ("anchor-late", log.department, log.anchored): late
            for log in now.logs
            if log.is_open and log.entries > log.anchored
        }
        if now.documents_missing:
            waiting["documents-missing", "", 0] = MISSING_SECONDS
        self._since = {key: self._since.get(key, self._clock()) for key in waiting}
        for key, seconds in waiting.items():
            if self._clock() - self._since[key] > seconds:
                name, department, anchored = key
                yield name, f"{department} since {anchored}" if department else "for long"

    def _change(self, alarms: dict[str, str]) -> None:
        for name in sorted(alarms.keys() - self.active):
            facts = {"alarm": name, "detail": alarms[name]}
            logger.warning("alarm-raised", extra={"facts": facts})
        for name in sorted(self.active - alarms.keys()):
            logger.warning("alarm-cleared", extra={"facts": {"alarm": name}})
        self.details = dict(alarms)
        self.active = frozenset(alarms)

    def _tell_anchors(self, now: Reading) -> None:
        for log in now.logs:
            if log.anchored > self._anchored.get(log.department, 0):
                event("anchored", department=log.department, size=log.anchored, log=log.entries)
            self._anchored[log.department] = log.anchored

    def _count(self) -> None:
        self._counted = self._clock()
        tell_counts(self._node.watch, self._bounded)


def tell_counts(watch: Watch, bounded: Bounded | None) -> None:
    """Write what was only counted since this was done last."""
    refused = watch.take_refused()
    if refused:
        event("refused-without-leaf", **refused)
    dropped = bounded.take_dropped() if bounded is not None else {}
    if dropped:
        event("lines-left-out", **dropped)
