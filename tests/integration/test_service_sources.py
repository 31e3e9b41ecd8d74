"""A real SQLite table as a source: exact filters, pages by key, no text of a caller in SQL."""

import contextlib
import sqlite3
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.errors import ConfigInvalid, MalformedFilter, SourceUnavailable
from node.service.needs import Condition, SourceQuery
from node.service.sources import SqlSource, sql

COLUMNS = {"ID": "id", "XM": "name", "MJ": "area", "CSRQ": "born", "NL": "age", "BZ": "note"}
ROWS = [
    (f"{n:04d}", name, 60 + n / 4, f"2018-{n % 12 + 1:02d}-01", n, None if n % 3 else "备注")
    for n, name in enumerate(["张三", "李四", "ABC", "abc", "a%c", "a_c", "张三丰", ""] * 5)
]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "people.db"
    database = sqlite3.connect(path)
    database.execute(
        "create table person (id text primary key, name text, area numeric(8, 2), born date, "
        "age integer, note text, secret text default 'never')"
    )
    database.executemany(
        "insert into person (id, name, area, born, age, note) values (?,?,?,?,?,?)", ROWS
    )
    database.commit()
    database.close()
    source = SqlSource(f"sqlite:///{path}", "person", COLUMNS, "id")
    yield source
    source.close()


def fetch(source, items=("ID",), conditions=(), size=1000, after=None):
    return source.fetch(SourceQuery(tuple(items), tuple(conditions), size, after, {"MJ": 2}))


def ids(page):
    return [row["ID"] for row in page.rows]


class TestFetch:
    def test_returns_the_items_asked_for_and_no_other_column(self, source):
        page = fetch(source, ["MJ", "XM", "CSRQ", "BZ"], [Condition("ID", "eq", "0001")])
        assert page.rows == [{"MJ": "60.25", "XM": "李四", "CSRQ": "2018-02-01", "BZ": None}]
        assert page.last is None

    @pytest.mark.parametrize("size", [1, 7, 39, 40, 41])
    def test_pages_through_every_row_once(self, source, size):
        seen, after = [], None
        while True:
            page = fetch(source, size=size, after=after)
            assert len(page.rows) <= size
            seen += ids(page)
            after = page.last
            if after is None:
                break
        assert seen == [row[0] for row in ROWS]

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (Condition("XM", "eq", "abc"), lambda row: row[1] == "abc"),
            (Condition("XM", "in", ("abc", "张三")), lambda row: row[1] in {"abc", "张三"}),
            (Condition("XM", "prefix", "a"), lambda row: row[1].startswith("a")),
            (Condition("XM", "prefix", "a%"), lambda row: row[1].startswith("a%")),
            (Condition("XM", "prefix", "a_"), lambda row: row[1].startswith("a_")),
            (Condition("XM", "prefix", "张三"), lambda row: row[1].startswith("张三")),
            (Condition("NL", "ge", 20), lambda row: row[4] >= 20),
            (Condition("NL", "le", "20"), lambda row: row[4] <= 20),
            (Condition("MJ", "ge", "65.5"), lambda row: row[2] >= 65.5),
            (Condition("CSRQ", "le", "2018-03-01"), lambda row: row[3] <= "2018-03-01"),
            (Condition("XM", "eq", "' or 1=1 --"), lambda _: False),
        ],
    )
    def test_filters_exactly(self, source, condition, holds):
        page = fetch(source, conditions=[condition])
        assert ids(page) == [row[0] for row in ROWS if holds(row)]

    def test_holds_all_conditions_at_once(self, source):
        both = [Condition("NL", "ge", 5), Condition("NL", "le", 7)]
        assert ids(fetch(source, conditions=both)) == ["0005", "0006", "0007"]

    @settings(
        max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12))
    def test_takes_any_text_as_a_value_only(self, source, text):
        page = fetch(source, conditions=[Condition("XM", "eq", text)])
        assert ids(page) == [row[0] for row in ROWS if row[1] == text]

    @pytest.mark.parametrize("item", ["MJ", "CSRQ", "NL"])
    def test_compares_prefixes_with_text_only(self, source, item):
        with pytest.raises(MalformedFilter, match=item):
            fetch(source, conditions=[Condition(item, "prefix", "2")])

    @pytest.mark.usefixtures("source")
    def test_filters_by_a_column_of_a_view_that_has_no_type(self, tmp_path):
        database = sqlite3.connect(tmp_path / "people.db")
        database.execute("create view shown as select id, upper(name) as name from person")
        database.commit()
        database.close()
        view = SqlSource(f"sqlite:///{tmp_path}/people.db", "shown", {"XM": "name"}, "id")
        for condition in (Condition("XM", "eq", "ABC"), Condition("XM", "prefix", "AB")):
            assert {row["XM"] for row in fetch(view, ["XM"], [condition]).rows} == {"ABC"}
        view.close()

    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.sampled_from(sorted(COLUMNS)),
        st.sampled_from(["eq", "ge", "le", "prefix"]),
        st.text(min_size=1, max_size=40)
        | st.text("0123456789-+._eE:T ", min_size=1)
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.booleans(),
    )
    def test_reads_any_value_or_refuses_it(self, source, item, operator, value):
        if operator == "prefix":
            value = str(value)
        with contextlib.suppress(MalformedFilter):
            fetch(source, conditions=[Condition(item, operator, value)])

    def test_names_the_item_a_value_cannot_be_compared_with(self, source):
        with pytest.raises(MalformedFilter, match="CSRQ"):
            fetch(source, conditions=[Condition("CSRQ", "ge", "yesterday")])


class TestUnavailable:
    def test_is_said_of_a_database_that_is_not_there(self, tmp_path):
        source = SqlSource(f"sqlite:///{tmp_path}/no/where.db", "person", COLUMNS, "id")
        with pytest.raises(SourceUnavailable) as refused:
            fetch(source)
        assert str(tmp_path) not in refused.value.message

    @pytest.mark.usefixtures("source")
    def test_is_said_of_a_table_without_a_configured_column(self, tmp_path):
        other = SqlSource(
            f"sqlite:///{tmp_path}/people.db", "person", {**COLUMNS, "DH": "phone"}, "id"
        )
        with pytest.raises(SourceUnavailable) as refused:
            fetch(other)
        assert "phone" in str(refused.value.__cause__)
        other.close()

    def test_is_said_of_an_item_without_a_column(self, source):
        with pytest.raises(SourceUnavailable, match="DH"):
            fetch(source, ["DH"])

    def test_is_not_said_of_a_url_whose_password_is_not_encoded(self):
        with pytest.raises(ConfigInvalid) as refused:
            SqlSource("sqlite://reader:ge@heim:wort@db/people", "person", {}, "id")
        assert "wort" not in str(refused.value)
        assert refused.value.__cause__ is None

    @pytest.mark.parametrize("url", ["nonsense", "no-such://reader@db/people"])
    def test_is_not_said_of_a_url_that_names_no_database(self, url):
        with pytest.raises(ConfigInvalid):
            SqlSource(url, "person", COLUMNS, "id")

    def test_is_not_said_of_a_driver_that_is_missing_but_how_to_install_it(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pymysql", None)
        with pytest.raises(ConfigInvalid, match=r"pip install 'shareledger\[mysql\]'"):
            SqlSource("mysql+pymysql://reader@db/people", "person", COLUMNS, "id")

    def test_makes_no_file(self, tmp_path):
        source = SqlSource(f"sqlite:///{tmp_path}/late.db", "person", COLUMNS, "id")
        with pytest.raises(SourceUnavailable):
            fetch(source)
        assert not list(tmp_path.iterdir())

    def test_passes_once_the_table_is_there(self, tmp_path):
        path = tmp_path / "late.db"
        source = SqlSource(f"sqlite:///{path}", "person", {"ID": "id"}, "id")
        with pytest.raises(SourceUnavailable):
            fetch(source)
        database = sqlite3.connect(path)
        database.execute("create table person (id integer primary key)")
        database.execute("insert into person values (1)")
        database.commit()
        database.close()
        assert fetch(source).rows == [{"ID": 1}]
        source.close()

    def test_is_said_of_a_file_that_was_taken_away(self, source):
        assert fetch(source, size=1).rows
        source.file.rename(source.file.with_name("away.db"))
        with pytest.raises(SourceUnavailable):
            fetch(source)
        source.file.with_name("away.db").rename(source.file)
        assert fetch(source, size=1).rows

    def test_ends_once_the_column_has_another_type(self, source, monkeypatch):
        assert fetch(source, ["NL"], size=1).rows == [{"NL": 0}]
        with contextlib.closing(sqlite3.connect(source.file)) as database:
            database.executescript(
                "alter table person drop column age; alter table person add column age text;"
                "update person set age = 'unbekannt'"
            )
        with pytest.raises(SourceUnavailable):  # what it was met as counts for a minute
            fetch(source, ["NL"], size=1)
        monkeypatch.setattr(sql, "AGAIN_SECONDS", 0.0)
        with pytest.raises(SourceUnavailable):
            fetch(source, ["NL"], size=1)
        assert fetch(source, ["NL"], size=1).rows == [{"NL": "unbekannt"}]


class TestAnotherFileInItsPlace:
    """A nightly copy, renamed into place: an open connection would go on reading the old one."""

    @staticmethod
    def renamed_into_place(source, *rows, key="text primary key"):
        other = source.file.with_name("tonight.db")
        with contextlib.closing(sqlite3.connect(other)) as database:
            database.execute(
                f"create table person (id {key}, name text, area real, born date, age integer, "
                "note text)"
            )
            database.executemany("insert into person (id, name) values (?,?)", rows)
            database.commit()
        other.replace(source.file)

    def test_is_what_is_served(self, source):
        assert len(fetch(source).rows) == len(ROWS)
        self.renamed_into_place(source, ("9001", "王五"))
        assert fetch(source, ("ID", "XM")).rows == [{"ID": "9001", "XM": "王五"}]

    def test_is_looked_at_anew(self, source):
        assert fetch(source).rows
        self.renamed_into_place(source, ("1", "甲"), ("2", "乙"), ("1", "丙"), key="text")
        with pytest.raises(SourceUnavailable, match="not unique"):
            fetch(source, conditions=[Condition("XM", "eq", "乙")])
        self.renamed_into_place(source, ("1", "甲"))
        assert ids(fetch(source)) == ["1"]
