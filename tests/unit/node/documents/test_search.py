"""Catalogue search finds what an official means: words, codes, either script, best first."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from node.documents import finding
from node.documents import search as module
from node.documents.finding import Filters
from node.documents.search import QUERY_LIMIT, CatalogueSearch
from node.documents.tables import listing_index
from node.errors import InvalidInput
from node.protocol import forms as documents
from node.protocol.wire import ids
from node.storage.dialects import is_postgresql
from tests.common import indexes, papers

from .common import POLICE

ENTRIES = {
    "A/1": {"name": "常住人口户籍信息", "abstract": "本市户籍登记"},
    "A/2": {"name": "居住证信息", "abstract": "含户籍所在地"},
    "B/GDP2025": {"name": "生产总值", "abstract": "Gross domestic product 统计"},
}


def submitted(city, code, number=1, **changes):
    body = papers.catalogue_version(code=code, version=number, **changes)
    digest = city.submit(documents.new_document("catalogue-version", body))
    return ids.entry_id(POLICE, code), digest


@pytest.fixture
def listed(city):
    for code, changes in ENTRIES.items():
        entry, digest = submitted(city, code, **changes)
        city.publish(entry, 1, digest)
    city.police.settle()
    return city.police.search


@pytest.fixture
def search(listed):
    return listed.search


def codes(found):
    return [listing.code for listing in found]


class TestSearch:
    def test_finds_words_of_two_characters_the_name_first(self, search):
        assert codes(search("户籍")) == ["A/1", "A/2"]

    def test_finds_longer_words_as_they_stand_first(self, search):
        assert codes(search("常住人口")) == ["A/1"]

    def test_falls_back_to_the_words_of_what_no_entry_holds(self, search):
        assert codes(search("人口常住")) == ["A/1"]
        assert codes(search("居住证与户籍所在地查询"))[0] == "A/2"
        assert codes(search("车辆年检预约")) == []

    def test_puts_what_holds_every_word_first(self, search):
        assert codes(search("信息 居住"))[0] == "A/2"

    def test_finds_codes_latin_words_and_what_they_begin(self, search):
        assert codes(search("GDP2025")) == codes(search("gross DOMES")) == ["B/GDP2025"]

    def test_finds_items_by_name_and_code(self, search):
        assert len(search("身份号码")) == len(search("GMSFHM")) == 3

    def test_finds_single_characters_that_begin_a_word(self, search):
        assert codes(search("居")) == ["A/2"]

    def test_lists_everything_for_an_empty_query_page_by_page(self, search):
        assert codes(search("", limit=2)) == ["A/1", "A/2"]
        assert codes(search("", limit=2, after=2)) == ["B/GDP2025"]
        assert codes(search("户籍", limit=1, after=1)) == ["A/2"]

    @pytest.mark.parametrize("query", [" ", "！", "　", "。，", "***"])
    def test_finds_nothing_where_no_word_is_left(self, search, query):
        assert search(query) == []

    @pytest.mark.parametrize("query", ["戶籍", "户籍", "戶籍　信息"])
    def test_finds_either_script_by_the_other(self, search, query):
        assert codes(search(query)) == ["A/1", "A/2"]

    @pytest.mark.parametrize("query", ["ＧＤＰ２０２５", "gdp2025", "Ｇｒｏｓｓ"])
    def test_takes_full_width_and_capitals_as_they_are_meant(self, search, query):
        assert codes(search(query)) == ["B/GDP2025"]

    def test_refuses_a_query_longer_than_a_name(self, search):
        assert search("户" * QUERY_LIMIT) == []
        with pytest.raises(InvalidInput, match="200"):
            search("户" * (QUERY_LIMIT + 1))

    def test_finds_only_what_was_published(self, city, search):
        entry, digest = submitted(city, "C/1", name="车辆户籍信息")
        city.police.settle()
        assert "C/1" not in codes(search("户籍"))
        city.publish(entry, 1, digest)
        city.police.settle()
        assert "C/1" in codes(search("户籍"))

    def test_replaces_a_version_by_the_next(self, city, search):
        entry, digest = submitted(city, "A/1", 2, name="人口基础信息", abstract="更新")
        city.publish(entry, 2, digest)
        city.police.settle()
        assert codes(search("户籍")) == ["A/2"]
        assert [listing.version for listing in search("人口基础")] == [2]

    def test_does_not_list_what_contradicts_the_chain(self, city, search):
        body = papers.catalogue_version(code="A/1", version=2, name="人口基础信息")
        data = documents.new_document("catalogue-version", body)
        digest = city.submit(data, itemCount=9)
        city.publish(ids.entry_id(POLICE, "A/1"), 2, digest)
        city.police.settle()
        assert codes(search("人口基础")) == codes(search("常住人口")) == []

    def test_no_query_reaches_the_index_as_syntax(self, search):
        for query in ('"', "a OR b", "NEAR(", "name:户籍", "*", "户籍*", "-户籍", "NOT 户籍", "()"):
            assert isinstance(search(query), list)

    def test_indexes_again_what_another_version_indexed(self, city, search):
        before = codes(search(""))
        with city.police.engine.begin() as connection:
            connection.execute(update(listing_index).values(version="1"))
        again = CatalogueSearch(city.police.engine)
        assert again.search("") == []
        city.police.settle()
        assert codes(again.search("")) == before
        assert codes(CatalogueSearch(city.police.engine).search("户籍")) == ["A/1", "A/2"]


class TestTally:
    def test_counts_what_a_search_finds_by_each_facet(self, listed):
        tally = listed.tally("户籍")
        assert (tally.total, tally.capped) == (2, False)
        assert tally.counts["update_cycle"] == {"每日": 2}
        assert sum(tally.counts["department"].values()) == 2

    def test_counts_a_filtered_facet_as_if_it_were_not(self, listed, city):
        entry, digest = submitted(city, "C/1", name="户籍变动", updateCycle="每周")
        city.publish(entry, 1, digest)
        city.police.settle()
        tally = listed.tally("户籍", Filters(update_cycle="每周"))
        assert tally.total == 1
        assert tally.counts["update_cycle"] == {"每日": 2, "每周": 1}
        assert sum(tally.counts["grade"].values()) == 1

    def test_counts_an_entry_by_its_last_version_alone(self, listed, city):
        entry, digest = submitted(city, "A/1", 2, updateCycle="每周")
        for _ in range(2):  # the second time it is the same version again
            city.publish(entry, 2, digest)
            city.police.settle()
            assert listed.tally().total == len(ENTRIES)
            assert listed.tally().counts["update_cycle"] == {"每日": 2, "每周": 1}
        for code in ("A/2", "B/GDP2025"):
            entry, digest = submitted(city, code, 2, updateCycle="每周")
            city.publish(entry, 2, digest)
        city.police.settle()
        assert listed.tally().counts["update_cycle"] == {"每周": 3}

    def test_counts_the_whole_catalogue_and_nothing_for_no_words(self, listed):
        assert listed.tally().total == len(ENTRIES)
        assert listed.tally("。").total == 0

    def test_stops_where_a_page_needs_no_more(self, listed, monkeypatch):
        monkeypatch.setattr(finding, "SORTED", 1)
        tally = listed.tally("户籍")
        assert (tally.total, tally.capped) == (1, True)


class TestMerging:
    def test_makes_the_pieces_one_and_changes_nothing_that_is_found(self, tmp_path, monkeypatch):
        monkeypatch.setattr(module, "BATCH", 5)
        many = [indexes.entry(f"A/{number}", f"户籍{number}") for number in range(40)]
        with indexes.searching(tmp_path, many) as catalogue:
            found = codes(catalogue.search("户籍", limit=100))
            assert catalogue.merge()
            while catalogue.merge():
                assert codes(catalogue.search("户籍", limit=100)) == found
            assert codes(catalogue.search("户籍", limit=100)) == found
            assert len(found) == len(many)
            with catalogue._engine.connect() as connection:
                if not is_postgresql(connection):
                    pieces = "SELECT count(DISTINCT segid) FROM listing_text_idx"
                    assert connection.exec_driver_sql(pieces).scalar_one() == 1

    def test_waits_until_a_good_share_is_new(self, listed):
        assert not listed.merge()


class TestOrder:
    def test_is_the_newest_first_where_asked(self, search):
        assert codes(search("", order="newest")) == [*ENTRIES][::-1]
        assert codes(search("户籍", order="newest")) == ["A/2", "A/1"]

    def test_is_by_code_with_a_query_too(self, search):
        assert codes(search("信息", order="code")) == ["A/1", "A/2"]
        assert codes(search("信息", order="code", limit=1, after=1)) == ["A/2"]


def test_every_entry_is_listed_once(listed):
    every = [*listed.entries(0, 2), *listed.entries(2, 2)]
    assert len(set(every)) == len(every) == len(ENTRIES)
