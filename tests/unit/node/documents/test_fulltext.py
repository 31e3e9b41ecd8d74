"""PostgreSQL's index of the catalogue finds what SQLite's does, in the same order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.documents import fulltext
from node.documents.finding import facet
from node.documents.folding import ABSTRACT, NAME, OTHER, beginnings, called, indexed, runs
from node.documents.ranking import Query, holding
from node.storage import postgresql
from node.storage.engines import READING, open_engine
from tests.common import pgstores

NAMES = ("常住人口户籍信息", "居住证", "GDP2025 生产总值", "Gross domestic product", "人口", "口人")
TEXTS = ("本市户籍登记", "含户籍所在地 A1", "", "按 gdp 统计的生产总值", "人口常住 常住人口")
LONG = "abcdefghijklmnop"
FACETS = (facet("s", "有条件共享"), facet("u", "每日"))


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    address = pgstores.new_database()
    postgresql.prepare(address, ["node"])
    # Not by the name tests replace: this one compares the two.
    folder = tmp_path_factory.mktemp("fulltext")
    opened = [open_engine(folder / "node.db"), postgresql.open_schema(address, "node")]
    for engine in opened:
        with engine.begin() as connection:
            fulltext.create(connection)
            rows = []
            for row, (name, abstract) in enumerate(itertools.product(NAMES, TEXTS), 1):
                given_ = {
                    "name": (NAME, name),
                    "abstract": (ABSTRACT, abstract),
                    "items": (
                        OTHER,
                        (
                            f"{TEXTS[row % 5]} {LONG if row % 7 else LONG[:9]}x{row % 3} "
                            f"{LONG * 300 if row == 8 else ''}"
                        ),  # longer than a key of GIN
                    ),
                    "provider": (OTHER, "市公安局" if row % 2 else "教育局"),
                    "code": (OTHER, f"302{row}/{row:03}"),
                }
                others = {called(runs(name)), FACETS[row % 2]}
                for mark, each in given_.values():
                    others |= beginnings(runs(each), mark)
                texts = {name: indexed(runs(each), mark) for name, (mark, each) in given_.items()}
                rows.append({"rowid": row, **texts, "facets": " ".join(others)})
            fulltext.add(connection, rows)
            fulltext.remove(connection, [4, 5])
    yield opened
    for engine in opened:
        engine.dispose()


def found(engine, expression):
    with engine.execution_options(**READING).connect() as connection:
        [counted] = fulltext.count(connection, [expression], None)
        [few] = fulltext.count(connection, [expression], 3)
        rows = fulltext.list_rows(connection, expression, 100)
        assert (counted, few) == (len(rows), min(3, len(rows)))
        assert fulltext.list_rows(connection, expression, 3, 2) == rows[2:5]
        return rows, sorted(map(tuple, fulltext.list_texts(connection, rows)))


PIECES = st.sampled_from(
    [*NAMES, *TEXTS, LONG, LONG[:10], "户籍", "口", "g", "教育局", "3021", "登记 a"]
)
TYPED = st.lists(PIECES | st.text("人口常住户籍信息gdp123 ", max_size=6), max_size=3).map(" ".join)


@given(TYPED)
@settings(max_examples=60)
def test_both_find_the_same_for_every_level_of_a_query(engines, typed):
    query = Query.of(typed)
    if not query:
        return
    levels = query.levels()
    wanted = [
        *levels,
        f"({levels[-1]}) NOT ({levels[1]})",
        f'({levels[-1]}) AND "{FACETS[0]}"',
        *(holding(gram) for gram in query.near[0][:2]),
    ]
    for expression in wanted:
        assert found(engines[1], expression) == found(engines[0], expression), expression


def test_what_was_taken_out_is_not_found(engines):
    for engine in engines:
        rows = found(engine, f'"{FACETS[0]}" OR "{FACETS[1]}"')[0]
        assert rows == [1, 2, 3, *range(6, 31)]
