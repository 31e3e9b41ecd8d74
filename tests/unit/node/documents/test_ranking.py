"""A catalogue parts a query into its words, and weighs them, by what it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.folding import ABSTRACT, NAME, OTHER, beginnings, called, indexed, runs
from node.documents.ranking import CLOSENESS, WORTH, Query, score

COUNTS = {"游泳": 10, "泳池": 9, "池水": 2, "水质": 20, "质检": 3, "检验": 30, "与水": 1, "池与": 1}
ENTRIES = 1_000


def weights(query, counts=COUNTS):
    typed = Query.of(query)
    every = {gram: counts.get(gram, 0) for run in typed.near for gram in run}
    return typed.weights(every, ENTRIES)


def columns(**given_):
    marks = {"name": NAME, "abstract": ABSTRACT}
    return {name: indexed(runs(given_.get(name, "")), marks.get(name, OTHER)) for name in WORTH}


class TestWeights:
    def test_leave_out_pairs_that_span_two_words(self):
        assert set(weights("游泳池水质检验")) == {"游泳", "泳池", "水质", "检验"}

    def test_leave_out_pairs_with_a_particle(self):
        assert set(weights("游泳池与水质")) == {"游泳", "泳池", "水质"}

    def test_are_higher_for_what_is_rare(self):
        found = weights("水质 检验")
        assert found["水质"] > found["检验"]

    @given(st.text("游泳池水质检验与", max_size=80))
    def test_are_one_together(self, query):
        found = weights(query)
        assert not found or sum(found.values()) == pytest.approx(1)

    def test_are_nothing_where_no_entry_holds_a_word(self):
        assert weights("不存在") == {}


class TestScore:
    def test_counts_a_word_in_the_name_before_the_summary_before_the_items(self):
        found = weights("水质")
        near = [
            score(columns(name=name, abstract=abstract, items=items), found)[0]
            for name, abstract, items in (
                ("水质", "", ""),
                ("水质年度统计报表", "", ""),
                ("年报", "水质", ""),
                ("年报", "", "水质"),
                ("年报", "", ""),
            )
        ]
        assert near == sorted(near, reverse=True)
        assert len(set(near)) == 5
        assert near[0] <= 1 + CLOSENESS

    def test_tells_what_share_of_the_query_an_entry_holds(self):
        found = weights("水质检验")
        assert score(columns(name="检验"), found)[1] == pytest.approx(found["检验"])
        assert score(columns(name="检验", items="水质"), found)[1] == pytest.approx(1)


class TestLevels:
    @given(st.text(max_size=200))
    def test_hold_no_quote_but_their_own(self, typed):
        query = Query.of(typed)
        for level in query.levels() if query else []:
            spoken = level.split('"')
            assert len(spoken) % 2
            known = {called(query.runs), *query.runs}
            for mark in (NAME, ABSTRACT, OTHER):
                known |= beginnings(query.runs, mark) | {mark + run for run in query.runs}
                known |= {*indexed(query.runs, mark).split()}
            assert set(" ".join(spoken[1::2]).split()) <= known
            assert set("".join(spoken[::2])) <= set("()* AND OR")

    def test_are_one_fewer_for_a_single_run(self):
        levels = Query.of("户籍").levels()
        assert len(set(levels)) == len(levels) == 4
        assert len(Query.of("户籍 信息").levels()) == 5
