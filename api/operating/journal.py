"""The operational log: one line an event on stderr, as text or JSON, never data.

An event is a record of the standard library's logging whose message is its name and whose `facts`
(`extra={"facts": {...}}`) are its members; a record without facts is a remark or an alarm in words.
Libraries are heard from `warning` on, ours from the level of the settings.

What a stranger or a caller can cause is bounded: lines of one kind, so many a second; the others
are counted and their number is said. An alarm that lasts is said once an hour. Text of others in a
line can hide nothing in it, and of a foreign error only what cannot hold data is told (`told`).
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from node.errors import LedgerError
from node.protocol.wire.characters import visible
from node.protocol.wire.days import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

AGAIN_SECONDS = 3_600.0
"""An alarm that lasts is said again after this."""
OURS = ("api", "ledger_sync", "node", "shareledger")
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_EVENTS = logging.getLogger("shareledger")
LONGEST = 2_000
"""Characters of one text in a line."""
_TELLING = {"OperationalError", "InterfaceError", "NoSuchTableError", "ModuleNotFoundError"}
"""Foreign errors whose text is about connections, locks and names; that of others may hold data."""


def told(error: BaseException) -> str:
    """Return what of an error may be told: ours and the system's whole, of others the kind."""
    kind = type(error).__name__
    if isinstance(error, LedgerError):
        return f"{error.code}: {error.message}"
    if isinstance(error, OSError) or kind in _TELLING:
        text = str(getattr(error, "orig", None) or error).splitlines()
        return f"{kind}: {text[0] if text else ''}"
    return kind


def event(name: str, **facts: object) -> None:
    """Write an event of the node's."""
    # Asked before a line is made that would only be counted: under load most are.
    if _EVENTS.isEnabledFor(logging.INFO) and not any(each.is_full(name) for each in _bounds):
        # What `info` does, but for walking the stack to find a place that no line tells.
        extra, place, line = {"facts": facts}, "", 0
        _EVENTS.handle(
            _EVENTS.makeRecord(_EVENTS.name, logging.INFO, place, line, name, (), None, extra=extra)
        )


class Once(logging.Filter):
    """Lets pass what its logger did not say last, or has not said for an hour; events always."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[str, tuple[str, float]] = {}
        """By logger: one entry each, however long an alarm lasts."""

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "facts"):
            return True
        text, now = record.getMessage(), self._clock()
        said, at = self._last.get(record.name, ("", 0.0))
        if text == said and now - at < AGAIN_SECONDS:
            return False
        self._last[record.name] = (text, now)
        return True


class Bounded(logging.Filter):
    """Lets so many lines of one kind pass in a second and counts the others."""

    def __init__(self, lines_per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most = lines_per_second
        self._clock = clock
        self._second = 0
        self._lines: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        # The kind is our own words, never text of others: a message before it is filled in.
        kind, second = str(record.msg), int(self._clock())
        with self._lock:
            if second != self._second:
                self._second = second
                self._lines.clear()
            self._lines[kind] += 1
            if self._lines[kind] <= self._most:
                return True
            self._dropped[kind] += 1
        return False

    def is_full(self, kind: str) -> bool:
        """Tell whether no line of a kind would pass in this second; if so, one more is counted."""
        with self._lock:
            if self._lines[kind] < self._most or int(self._clock()) != self._second:
                return False
            self._dropped[kind] += 1
        return True

    def take_dropped(self) -> dict[str, int]:
        """Return how many lines of each kind were left out since this was asked last."""
        with self._lock:
            dropped, self._dropped = self._dropped, Counter()
        return dict(dropped)


_bounds: list[Bounded] = []
"""The one of the lines that are written, once they are."""


class Line(logging.Formatter):
    """Renders a record as one line: time, level, event, members."""

    def __init__(self, form: str = "text", process: str = "") -> None:
        """Write in `form`; a `process` that is one of several names itself in each line."""
        super().__init__()
        self._json = form == "json"
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        members = dict(_members(record)) | self._process
        if self._json:
            return json.dumps(members, ensure_ascii=False, default=str)
        when, level, name = members.pop("time"), members.pop("level"), members.pop("event")
        rest = " ".join(f"{key}={_word(value)}" for key, value in members.items())
        return f"{when} {level} {name}{' ' if rest else ''}{rest}"


def _members(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    when = datetime.fromtimestamp(record.created, BEIJING)
    yield "time", when.isoformat(timespec="milliseconds")
    yield "level", record.levelname.lower()
    facts: Mapping[str, object] | None = getattr(record, "facts", None)
    if facts is None:
        yield "event", "alarm" if record.levelno >= logging.WARNING else "remark"
        yield "logger", record.name
        yield "message", visible(record.getMessage())[:LONGEST]
    else:
        yield "event", record.msg
        for name, value in facts.items():
            yield name, visible(value)[:LONGEST] if isinstance(value, str) else value
    if record.exc_info and record.exc_info[1] is not None:
        yield "trace", visible(_trace(record.exc_info[1]))[:LONGEST]


def _trace(error: BaseException) -> str:
    """Return an error with its causes and the places it came through, without its values."""
    told_of: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(told_of) < 8:  # noqa: PLR2004 - causes of causes
        frames = traceback.extract_tb(seen.__traceback__)[-6:]
        places = " > ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames)
        told_of.append(f"{told(seen)} at {places}" if places else told(seen))
        seen = seen.__cause__
    return " <- ".join(told_of)


def _short(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _word(value: object) -> str:
    if type(value) in {int, float}:
        return repr(value)  # what `dumps` makes of them, for a tenth of its price
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if text and not set(text) & set(' "=') else json.dumps(text, ensure_ascii=False)


class _Lines(logging.StreamHandler["TextIO"]):
    """Writes lines; a reader of stderr that has gone ends no call."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def configure(
    form: str = "text",
    level: str = "info",
    lines_per_second: int = 200,
    stream: TextIO | None = None,
    *,
    process: str = "",
) -> Bounded:
    """Write the operational log to stderr from now on; what it leaves out, the result tells."""
    handler, bounded = _Lines(stream), Bounded(lines_per_second)
    handler.setFormatter(Line(form, process))
    handler.addFilter(Once())
    handler.addFilter(bounded)
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Lines)]:
        root.removeHandler(old)
    root.addHandler(handler)
    _bounds[:] = [bounded]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(LEVELS[level])
    return bounded
