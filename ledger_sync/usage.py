"""Calls listed as an auditor asks for them: by who, what, what for, how it ended, when.

A log knows numbers and ids, the read model what they stand for; a page is one stretch of the log,
judged by the leaves' bytes first, with one question to the read model for all its authorisations.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select

from node.protocol.ledger.facts import AuthorisationFact
from node.protocol.wire.days import beijing_day
from node.protocol.wire.leaf import SERVED, glance, parse_leaf

from .selecting import Reader
from .tables import AUTHORISATION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sqlalchemy import Engine

    from node.protocol.wire.leaf import Leaf

    from .locating import Stretch

PAGE = 50
EXPORTED = 500
REFUSED = "refused"
"""As an outcome asked for: whatever was not served."""
_KIND = b'"type":"call"'
_AUTHORISATION = re.compile(rb'"authorisation":(\d{1,16})[,}]')
_SERVED = b'"outcome":"served"'
UNKNOWN = "authorisation-unknown"
COUNTED = 2_500
"""Leaves counted for one page, beside those that are summed…"""
LINES = 200
"""…as long as the page has no more lines, save for what the last strip adds."""
NAMED = 5_000
"""Authorisations by which sums are asked for; of more, all sums are read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What calls are listed; None: any."""

    consumer: bytes | None = None
    entry: bytes | None = None
    purpose: bytes | None = None
    application: bytes | None = None
    authorisation: int | None = None
    outcome: str | None = None
    """`served`, `refused` for all others, or a problem code."""
    since: int | None = None
    """Milliseconds since 1970 of the commit, from here on…"""
    until: int | None = None
    """…and before this."""

    @property
    def narrows(self) -> bool:
        """Whether not every call of the time is wanted."""
        return self != Wanted(since=self.since, until=self.until)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is listed."""

    index: int
    leaf: Leaf
    authorisation: AuthorisationFact | None
    """As it stands now; None where there is none of that number."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page of calls, the newest first."""

    calls: tuple[Call, ...]
    before: int
    """Where the next page begins; 0: there is none."""


@dataclass(slots=True)
class Tally:
    """One authorisation's calls on one Beijing day."""

    day: int
    """Number of the Beijing day, 1970-01-01 is 0."""
    number: int
    """Of the authorisation; 0: of those that are none, or not the caller's."""
    authorisation: AuthorisationFact | None = None
    """As it stands now; None where there is none of that number."""
    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls by `served` or problem code."""

    @property
    def served(self) -> int:
        return self.outcomes[SERVED]

    @property
    def refusals(self) -> list[tuple[str, int]]:
        """Codes with how many calls they refused, the most frequent first."""
        return [each for each in self.outcomes.most_common() if each[0] != SERVED]


@dataclass(frozen=True, slots=True)
class TallyPage:
    """What a stretch of a log holds, by day and authorisation, the newest day first."""

    tallies: tuple[Tally, ...]
    before: int
    """Where the next stretch begins; 0: there is none. A day may go on in it."""


class Scanner(Protocol):
    """What looks through logs (`node.log.LogScanner`)."""

    def scan(
        self,
        log: bytes,
        accept: Callable[[bytes], bool],
        *,
        before: int | None = None,
        limit: int = PAGE,
        stretch: int = ...,
        floor: int = 0,
        skipping: Callable[[int], int] = ...,
    ) -> Stretch: ...

    def index_at(self, log: bytes, milliseconds: int) -> int: ...


class Summed(Protocol):
    """The sums of some calls of a strip (`node.log.strips.Sum`)."""

    @property
    def number(self) -> int: ...
    @property
    def day(self) -> int: ...
    @property
    def authorisation(self) -> int: ...
    @property
    def outcome(self) -> str: ...
    @property
    def calls(self) -> int: ...
    @property
    def rows(self) -> int: ...


class Window(Protocol):
    """The sums of the strips before an index (`node.log.strips.Window`)."""

    @property
    def low(self) -> int: ...
    @property
    def top(self) -> int: ...
    @property
    def sums(self) -> tuple[Summed, ...]: ...
    @property
    def floor(self) -> int: ...
    def strips(self) -> Iterator[tuple[int, Sequence[Summed]]]: ...
    def above(self, index: int) -> int: ...
    def skipping(self, end: int, held: Collection[int]) -> int: ...


class Strips(Protocol):
    """The sums of calls beside a store's logs (`node.log.Strips`)."""

    def look(
        self,
        log: bytes,
        end: int | None,
        *,
        entry: bytes | None = None,
        authorisations: Collection[int] | None = None,
        outcome: str | None = None,
        refused: bool = False,
    ) -> Window: ...
    def counted(self, log: bytes) -> tuple[int, int, bool]: ...


class CallLists(Reader):
    """Lists the calls of logs at hand."""

    def __init__(self, engine: Engine, strips: Strips | None = None) -> None:
        """Read who called for what by `engine`; what `strips` tell is not looked for in leaves."""
        super().__init__(engine)
        self._strips = strips

    def has_calls(self, scanner: Scanner, log: bytes) -> bool:
        """Return whether a call is in a log: in its sums, or near its end."""
        first, size, found = (
            self._strips.counted(log) if self._strips is not None else (0, 0, False)
        )
        if found:
            return True
        # Nobody needs to look again through what was summed without a call.
        floor = 0 if first else size
        return bool(scanner.scan(log, lambda leaf: _KIND in leaf, limit=1, floor=floor).found)

    def list_calls(
        self,
        scanner: Scanner,
        log: bytes,
        wanted: Wanted,
        *,
        before: int | None = None,
        limit: int = PAGE,
    ) -> CallPage:
        """Return a page of a log's calls before an index, by default the newest.

        A page may be short, or empty, and yet not be the last: one stretch is looked through.

        Raises:
            NotFound: the log is not at hand.
            LedgerBehind: the read model cannot say what was authorised.
        """
        floor, before = _bounds(scanner, log, wanted, before)
        numbers = self._numbers(wanted)
        if numbers is not None and not numbers:
            return CallPage((), 0)
        bottom, skipping = floor, _nothing
        if wanted.narrows and (window := self._look(log, before, wanted, numbers)) is not None:
            held = {each.number for each in window.sums if _is_among(each, numbers)}
            bottom = max(floor, window.floor)
            skipping = partial(window.skipping, held=held)
        accept = _accepting(wanted, numbers)
        part = scanner.scan(
            log, accept, before=before, limit=limit, floor=bottom, skipping=skipping
        )
        found = [(index, parse_leaf(data)) for index, data in part.found]
        known = self._known({leaf.authorisation for _, leaf in found})
        calls = tuple(Call(index, leaf, known.get(leaf.authorisation)) for index, leaf in found)
        return CallPage(calls, 0 if part.before <= floor else part.before)

    def count_calls(
        self,
        scanner: Scanner,
        log: bytes,
        wanted: Wanted,
        *,
        before: int | None = None,
        stretch: int = COUNTED,
    ) -> TallyPage:
        """Count a log's calls before an index, by day and authorisation, in one stretch of it.

        Strips that are summed are no part of the stretch: with them it is as long as they are.

        Raises:
            NotFound: the log is not at hand.
            LedgerBehind: the read model cannot say what was authorised.
        """
        floor, before = _bounds(scanner, log, wanted, before)
        numbers = self._numbers(wanted)
        if numbers is not None and not numbers:
            return TallyPage((), 0)
        counting = _Counting(_accepting(wanted, numbers), numbers)
        scan = partial(scanner.scan, log, counting.leaf)
        window = self._look(log, before, wanted, numbers)
        top = window.top if window is not None and window.top > window.low else 0
        end = scan(before=before, floor=max(floor, top), stretch=stretch).before
        if window is not None and end == top > floor:
            end = counting.strips(window, floor)
            if floor < end == window.above(floor):  # what is asked for begins within a strip
                end = scan(before=end, floor=floor, stretch=end - floor).before
        known = self._known({each.number for each in counting.tallies.values()})
        for each in counting.tallies.values():
            each.authorisation = known.get(each.number)
        found = tuple(counting.tallies[key] for key in sorted(counting.tallies))
        return TallyPage(found, 0 if end <= floor else end)

    def _look(
        self, log: bytes, before: int | None, wanted: Wanted, numbers: Collection[int] | None
    ) -> Window | None:
        if self._strips is None:
            return None
        refused = wanted.outcome == REFUSED
        return self._strips.look(
            log,
            before,
            entry=wanted.entry,
            authorisations=numbers if numbers is not None and len(numbers) <= NAMED else None,
            outcome=None if refused else wanted.outcome,
            refused=refused,
        )

    def _numbers(self, wanted: Wanted) -> frozenset[int] | None:
        """Return the authorisations of whom and what is asked for; None: of any."""
        asked = {
            AUTHORISATION.c.consumer: wanted.consumer,
            AUTHORISATION.c.purpose: wanted.purpose,
            AUTHORISATION.c.application: wanted.application,
        }
        where = [column == value for column, value in asked.items() if value is not None]
        if not where:
            return None if wanted.authorisation is None else frozenset({wanted.authorisation})
        if wanted.authorisation is not None:
            where.append(AUTHORISATION.c.authorisation == wanted.authorisation)
        rows = self._all(select(AUTHORISATION.c.authorisation).where(*where))
        return frozenset(row["authorisation"] for row in rows)

    def _known(self, numbers: Collection[int]) -> dict[int, AuthorisationFact]:
        where = AUTHORISATION.c.authorisation.in_(sorted(numbers))
        facts = self._facts(AuthorisationFact, where) if numbers else ()
        return {fact.authorisation: fact for fact in facts}

    def list_all(
        self, scanner: Scanner, log: bytes, wanted: Wanted, *, most: int
    ) -> Iterator[Call]:
        """Yield calls page by page, at most `most`: what an export consists of."""
        before: int | None = None
        left = most
        while before != 0 and left > 0:
            page = self.list_calls(scanner, log, wanted, before=before, limit=min(left, EXPORTED))
            yield from page.calls
            left -= len(page.calls)
            before = page.before


class _Counting:
    """Counts leaves and sums of strips alike, and keeps none of them."""

    def __init__(self, accept: Callable[[bytes], bool], numbers: Collection[int] | None) -> None:
        self.tallies: dict[tuple[int, int], Tally] = {}
        self._accept, self._numbers = accept, numbers

    def leaf(self, leaf: bytes) -> bool:
        """Count a leaf; never keep it: what a stretch costs does not grow with what it holds."""
        if self._accept(leaf) and (call := glance(leaf)) is not None:
            day = beijing_day(call.at // 1000)
            self._add(day, call.authorisation, call.outcome, 1, call.rows)
        return False

    def strips(self, window: Window, floor: int) -> int:
        """Count the strips that lie above `floor`, as many as a page may show; return the end."""
        end = window.top
        for start, sums in window.strips():
            if start < floor or len(self.tallies) >= LINES:
                break
            for each in sums:
                if _is_among(each, self._numbers):
                    self._add(each.day, each.authorisation, each.outcome, each.calls, each.rows)
            end = start
        return end

    def _add(self, day: int, number: int, outcome: str, calls: int, rows: int) -> None:
        if outcome == UNKNOWN:
            # Whoever calls for another's authorisation is not its consumer: not as his.
            if self._numbers is not None:
                return
            number = 0
        tally = self.tallies.setdefault((-day, -number), Tally(day, number))
        tally.outcomes[outcome] += calls
        tally.rows += rows


def _nothing(end: int) -> int:
    """Skip nothing."""
    return end


def _is_among(each: Summed, numbers: Collection[int] | None) -> bool:
    return numbers is None or each.authorisation in numbers


def _accepting(wanted: Wanted, numbers: Collection[int] | None) -> Callable[[bytes], bool]:
    """Return what tells of a leaf's bytes whether it is wanted."""
    needles = [_KIND]
    if wanted.entry is not None:
        needles.insert(0, f'"entry":"{wanted.entry.hex()}"'.encode())
    if wanted.outcome not in {None, REFUSED}:
        needles.insert(0, f'"outcome":"{wanted.outcome}"'.encode())
    refused = wanted.outcome == REFUSED

    def accept(leaf: bytes) -> bool:
        if refused and _SERVED in leaf:
            return False
        for needle in needles:
            if needle not in leaf:
                return False
        if numbers is None:
            return True
        found = _AUTHORISATION.search(leaf)
        return found is not None and int(found[1]) in numbers

    return accept


def _bounds(
    scanner: Scanner, log: bytes, wanted: Wanted, before: int | None
) -> tuple[int, int | None]:
    """Return the index at which what is asked for begins, and before which one is to look."""
    floor = 0 if wanted.since is None else scanner.index_at(log, wanted.since)
    if wanted.until is not None:
        end = scanner.index_at(log, wanted.until)
        before = end if before is None else min(before, end)
    return floor, before
