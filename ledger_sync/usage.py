"""Calls listed as an auditor asks for them: by who, what, what for, how it ended, when.

A log knows numbers and ids, the read model what they stand for; a page is one stretch of the log,
judged by the leaves' bytes first, with one question to the read model for all its authorisations.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from node.protocol.ledger.facts import AuthorisationFact
from node.protocol.wire.days import beijing_day
from node.protocol.wire.leaf import SERVED, glance, parse_leaf

from .selecting import Reader
from .tables import AUTHORISATION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

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
"""Leaves counted for one page."""


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
    ) -> Stretch: ...

    def index_at(self, log: bytes, milliseconds: int) -> int: ...


class CallLists(Reader):
    """Lists the calls of logs at hand."""

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
        known: dict[int, AuthorisationFact] = {}
        accept = self._accepting(wanted, known)
        part = scanner.scan(log, accept, before=before, limit=limit)
        found = [(index, parse_leaf(data)) for index, data in part.found if index >= floor]
        self._know({leaf.authorisation for _, leaf in found} - known.keys(), known)
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

        Raises:
            NotFound: the log is not at hand.
            LedgerBehind: the read model cannot say what was authorised.
        """
        floor, before = _bounds(scanner, log, wanted, before)
        known: dict[int, AuthorisationFact] = {}
        accept = self._accepting(wanted, known)
        tallies: dict[tuple[int, int], Tally] = {}
        # Whoever calls for another's authorisation is not its consumer: it does not count as his.
        asked = (wanted.consumer, wanted.purpose, wanted.application, wanted.authorisation)
        asked_of_one = any(each is not None for each in asked)

        def count(leaf: bytes) -> bool:
            """Count a leaf, and keep none: what a stretch costs does not grow with what it holds.

            A stretch may reach beyond the first moment asked for: its calls are told by theirs.
            """
            if not accept(leaf) or (call := glance(leaf)) is None:
                return False
            if wanted.since is None or call.at >= wanted.since:
                number = call.authorisation
                if call.outcome == UNKNOWN:
                    if asked_of_one:
                        return False
                    number = 0
                day = beijing_day(call.at // 1000)
                tally = tallies.setdefault((-day, -number), Tally(day, number))
                tally.outcomes[call.outcome] += 1
                tally.rows += call.rows
            return False

        end = scanner.scan(log, count, before=before, stretch=stretch).before
        self._know({each.number for each in tallies.values()} - known.keys(), known)
        for each in tallies.values():
            each.authorisation = known.get(each.number)
        found = tuple(tallies[key] for key in sorted(tallies))
        return TallyPage(found, 0 if end <= floor else end)

    def _accepting(
        self, wanted: Wanted, known: dict[int, AuthorisationFact]
    ) -> Callable[[bytes], bool]:
        """Return what tells of a leaf's bytes whether it is wanted."""
        needles = [_KIND]
        if wanted.entry is not None:
            needles.append(f'"entry":"{wanted.entry.hex()}"'.encode())
        if wanted.authorisation is not None:
            needles.append(f'"authorisation":{wanted.authorisation},'.encode())
        if wanted.outcome not in {None, REFUSED}:
            needles.append(f'"outcome":"{wanted.outcome}"'.encode())
        refused = wanted.outcome == REFUSED
        by_grant = (wanted.consumer, wanted.purpose, wanted.application) != (None, None, None)

        def accept(leaf: bytes) -> bool:
            if not all(needle in leaf for needle in needles) or (refused and _SERVED in leaf):
                return False
            return not by_grant or self._is_for(leaf, wanted, known)

        return accept

    def _is_for(self, data: bytes, wanted: Wanted, known: dict[int, AuthorisationFact]) -> bool:
        """Tell whether a call was to an authorisation of whom and what was asked for."""
        number = _AUTHORISATION.search(data)
        if number is None:
            return False
        one = int(number[1])
        if one not in known:
            self._know({one}, known)
        fact = known.get(one)
        if fact is None:
            return False
        asked = (wanted.consumer, wanted.purpose, wanted.application)
        found = (fact.consumer, fact.purpose, fact.application)
        return all(each in {None, has} for each, has in zip(asked, found, strict=True))

    def _know(self, numbers: Collection[int], known: dict[int, AuthorisationFact]) -> None:
        if numbers:
            where = AUTHORISATION.c.authorisation.in_(sorted(numbers))
            for fact in self._facts(AuthorisationFact, where):
                known[fact.authorisation] = fact

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


def _bounds(
    scanner: Scanner, log: bytes, wanted: Wanted, before: int | None
) -> tuple[int, int | None]:
    """Return the index at which what is asked for begins, and before which one is to look."""
    floor = 0 if wanted.since is None else scanner.index_at(log, wanted.since)
    if wanted.until is not None:
        end = scanner.index_at(log, wanted.until)
        before = end if before is None else min(before, end)
    return floor, before
