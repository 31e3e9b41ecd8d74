"""What a table has lost since it was filed last, and what it never had."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from node.documents import coverage as module
from node.documents.coverage import Coverage, key_space
from node.errors import Overloaded
from node.storage.engines import open_engine
from tests.common import papers

SPACE = key_space("item-rows", {"column": "信息资源代码"})
OTHER_SPACE = key_space("entry-rows", {"column": "id"})
DEPARTMENT = papers.POLICE


@pytest.fixture
def coverage(tmp_path):
    engine = open_engine(tmp_path / "node.db")
    yield Coverage(engine)
    engine.dispose()


def compare(coverage, codes, space=SPACE, dead=(), department=DEPARTMENT):
    return coverage.compare(department, space, set(codes), lambda code: code not in dead)


def test_the_next_edition_of_a_table_has_lost_what_it_has_no_more(coverage):
    coverage.keep(DEPARTMENT, SPACE, "abcd")
    edition = compare(coverage, "abcx")
    assert (edition.before, edition.kept, edition.gone) == (4, 3, {"d"})


def test_what_is_gone_is_gone_until_it_is_withdrawn(coverage):
    coverage.keep(DEPARTMENT, SPACE, "abcd")
    coverage.keep(DEPARTMENT, SPACE, "abc")
    assert compare(coverage, "abc").gone == {"d"}
    assert compare(coverage, "abc", dead="d").gone == frozenset()


def test_no_more_is_remembered_than_tables_have(coverage, monkeypatch):
    monkeypatch.setattr(module, "MOST_CODES", 6)
    coverage.keep(DEPARTMENT, SPACE, "abcd")
    with pytest.raises(Overloaded):
        coverage.keep(DEPARTMENT, OTHER_SPACE, "efg")
    coverage.keep(DEPARTMENT, SPACE, "abcdef")
    coverage.keep(papers.EDUCATION, SPACE, "abcd")


def test_another_table_of_the_same_mapping_takes_nothing_away(coverage):
    coverage.keep(DEPARTMENT, SPACE, "abcd")
    coverage.keep(DEPARTMENT, SPACE, "stuv")
    assert compare(coverage, "stu").gone == {"v"}
    assert compare(coverage, "xyz").gone == frozenset()
    # One entry in common by accident does not make one table of two.
    coverage.keep(DEPARTMENT, SPACE, "dmnopq")
    assert compare(coverage, "dmnop").gone == {"q"}
    assert compare(coverage, "abc").gone == frozenset(), "d stands in the third table"


def test_a_part_of_a_table_is_no_edition_of_it(coverage):
    coverage.keep(DEPARTMENT, SPACE, "abcdefgh")
    part = compare(coverage, "abz")
    assert (part.series, part.before, part.kept, part.gone) == (0, 8, 2, frozenset())
    coverage.keep(DEPARTMENT, SPACE, "abz")
    assert compare(coverage, "abcdefg").gone == {"h", "z"}


def test_tables_of_other_mappings_and_departments_do_not_count(coverage):
    coverage.keep(DEPARTMENT, OTHER_SPACE, "abcd")
    coverage.keep(papers.EDUCATION, SPACE, "abcd")
    assert compare(coverage, "abc").gone == frozenset()


def test_an_entry_another_mapping_still_covers_is_not_gone(coverage):
    coverage.keep(DEPARTMENT, SPACE, "abcd")
    coverage.keep(DEPARTMENT, OTHER_SPACE, "d")
    assert compare(coverage, "abc").gone == frozenset()


codes = st.sets(st.sampled_from("abcdefghij"), min_size=1)


@given(tables=st.lists(codes, max_size=5), table=codes)
def test_nothing_is_ever_gone_that_no_table_covered_or_that_this_one_has(tables, table):
    coverage = Coverage(create_engine("sqlite://"))
    for each in tables:
        coverage.keep(DEPARTMENT, SPACE, each)
    gone = compare(coverage, table).gone
    assert gone <= set().union(*tables) - table
    # Filed, it has nothing left that it did not have before.
    coverage.keep(DEPARTMENT, SPACE, table)
    assert compare(coverage, table).gone <= set().union(*tables) - table
