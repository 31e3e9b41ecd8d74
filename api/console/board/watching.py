"""What the board shows: departments and who reads from whom, calls, refusals, the chain's pulse.

One query a panel, whatever the number of calls: they were counted before (`node.log.tallies`).
Nobody is named: departments, entries and sums alone. What is shown of a day is of the logs that
this node writes; who may read from whom is the whole chain's.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ledger_sync.flows import FlowQueries
from node.errors import LedgerError
from node.log.tallies import DAY_HOURS, HOUR
from node.office.inbox import called
from node.office.reads import find_versions
from node.protocol.wire.characters import visible
from node.protocol.wire.days import DAY_SECONDS, beijing_day, end_of_day

from ...operating.readings import read_progress
from ..wording import day as day_text
from ..wording import outcome_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger_sync.flows import Flow

    from ...operating.readings import Progress
    from ...parts import Node

DEPARTMENTS, FLOWS = 60, 300
"""Most that are drawn: the busiest. What is left out is counted."""
ENTRIES, REASONS, DAYS = 8, 6, 14
USED = 2_000
"""Authorisations of a day whose parties are looked up: the busiest."""
SILENT_SECONDS = 60
"""Without an answer of the chain for so long its pulse is called silent."""
FLOW_SECONDS = 10
"""All authorisations are looked through at most so often: they change by decisions."""


class _Granted(NamedTuple):
    """Who may read from whom as it was read, and when that was, in `FLOW_SECONDS`."""

    at: int
    flows: Sequence[Flow]


class Watcher:
    """Reads what the board shows of one node."""

    def __init__(self, node: Node, clock: Callable[[], float] = time.time) -> None:
        """Read of a node that has started; `clock` gives Unix seconds."""
        self._node, self._clock = node, clock
        self._queries = FlowQueries(node.ledger_engine)
        self._granted = _Granted(-1, ())
        self._parties: dict[int, tuple[bytes, bytes]] = {}
        """Of authorisations in use; they never change."""

    def see(self) -> bytes:
        """Return what there is to show, as JSON: the same bytes as long as it is the same.

        While the model is filled, or something cannot be read, it says that and no more.
        """
        try:
            return orjson.dumps(self._see(int(self._clock())))
        except LedgerError as error:
            return orjson.dumps({"state": "unread", "code": error.code})

    def _see(self, now: int) -> dict[str, Any]:
        node, today = self._node, beijing_day(now)
        progress = read_progress(node)
        used = self._used(today)
        return {
            "state": _state(progress, now),
            **self._calls(now, today),
            **self._network(used, now),
            "entries": self._entries(today),
            "refusals": [
                {"words": outcome_words(code), "calls": calls}
                for code, calls in node.tallies.refusals(today, REASONS)
            ],
            "chain": self._chain(progress),
        }

    def _calls(self, now: int, today: int) -> dict[str, Any]:
        """Return today's calls, and how they went by hour and by day."""
        begins = end_of_day(now) - DAY_SECONDS
        first = begins // HOUR - (DAYS - 1) * DAY_HOURS
        hours = self._node.tallies.hours(first)
        days = [[0, 0, 0] for _ in range(DAYS)]
        for hour, sums in hours.items():
            # An hour beyond midnight is a clock's that was set: it is nobody's day here.
            if (place := (hour - first) // DAY_HOURS) < DAYS:
                days[place] = [old + new for old, new in zip(days[place], sums, strict=True)]
        of = [[*hours[hour][:2]] if hour in hours else [0, 0] for hour in _last(first, DAYS)]
        before = (DAYS - 2) * DAY_HOURS
        return {
            "today": dict(zip(("served", "refused", "rows"), days[-1], strict=True)),
            "hours": of[before + DAY_HOURS :],
            "yesterday": [sum(each) for each in of[before : before + DAY_HOURS]],
            "days": [
                [day_text((today - DAYS + 1 + place) * DAY_SECONDS)[5:], served, refused]
                for place, (served, refused, _) in enumerate(days)
            ],
        }

    def _used(self, today: int) -> dict[tuple[bytes, bytes], int]:
        """Return the calls that passed today, by (provider, consumer)."""
        calls = dict(self._node.tallies.used(today, USED))
        known = self._parties
        if new := calls.keys() - known.keys():
            known = known | self._queries.parties(new)
        self._parties = {number: known[number] for number in calls.keys() & known.keys()}
        passed: Counter[tuple[bytes, bytes]] = Counter()
        for number, pair in self._parties.items():
            passed[pair] += calls[number]
        return passed

    def _network(self, used: Mapping[tuple[bytes, bytes], int], now: int) -> dict[str, Any]:
        if self._granted.at != (at := now // FLOW_SECONDS):
            self._granted = _Granted(at, self._queries.flows(now))
        live = {(flow.provider, flow.consumer): flow.live for flow in self._granted.flows}
        pairs = sorted(live.keys() | used.keys(), key=lambda it: (-used.get(it, 0), it))
        facts = {fact.department: fact for fact in self._node.queries.departments()}
        papers = self._node.directory.departments()
        drawn: dict[bytes, None] = {}
        for pair in pairs:
            if len(drawn.keys() | set(pair)) <= DEPARTMENTS:
                drawn |= dict.fromkeys(pair)
        order = sorted(drawn, key=lambda it: facts[it].code)
        place = {department: number for number, department in enumerate(order)}
        shown = [pair for pair in pairs if drawn.keys() >= set(pair)][:FLOWS]
        everybody = {each for pair in pairs for each in pair}
        return {
            "departments": [
                visible(papers[each].name) if each in papers else facts[each].code for each in order
            ],
            "flows": [
                [place[pair[0]], place[pair[1]], live.get(pair, 0), used.get(pair, 0)]
                for pair in shown
            ],
            "left": {"departments": len(everybody) - len(order), "flows": len(pairs) - len(shown)},
            "enrolled": len(facts),
        }

    def _entries(self, today: int) -> list[dict[str, Any]]:
        """Return the entries that were read most today."""
        most = self._node.tallies.busiest(today, ENTRIES)
        facts = self._node.queries.versions_in_force([entry for entry, _ in most])
        papers = find_versions(self._node.store, facts.values())
        found = []
        for entry, calls in most:
            paper = papers.get((entry, facts[entry].version)) if entry in facts else None
            code, name = called(paper, entry)
            found.append({"entry": entry.hex(), "name": visible(name or code), "calls": calls})
        return found

    def _chain(self, progress: Progress) -> dict[str, Any]:
        """Return how far the chain is, how far it was read, and how far logs are anchored."""
        block = self._node.queries.cursor().block
        sizes = self._node.reader.sizes()
        counted = self._node.tallies.sizes()
        anchors = [one for one in self._queries.anchored() if one.log in sizes]
        return {
            "block": block.number if block else None,
            "second": block.timestamp if block else None,
            "lag": max(0, (progress.head or 0) - (progress.applied or 0)),
            "leaves": sum(sizes.values()),
            "anchored": sum(min(one.size, sizes[one.log]) for one in anchors),
            "anchorSecond": max((one.second for one in anchors), default=None),
            "uncounted": sum(max(0, size - counted.get(log, 0)) for log, size in sizes.items()),
        }


def _last(first: int, days: int) -> range:
    return range(first, first + days * DAY_HOURS)


def _state(progress: Progress, now: int) -> str:
    """Say how the chain fares, in one word that the page knows."""
    if progress.contact_at is None or now - progress.contact_at > SILENT_SECONDS:
        return "silent"
    return "current" if progress.behind_since is None else "behind"
