"""Lists of calls: each filter alone and together, page by page, against reading every leaf."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import node.log.strips
import node.log.tallies
from ledger_sync.queries import Queries
from ledger_sync.usage import REFUSED, CallLists, Wanted
from node.log import Committer, LogReader, LogScanner, Strips, Tallier
from node.log.tallies import HOUR, HOURS_KEPT
from node.protocol.wire.days import beijing_day
from node.protocol.wire.leaf import AUDIT, parse_leaf
from node.storage.engines import open_engine
from tests.common.logs import NOON, Clock, commit_all, new_draft, new_identity, other_draft
from tests.common.story import EDUCATION, POLICE

COUNT = 90


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Calls to authorisations 1, 2 and one nobody knows, every fifth refused, one look between."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    identity, clock = new_identity(), Clock()
    committer = Committer(open_engine(path), [identity], clock=clock)
    leaves = []
    for number in range(COUNT):
        refusal = "item-not-granted" if number % 5 == 0 else None
        draft = new_draft(identity, number, authorisation=(1, 2, 999)[number % 3], refusal=refusal)
        leaves += [done.leaf for done in commit_all(committer, [draft])]
        clock.milliseconds += 600
    leaves += [
        done.leaf for done in commit_all(committer, [other_draft(identity, 1_000, AUDIT, b"x")])
    ]
    committer.close()
    return path, identity.log, leaves


@pytest.fixture
def scanner(logged):
    engine = open_engine(logged[0], readonly=True)
    yield LogScanner(LogReader(engine))
    engine.dispose()


@pytest.fixture(scope="module", params=["no sums", "all summed", "half summed", "summed late"])
def strips(request, logged, tmp_path_factory):
    """What stands beside the log, in strips of eight leaves."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (node.log.strips, node.log.tallies):
            patch.setattr(module, "LEAVES", 8)
        patch.setattr(node.log.tallies, "STRETCH", 50)
        if request.param == "no sums":
            yield None
            return
        path = tmp_path_factory.mktemp("sums") / "tally.db"
        # Late: the first thirty leaves are older than what is kept of hours, and so not summed.
        now = NOON // 1000 + (HOURS_KEPT * HOUR + 18 if request.param == "summed late" else 60)
        logs = LogReader(open_engine(logged[0], readonly=True))
        tallier = Tallier(logs, open_engine(path), clock=lambda: now)
        while tallier.advance() and request.param != "half summed":
            pass
        yield Strips(open_engine(path, readonly=True))


@pytest.fixture
def lists(filled, strips):
    return CallLists(filled, strips)


def indexes(lists, scanner, log, wanted, limit=50) -> list[int]:
    found, before = [], None
    while before != 0:
        page = lists.list_calls(scanner, log, wanted, before=before, limit=limit)
        found += [call.index for call in page.calls]
        before = page.before
    return found


class TestFilters:
    def test_all_calls_and_nothing_that_is_no_call(self, lists, scanner, logged):
        assert indexes(lists, scanner, logged[1], Wanted()) == list(reversed(range(COUNT)))

    def test_an_outcome_is_served_refused_or_a_code(self, lists, scanner, logged):
        refused = [number for number in reversed(range(COUNT)) if number % 5 == 0]
        assert indexes(lists, scanner, logged[1], Wanted(outcome=REFUSED)) == refused
        assert indexes(lists, scanner, logged[1], Wanted(outcome="item-not-granted")) == refused
        assert indexes(lists, scanner, logged[1], Wanted(outcome="entry-frozen")) == []

    def test_who_and_what_for_are_the_authorisations(self, lists, scanner, logged, filled):
        one = Queries(filled).get_authorisation(1)
        known = [number for number in reversed(range(COUNT)) if number % 3 < 2]
        for wanted in (
            Wanted(consumer=EDUCATION),
            Wanted(purpose=one.purpose),
            Wanted(application=one.application),
        ):
            assert indexes(lists, scanner, logged[1], wanted) == known
        assert indexes(lists, scanner, logged[1], Wanted(consumer=POLICE)) == []

    def test_a_call_comes_with_its_authorisation(self, lists, scanner, logged):
        page = lists.list_calls(scanner, logged[1], Wanted(), limit=3)
        numbers = [call.authorisation and call.authorisation.authorisation for call in page.calls]
        assert numbers == [None, 2, 1]

    @settings(
        max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        times=st.tuples(*[st.none() | st.integers(NOON - 2_000, NOON + 60_000)] * 2),
        authorisation=st.sampled_from([None, 1, 2, 999, 12]),
        outcome=st.sampled_from([None, "served", REFUSED]),
        limit=st.integers(1, 40),
        most=st.integers(16, 99),
    )
    def test_paging_through_is_reading_every_leaf(
        self, lists, scanner, logged, *, times, authorisation, outcome, limit, most
    ):
        wanted = Wanted(
            authorisation=authorisation,
            outcome=outcome,
            since=times[0],
            until=times[1],
        )
        expected = [
            index
            for index, data in reversed(list(enumerate(logged[2][:COUNT])))
            if meets(parse_leaf(data), wanted)
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(node.log.strips, "MOST_SUMS", most)
            assert indexes(lists, scanner, logged[1], wanted, limit) == expected


def meets(leaf, wanted: Wanted) -> bool:
    served = leaf.outcome == "served"
    return (
        wanted.authorisation in {None, leaf.authorisation}
        and {None: True, "served": served, REFUSED: not served}[wanted.outcome]
        and (wanted.since is None or leaf.at >= wanted.since)
        and (wanted.until is None or leaf.at < wanted.until)
    )


class TestExport:
    def test_ends_at_the_most(self, lists, scanner, logged):
        found = list(lists.list_all(scanner, logged[1], Wanted(), most=70))
        assert [call.index for call in found] == list(range(COUNT - 1, COUNT - 71, -1))

    def test_takes_the_same_filters(self, lists, scanner, logged):
        wanted = replace(Wanted(), authorisation=2)
        found = list(lists.list_all(scanner, logged[1], wanted, most=1_000))
        assert {call.leaf.authorisation for call in found} == {2}
        assert len(found) == COUNT // 3


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stretch=st.integers(1, COUNT + 9),
    times=st.tuples(*[st.none() | st.integers(NOON - 2_000, NOON + 60_000)] * 2),
    outcome=st.sampled_from([None, "served", REFUSED]),
    most=st.integers(16, 99),
)
def test_counted_stretch_by_stretch_is_counting_every_leaf(
    lists, scanner, logged, *, stretch, times, outcome, most
):
    wanted = Wanted(since=times[0], until=times[1], outcome=outcome)
    calls = [parse_leaf(data) for data in logged[2][:COUNT]]
    expected = Counter((leaf.authorisation, leaf.outcome) for leaf in calls if meets(leaf, wanted))
    counted: Counter[tuple[int, str]] = Counter()
    rows, before = 0, None
    patch = pytest.MonkeyPatch()
    patch.setattr(node.log.strips, "MOST_SUMS", most)
    while before != 0:
        page = lists.count_calls(scanner, logged[1], wanted, before=before, stretch=stretch)
        for each in page.tallies:
            assert (each.authorisation is None) == (each.number == 999)
            counted.update({(each.number, code): n for code, n in each.outcomes.items()})
            rows += each.rows
        before = page.before
    patch.undo()
    assert counted == expected
    assert rows == sum(leaf.rows for leaf in calls if meets(leaf, wanted))


def test_what_a_day_has_used_is_what_was_served_on_it(logged):
    path, log, _ = logged
    engine, day = open_engine(path, readonly=True), beijing_day(NOON // 1000)
    used = LogReader(engine).used
    served = sum(number % 3 == 0 and number % 5 != 0 for number in range(COUNT))
    # A log that is not here counts for nothing, nor does an authorisation nobody has called.
    assert used([b"\x01" * 32, log], [1, 12], day) == {1: (served, served)}
    assert used([log], [1], day + 1) == {1: (0, 0)}
    engine.dispose()
