"""What each process of a node says of itself, for all others to read: a small file, written anew.

A node of one process reads its own parts. With several, each writes a file in `processes/` of the
data folder once a second, when something is different; whole or not at all, for it is renamed into
its place. Nothing depends on a notice but what people and Prometheus are shown. The supervisor
takes away the files of those that have ended, and keeps what they had counted.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from .monitor import COUNTS_SECONDS, tell_counts

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from ..parts import Node
    from .metrics import Watch

FOLDER = "processes"
SECONDS = 1.0
"""Between two looks of a process at itself."""
NOTICE_BYTES = 1 << 20
_BEGUN = time.time()
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Sample = tuple[str, tuple[tuple[str, str], ...], float]
"""Name, labels and value of something counted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """How one process fares."""

    process: str
    pid: int
    since: float
    """Unix seconds at which it began."""
    resident_bytes: int = 0
    loops: dict[str, bool] = field(default_factory=dict)
    in_hand: int = 0
    """Calls it is serving."""
    silent: int = 0
    """Other nodes it leaves alone for a while."""
    failures: int = 0
    """Rounds of publishing and anchoring that failed in a row; 0 where none are made."""
    error: str | None = None
    """Code of what the last of them met."""
    tile_failures: int = 0
    """Rounds of archiving that failed in a row; 0 where nothing is archived."""
    tile_error: str | None = None
    """Code of what the last of them met."""
    alarms: dict[str, str] = field(default_factory=dict)
    counted: tuple[Sample, ...] = ()


def notice_of(node: Node, *, since: float = _BEGUN, counted: bool = False) -> Notice:
    """Return how this process's part of a node fares; what it counted only when asked for."""
    made = node.__dict__  # what nobody asked for was never made, and has nothing to tell
    status = node.keeper.status if "keeper" in made else None
    archivist = node.archivist if "archivist" in made else None
    tiles = archivist.status if archivist is not None else None
    return Notice(
        process=node.process,
        pid=os.getpid(),
        since=since,
        resident_bytes=_resident(),
        loops=node.loops.standing(),
        in_hand=node.service.in_hand if "service" in made else 0,
        silent=node.exchange.silent() if "exchange" in made else 0,
        failures=status.failures if status else 0,
        error=status.error.code if status and status.error else None,
        tile_failures=tiles.failures if tiles else 0,
        tile_error=tiles.error if tiles else None,
        alarms=dict(node.monitor.details) if "monitor" in made else {},
        counted=tuple(samples_of(node.watch)) if counted else (),
    )


def samples_of(watch: Watch) -> Iterable[Sample]:
    """Yield everything that was counted."""
    for family in watch.registry.collect():
        for sample in family.samples:
            yield sample.name, tuple(sorted(sample.labels.items())), sample.value


def write_notice(folder: Path, notice: Notice) -> None:
    """Put a notice in its place; it need not survive the machine, so nothing is synced."""
    path = folder / f"{notice.process}.{notice.pid}.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(orjson.dumps(asdict(notice)))
    unfinished.replace(path)


def read_notices(folder: Path) -> list[Notice]:
    """Return every process's notice by name; what is taken away meanwhile is left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            with path.open("rb") as file:
                members = orjson.loads(file.read(NOTICE_BYTES))
        except FileNotFoundError:
            continue
        counted = tuple(
            (name, tuple((key, text) for key, text in labels), value)
            for name, labels, value in members.pop("counted")
        )
        found.append(Notice(**members, counted=counted))
    return found


def take_notice(folder: Path, process: str, pid: int) -> Notice | None:
    """Take away what a process that has ended said last, and return it."""
    path = folder / f"{process}.{pid}.json"
    found = next((each for each in read_notices(folder) if each.pid == pid), None)
    for file in (path, path.with_suffix(".new")):
        file.unlink(missing_ok=True)
    return found


def summed(several: Iterable[Iterable[Sample]]) -> tuple[Sample, ...]:
    """Add up what several processes counted."""
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for samples in several:
        for name, labels, value in samples:
            sums[name, labels] = sums.get((name, labels), 0.0) + value
    return tuple((*key, value) for key, value in sums.items())


def keep_noticed(node: Node, folder: Path, stop: threading.Event) -> None:
    """Write this process's notices until told to stop; once a minute, what was only counted.

    The last one is written after that: a process that ends in order leaves out nothing it counted.
    """
    before: Notice | None = None
    begun, told = time.time(), time.monotonic()
    while True:
        ends = stop.is_set()
        notice = notice_of(node, since=begun, counted=True)
        if notice != before:
            before = notice
            write_notice(folder, notice)
        # Where there is a monitor, that tells.
        if "monitor" not in node.__dict__ and time.monotonic() - told >= COUNTS_SECONDS:
            told = time.monotonic()
            tell_counts(node.watch, node.bounded)
        if ends:
            return
        stop.wait(SECONDS)


def _resident() -> int:
    """Return this process's memory (proc(5), statm), in steps of a mebibyte so that it is quiet."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * _PAGE_BYTES >> 20 << 20
