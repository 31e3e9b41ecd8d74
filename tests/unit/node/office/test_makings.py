"""What is kept beside drafts: for what it was made of alone, told from anywhere, gone with them."""

from __future__ import annotations

import pytest

from node.errors import NotFound, Overloaded
from node.office.drafts import ABANDONED_SECONDS, Drafts, Person
from node.office.makings import SILENT_MS, WHOLE, Makings
from node.office.tables import METADATA
from node.protocol.ledger.enums import Role
from node.storage.engines import open_engine
from node.storage.migrations import upgrade
from tests.common.fakes import FixedClock

POLICE = b"\1" * 32
CLERK = Person(b"\2" * 32, {POLICE: int(Role.DATA_OFFICER)})
OF, ANOTHER = b"\3" * 32, b"\4" * 32


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine, "office", METADATA.sorted_tables)
    yield engine
    engine.dispose()


@pytest.fixture
def drafts(engine, clock):
    return Drafts(engine, clock)


@pytest.fixture
def makings(engine, clock):
    return Makings(engine, clock)


@pytest.fixture
def begin(drafts):
    return lambda: drafts.begin(CLERK, POLICE, "filing", "一季度报送", b"1").id


def test_a_part_counts_for_what_it_was_made_of_alone(makings, begin):
    named, other = begin(), begin()
    makings.keep(OF, named, "compared", {"": b"all", "new/0": b"x" * 10_000})
    found = makings.find(OF, named, "compared", ["", "new/0", "new/1"])
    assert found == {"": b"all", "new/0": b"x" * 10_000}
    assert makings.find(ANOTHER, named, "compared", [""]) == {}
    assert makings.find(OF, other, "compared", [""]) == {}
    assert makings.find(OF, named, "read", [""]) == {}


def test_what_is_made_anew_stands_in_its_place_whole(makings, begin):
    named = begin()
    makings.keep(OF, named, "read", {"": b"read"})
    makings.keep(OF, named, "compared", {"": b"1", "new/0": b"1", "new/1": b"1"})
    makings.keep(ANOTHER, named, "compared", {"": b"2", "new/0": b"2"})
    assert makings.find(OF, named, "compared", ["", "new/1"]) == {}
    assert makings.find(ANOTHER, named, "compared", ["", "new/0", "new/1"]) == {
        "": b"2",
        "new/0": b"2",
    }
    assert makings.find(OF, named, "read", [""]) == {"": b"read"}


def test_how_far_it_is_is_told_to_whoever_asks_until_it_is_over(makings, begin):
    named = begin()
    with makings.begin(OF, named) as tell:
        assert makings.begin(OF, named) is None
        tell._told -= 1
        tell(0.25)
        tell(0.5)  # too soon to be told again
        assert makings.share(OF, named) == WHOLE // 4
        assert makings.share(ANOTHER, named) == 0
    assert makings.share(OF, named) == 0
    with pytest.raises(ZeroDivisionError), makings.begin(OF, named):
        raise ZeroDivisionError
    assert makings.begin(OF, named) is not None


def test_who_has_not_been_heard_of_for_long_is_at_nothing(makings, begin, clock):
    named = begin()
    assert makings.begin(OF, named) is not None
    clock.advance(SILENT_MS / 1000 + 1)
    assert makings.begin(OF, named) is not None


def test_few_are_made_at_once_and_of_one_draft_the_newest(makings, begin):
    first, second, third = begin(), begin(), begin()
    assert makings.begin(OF, first)
    with makings.begin(OF, second):
        with pytest.raises(Overloaded, match="太多"):
            makings.begin(OF, third)
        # What has become another meanwhile needs no place beside itself.
        assert makings.begin(ANOTHER, first)
    assert makings.begin(OF, third)


def test_nothing_stays_of_a_draft_that_has_gone(makings, drafts, begin, clock):
    dropped, abandoned = begin(), begin()
    for named in (dropped, abandoned):
        makings.keep(OF, named, "read", {"": b"1"})
    drafts.drop(CLERK, dropped)
    clock.advance(ABANDONED_SECONDS + 1)
    begin()
    for named in (dropped, abandoned):
        assert makings.find(OF, named, "read", [""]) == {}
        makings.keep(OF, named, "read", {"": b"1"})
        assert makings.find(OF, named, "read", [""]) == {}
        with pytest.raises(NotFound):
            makings.begin(OF, named)
