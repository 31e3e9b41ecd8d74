"""What real databases hold is served as the manual's table says, found by what was served, or
refused with its row named: PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

import logging
import re
import time
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from node.errors import MalformedFilter, SourceUnavailable
from node.service.needs import Condition, SourceQuery
from node.service.sources import SqlSource
from node.service.sources.compiled import Compiled
from node.service.sources.fitness import examine
from node.service.sources.kingbase import LIKE_POSTGRESQL, DialectKingbase
from tests.common.databases import open_database

PAGE = Path(__file__).parents[2] / "docs" / "sources.zh-CN.md"
ENGINES = ("postgresql", "mysql", "sqlite")


@pytest.fixture(scope="module", params=ENGINES)
def database(request, tmp_path_factory):
    with open_database(request.param, tmp_path_factory.mktemp("database")) as opened:
        yield opened


@pytest.fixture
def source(database):
    """Opens sources of the database, and closes them."""
    opened = []

    def open_one(table, columns=(("V", "v"),), **options):
        opened.append(SqlSource(database.url, table, dict(columns), "id", **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def fetch(source, *conditions, items=("V",), scales=None, size=100, after=None):
    query = SourceQuery(tuple(items), tuple(conditions), size, after, scales or {})
    return source.fetch(query).rows


def remake(database, table, columns, rows):
    """Make a table anew: `columns` and `rows` in SQL."""
    database.run(f"drop table if exists {table}", f"create table {table} ({columns})")
    written = ", ".join(f"({row})" for row in rows)
    database.run(f"insert into {table} values {written}")  # noqa: S608 - ours


def keep(database, *cells):
    """Make a table of two rows: nothing in the first, what was written in the second.

    Returns its columns by item.
    """
    names = [("V", "v"), *((f"V{n}", f"v{n}") for n in range(1, len(cells)))]
    columns = [f"{name} {kept} null" for (_, name), (kept, _) in zip(names, cells, strict=True)]
    rows = ["1" + ", null" * len(cells), ", ".join(["2", *(written for _, written in cells)])]
    remake(database, "kept", ", ".join(["id integer primary key", *columns]), rows)
    return tuple(names)


class Case(NamedTuple):
    """One row of the manual's table: per engine the column's type and what is written to it."""

    served: Any
    postgresql: tuple[str, str] | None
    mysql: tuple[str, str] | None
    sqlite: tuple[str, str] | None
    scale: int | None = None
    filtered: str = "eq in ge le"


def alike(served, kept, written, **options):
    return Case(served, (kept, written), (kept, written), (kept, written), **options)


MOMENT = "'2026-02-27 10:05:00'"
CASES = {
    "文字": alike("张三", "varchar(20)", "'张三'"),
    "末尾空格": alike("A ", "varchar(20)", "'A '"),
    "组合字符": alike("é", "varchar(20)", "'e\u0301'", filtered="eq in"),
    "定长文字": alike("A", "char(10)", "'A'"),
    "整数": alike(-7, "integer", "-7"),
    "大整数": alike("9007199254740993", "bigint", "9007199254740993"),
    "无符号整数": Case(
        "18446744073709551615", None, ("bigint unsigned", "18446744073709551615"), None
    ),
    "小数": alike("60.50", "numeric(12, 2)", "60.5", scale=2),
    "双精度": alike("0.1", "double precision", "0.1"),
    "单精度": Case("0.1", ("real", "0.1"), ("float", "0.1"), ("real", "0.1")),
    "浮点按小数位": alike("2.35", "double precision", "2.345", scale=2),
    "逻辑": Case(
        served=True,
        postgresql=("boolean", "true"),
        mysql=None,
        sqlite=("boolean", "1"),
        filtered="eq in",
    ),
    "逻辑（MySQL）": Case(1, None, ("boolean", "true"), None),
    "位": Case(1, None, ("bit(1)", "b'1'"), None),
    "日期": alike("2018-04-01", "date", "'2018-04-01'"),
    "日期时间": Case(
        "2026-02-27T10:05:00", ("timestamp", MOMENT), ("datetime", MOMENT), ("datetime", MOMENT)
    ),
    "带小数秒": Case(
        "2026-02-27T10:05:00.123000",
        ("timestamp", "'2026-02-27 10:05:00.123'"),
        ("datetime(3)", "'2026-02-27 10:05:00.123'"),
        ("datetime", "'2026-02-27T10:05:00.123'"),
    ),
    "带时区": Case(
        "2026-02-27T10:05:00+08:00",
        ("timestamptz", "'2026-02-27 02:05:00+00'"),
        ("timestamp", "from_unixtime(1772157900)"),
        None,
    ),
    "时间": alike("10:05:00", "time", "'10:05:00'"),
    "UUID": Case(
        "12345678-1234-5678-1234-567812345678",
        ("uuid", "'12345678123456781234567812345678'"),
        None,
        None,
    ),
    "JSON": Case(
        '{"a": 1.50}',
        ("json", "'{\"a\": 1.50}'"),
        None,
        ("json", "'{\"a\": 1.50}'"),
        filtered="",
    ),
    "枚举": Case("乙", ("mood", "'乙'"), ("enum('甲','乙')", "'乙'"), None),
    "集合": Case("甲,乙", None, ("set('甲','乙')", "'乙,甲'"), None),
    "空值": alike(None, "varchar(20)", "null", filtered=""),
}

REFUSED = {
    "postgresql": [
        ("numeric", "'NaN'"),
        ("numeric", "'Infinity'"),
        ("double precision", "'NaN'"),
        ("real", "'-Infinity'"),
        ("date", "'infinity'"),
        ("date", "'0044-03-15 BC'"),
        ("date", "'12026-01-01'"),
        ("timestamp", "'infinity'"),
        ("timestamptz", "'-infinity'"),
        ("time", "'24:00:00'"),
        ("numeric(12, 3)", "1.005"),
        ("double precision", "12345678901234567167"),
    ],
    "mysql": [
        ("date", "'0000-00-00'"),
        ("date", "'2018-00-01'"),
        ("datetime", "'0000-00-00 00:00:00'"),
        ("timestamp", "'0000-00-00 00:00:00'"),
        ("time", "'838:59:59'"),
        ("time", "'-01:00:00'"),
        ("varchar(9)", "'a\\0b'"),
        ("decimal(12, 3)", "1.005"),
    ],
    "sqlite": [
        ("date", "'2018-4-1'"),
        ("date", "'0000-00-00'"),
        ("date", "''"),
        ("date", "20180401"),
        ("date", "'2018-04-01 00:00:00'"),
        ("datetime", "'2026/2/27 10:05'"),
        ("datetime", "'2026-02-27T10:05:00+08:00'"),
        ("time", "'25:00'"),
        ("boolean", "2"),
        ("decimal(12, 2)", "'1,234.50'"),
        ("decimal(12, 2)", "12345678901234567167.0"),
        ("integer", "'abc'"),
        ("text", "x'01'"),
        ("text", "'a' || char(0) || 'b'"),
        ("text", "cast(x'ff' as text)"),
        ("real", "9e999"),
    ],
}
CLOSED = {
    "postgresql": ["bytea", "interval", "integer[]", "timetz", "xml", "inet"],
    "mysql": ["blob", "varbinary(9)", "binary(4)", "geometry"],
    "sqlite": ["blob"],
}


@pytest.fixture(scope="module", autouse=True)
def _mood(database):
    if database.name == "postgresql":
        database.run("create type mood as enum ('甲', '乙')")


class TestWhatTheTableSays:
    def test_is_served_and_found_by_what_was_served(self, database, source):
        cases = {name: case for name, case in CASES.items() if getattr(case, database.name)}
        names = keep(database, *(getattr(case, database.name) for case in cases.values()))
        opened = source("kept", names)
        for (item, _), (name, case) in zip(names, cases.items(), strict=True):
            asked = {"items": [item], "scales": {item: case.scale}}
            rows = fetch(opened, **asked)
            assert rows == [{item: None}, {item: case.served}], name
            for operator in case.filtered.split():
                value = (case.served, case.served) if operator == "in" else case.served
                found = fetch(opened, Condition(item, operator, value), **asked)
                assert found == rows[1:], (name, operator)

    def test_is_what_is_tested(self):
        rows = [
            line.split("|")[1:-1] for line in PAGE.read_text("utf-8").splitlines() if "|" in line
        ]
        table = {cells[0].strip(): cells[1:] for cells in rows if cells[0].strip() in CASES}
        assert list(table) == list(CASES)
        for name, cells in table.items():
            case = CASES[name]
            for place, engine in enumerate(ENGINES):
                column = getattr(case, engine)
                said = cells[place].strip()
                assert (said == "—") == (column is None), (name, engine)
                if column is not None:
                    assert f"`{column[0].upper()}`" in said.upper(), (name, engine)
            served = "true" if case.served is True else case.served or "null"
            assert f"`{served}`" in cells[3], name

    def test_json_is_filtered_by_nothing(self, database, source):
        if CASES["JSON"]._asdict()[database.name] is None:
            return
        keep(database, ("json", "'{}'"))
        with pytest.raises(MalformedFilter, match="json"):
            fetch(source("kept"), Condition("V", "eq", "{}"))


class TestWhatCannotBeShared:
    def test_is_refused_with_its_row_named_to_the_operator_alone(self, database, source, caplog):
        names = keep(database, *REFUSED[database.name])
        opened = source("kept", names)
        for (item, column), (kept, written) in zip(names, REFUSED[database.name], strict=True):
            asked = {"items": [item], "scales": {item: 2}}
            if "x'ff'" not in written:  # there the driver fails at the one row more
                assert fetch(opened, size=1, **asked) == [{item: None}]
            caplog.clear()
            with pytest.raises(SourceUnavailable) as refused, caplog.at_level(logging.WARNING):
                pytest.fail(f"{kept} {fetch(opened, **asked)}")
            (facts,) = (record.facts for record in caplog.records)
            reason = facts.pop("reason")
            assert facts == {"table": "kept", "column": column, "row": "2"}, (kept, written)
            said = f"{refused.value.message} {refused.value.facts} {reason}"
            assert "row" not in refused.value.facts
            assert not (value := written.strip("'")) or value not in said

    def test_is_no_type_of_bytes_and_the_like(self, database, source):
        names = keep(database, *((kept, "null") for kept in CLOSED[database.name]))
        opened = source("kept", names)
        for item, _ in names:
            with pytest.raises(SourceUnavailable, match=f"{item} is of a type that is not shared"):
                fetch(opened, items=[item])

    def test_of_an_encoding_the_server_does_not_know(self, database, caplog):
        if database.name != "postgresql":
            return
        with database.admin.connect() as connection:
            raw = connection.execution_options(isolation_level="AUTOCOMMIT")
            raw.execute(
                text("create database old encoding 'SQL_ASCII' template template0 locale 'C'")
            )
        url = database.admin.url.set(database="old")
        admin = create_engine(
            url.update_query_dict({"client_encoding": "utf8"}), poolclass=NullPool
        )
        with admin.begin() as connection:
            connection.exec_driver_sql("create table kept (id int primary key, v text)")
            connection.exec_driver_sql("insert into kept values (1, 'ok'), (2, E'\\xd5\\xc5')")
        old = make_url(database.url).set(database="old").render_as_string(hide_password=False)
        opened = SqlSource(old, "kept", {"V": "v"}, "id")
        with pytest.raises(SourceUnavailable), caplog.at_level(logging.WARNING):
            fetch(opened)
        opened.close()
        assert [record.facts["row"] for record in caplog.records] == ["2"]


WORDS = (
    *("abc", "ABC", "abc ", "a%c", "a_c", "a/c", "a\\c", "", "ss", "ß", "é", "e\u0301", "e"),
    *("张三", "张三丰", "張三", "𠮷田", "Å", "A\u030a", "\u212b", "0", "00", " x"),
)
COLUMNS = {
    "postgresql": ["text", "varchar(20)", 'text collate "folded"', "word"],
    "mysql": [
        "varchar(20)",
        "text",
        "varchar(20) collate utf8mb4_unicode_ci",
        "varchar(20) collate utf8mb4_bin",
    ],
    "sqlite": ["text", "text collate nocase", "text collate rtrim"],
}


class TestText:
    """Filters compare as Python does, whatever the column's collation."""

    def test_is_compared_code_point_by_code_point(self, database, source):
        kinds = COLUMNS[database.name]
        if database.name == "postgresql":
            database.run(
                "create collation folded "
                "(provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
                "create domain word as varchar(20)",
            )
        columns = ", ".join(f"v{n} {kept}" for n, kept in enumerate(kinds))
        database.run(
            "drop table if exists words", f"create table words (id integer primary key, {columns})"
        )
        with database.admin.begin() as connection:
            for n in range(len(kinds)):
                rows = [{"id": i, "v": word} for i, word in enumerate(WORDS)]
                change = f"update words set v{n} = :v where id = :id"  # noqa: S608 - ours
                one = text(change if n else "insert into words (id, v0) values (:id, :v)")
                connection.execute(one, rows)
        names = [("ID", "id"), *((f"V{n}", f"v{n}") for n in range(len(kinds)))]
        opened = source("words", names)
        for item, _ in names[1:]:
            for word in WORDS:
                for operator, holds in _meaning(word):
                    value = (word, "no such") if operator == "in" else word
                    found = fetch(opened, Condition(item, operator, value), items=["ID"])
                    expected = [n for n, kept in enumerate(WORDS) if holds(kept)]
                    assert [row["ID"] for row in found] == expected, (item, operator, word)

    def test_of_gbk_is_found_whatever_is_asked(self, database, source):
        if database.name != "mysql":
            return
        keep(database, ("varchar(20) character set gbk", "'张三'"))
        opened = source("kept")
        assert fetch(opened, Condition("V", "eq", "张三")) == [{"V": "张三"}]
        assert fetch(opened, Condition("V", "prefix", "张")) == [{"V": "张三"}]
        for absent in ("𠮷", "张", "é"):
            assert fetch(opened, Condition("V", "eq", absent)) == []


def _meaning(word):
    """Yield each operator with what it means for a text that is kept."""
    normal = unicodedata.normalize("NFC", word)
    both = (word, normal, unicodedata.normalize("NFD", word))
    yield "eq", lambda kept: kept in both
    yield "in", lambda kept: kept in both
    yield "ge", lambda kept: kept >= normal
    yield "le", lambda kept: kept <= normal
    if word:
        yield "prefix", lambda kept: kept.startswith(both)


class TestIndexes:
    def test_of_the_column_serve_exact_filters_of_text(self, database, source, monkeypatch):
        rows = [f"{n}, '{'w张'[n % 2]}{n}'" for n in range(3_000)]
        remake(database, "many", "id integer primary key, v varchar(20)", rows)
        pattern = " varchar_pattern_ops" if database.name == "postgresql" else ""
        analyze = "analyze table" if database.name == "mysql" else "analyze"
        database.run(
            "create index many_v on many (v)",
            f"create index many_p on many (v{pattern}, id)",
            f"{analyze} many",
        )
        opened, sent = source("many"), []

        def run(compiled, values, *, run=Compiled.run):
            sent.append((compiled.text, compiled.parameters(values)))
            return run(compiled, values)

        monkeypatch.setattr(Compiled, "run", run)
        asked: list[tuple[str, Any]] = [("eq", "w76"), ("eq", "张77"), ("in", ("w76",))]
        # SQLite may take a prefix for half the table.
        asked += [("prefix", "张77")] if database.name != "sqlite" else []
        for operator, value in asked:
            fetch(opened, Condition("V", operator, value))
            statement, parameters = sent[-1]
            explain = "explain query plan " if database.name == "sqlite" else "explain "
            with opened.engine.connect() as connection:
                plan = connection.exec_driver_sql(explain + statement, _as_one(parameters)).all()
            assert re.search(r"many_[vp]", str(plan)), (operator, value, plan)


def _as_one(parameters):
    """Return a driver's parameters as SQLAlchemy takes those of one row."""
    return tuple(parameters) if isinstance(parameters, list) else parameters


class TestFloats:
    def test_are_found_by_what_they_are_rounded_to_and_by_nothing_else(self, database, source):
        numbers = (
            "0.145",
            "0.1449999",
            "0.135",
            "-0.145",
            "-0.005",
            "0",
            "0.004999",
            "1.005",
            "-2",
        )
        single = "float" if database.name == "mysql" else "real"
        remake(
            database,
            "kept",
            f"id integer primary key, v double precision, v1 {single}",
            [f"{n}, {number}, {number}" for n, number in enumerate(numbers)],
        )
        opened = source("kept", (("V", "v"), ("V1", "v1")))
        for item in ("V", "V1"):
            asked = {"items": [item], "scales": {item: 2}}
            served = [row[item] for row in fetch(opened, **asked)]
            assert served == [
                *("0.15", "0.14", "0.14", "-0.15", "-0.01", "0.00", "0.00", "1.01", "-2.00")
            ]
            for value in {*served, "0.16"}:
                for operator, holds in (
                    ("eq", float.__eq__),
                    ("ge", float.__ge__),
                    ("le", float.__le__),
                ):
                    rows = fetch(opened, Condition(item, operator, value), **asked)
                    expected = [each for each in served if holds(float(each), float(value))]
                    assert [row[item] for row in rows] == expected, (operator, value)


class TestNumbers:
    def test_beyond_what_a_column_can_hold_are_not_found(self, database, source):
        kinds = ("integer", "smallint", "numeric(5, 2)", "double precision")
        names = keep(database, *((kept, "7") for kept in kinds))
        opened = source("kept", names)
        for item, _ in names:
            for value in (str(2**62), str(-(2**62)), 70_000):
                assert fetch(opened, Condition(item, "eq", value)) == []
            with pytest.raises(MalformedFilter):
                fetch(opened, Condition(item, "eq", "1e999999"))

    def test_of_many_digits_are_compared_exactly(self, database, source):
        if database.name == "sqlite":
            return
        served = "1234567890123456789012345678.0000000001"
        keep(database, ("numeric(38, 10)", served))
        opened = source("kept")
        for operator, value, rows in (
            ("eq", served, 1),
            ("eq", served[:-1] + "2", 0),
            ("le", served[:-1] + "0", 0),
            ("ge", served[:-1] + "1", 1),
        ):
            assert len(fetch(opened, Condition("V", operator, value))) == rows, (operator, value)


class TestMoments:
    def test_in_sqlite_are_found_however_they_are_written(self, database, source):
        if database.name != "sqlite":
            return
        ways = ("2026-02-27 10:05", "2026-02-27T10:05:00", "2026-02-27 10:05:00.000")
        others = ("2026-02-27 10:04:59.999999", "2026-02-27 10:05:00.000001", "2026-02-27")
        rows = [f"{n}, '{way}'" for n, way in enumerate((*ways, *others))]
        remake(database, "kept", "id integer primary key, v datetime", rows)
        opened = source("kept")
        rows = fetch(opened, Condition("V", "eq", "2026-02-27T10:05:00"))
        assert rows == [{"V": "2026-02-27T10:05:00"}] * 3
        assert len(fetch(opened, Condition("V", "ge", "2026-02-27T10:05"))) == 4
        assert len(fetch(opened, Condition("V", "le", "2026-02-27 10:05:00"))) == 5
        day = fetch(opened, Condition("V", "eq", "2026-02-27"))
        assert day == [{"V": "2026-02-27T00:00:00"}]

    def test_with_a_zone_are_found_in_any_zone_and_without_one_in_beijing_time(
        self, database, source
    ):
        column = getattr(CASES["带时区"], database.name)
        if column is None:
            return
        keep(database, column)
        opened = source("kept")
        for asked in ("2026-02-27T02:05:00Z", "2026-02-27T10:05:00", "2026-02-27T03:05:00+01:00"):
            assert len(fetch(opened, Condition("V", "eq", asked))) == 1, asked
        assert fetch(opened, Condition("V", "eq", "2026-02-27T02:05:00")) == []

    def test_without_a_zone_are_not_compared_with_one_that_has(self, database, source):
        keep(database, getattr(CASES["日期时间"], database.name))
        with pytest.raises(MalformedFilter):
            fetch(source("kept"), Condition("V", "eq", "2026-02-27T10:05:00+08:00"))


class TestTheKey:
    @pytest.mark.parametrize(
        ("rows", "named"),
        [(("'a', '1'", "'b', '2'", "'a', '3'"), "a"), (("'a', '1'", "null, '2'"), None)],
    )
    def test_that_is_not_unique_or_null_is_refused_when_the_table_is_met(
        self, database, source, rows, named, caplog
    ):
        remake(database, "twice", "id varchar(9), v varchar(9)", rows)
        opened = source("twice")
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                with pytest.raises(SourceUnavailable, match="not unique"):
                    fetch(opened, size=1)
        # The whole table is read once a minute at most, whoever calls.
        assert [record.facts.get("row") for record in caplog.records] == [named]

    def test_that_becomes_twice_at_a_pages_end_is_refused(self, database, source):
        remake(database, "twice", "id varchar(9), v varchar(9)", ("'a', '1'", "'b', '2'"))
        opened = source("twice")
        assert len(fetch(opened, size=2)) == 2
        database.run("insert into twice values ('b', '3')")
        with pytest.raises(SourceUnavailable, match="not unique"):
            fetch(opened, size=2)

    @pytest.mark.parametrize("kept", ["varchar(9)", "char(9)", "integer"])
    def test_leads_through_all_pages(self, database, source, kept):
        keys = [str(n - 4) for n in range(9)]
        if kept != "integer":
            keys = [f"'{'aA'[n % 2]}{n // 2}'" for n in range(9)]
        exact = " collate utf8mb4_bin" if database.name == "mysql" and kept != "integer" else ""
        rows = [f"{key}, {n}" for n, key in enumerate(keys)]
        remake(database, "paged", f"id {kept}{exact} primary key, v integer", rows)
        opened, seen, after = source("paged"), [], None
        while True:
            page = opened.fetch(SourceQuery(("V",), (), 2, after))
            seen += [row["V"] for row in page.rows]
            after = page.last
            if after is None:
                break
        assert sorted(seen) == list(range(9))


class TestASession:
    def test_writes_nothing(self, database):
        keep(database, ("integer", "1"))
        url = database.admin.url.render_as_string(hide_password=False)
        admin = SqlSource(url, "kept", {"V": "v"}, "id")
        for statement in ("insert into kept values (3, 3)", "delete from kept", "drop table kept"):
            with pytest.raises(SQLAlchemyError), admin.engine.begin() as connection:
                connection.exec_driver_sql(statement)
        admin.close()

    def test_ends_a_statement_that_takes_too_long(self, database, source):
        endless = {
            "postgresql": "select 1 as id, cast(pg_sleep(60) as text) as v",
            "mysql": "select 1 as id, sleep(60) as v",
            "sqlite": "with recursive n(x) as (select 1 union all select x + 1 from n) "
            "select 1 as id, max(x) as v from n",
        }[database.name]
        database.run("drop view if exists endless", f"create view endless as {endless}")
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable) as refused:
            fetch(source("endless", seconds=0.3))
        assert re.search("timeout|max_statement_time|interrupted", str(refused.value.__cause__))
        assert time.monotonic() - begun < 30  # of 60: both proofs of the key are ended, too


def test_kingbase_speaks_through_its_own_driver_to_a_server_of_its_kind(database):
    """A PostgreSQL: no KingbaseES is to be had here."""
    if database.name != "postgresql":
        return
    keep(database, ("numeric(12, 2)", "60.5"))
    url = make_url(database.url).set(drivername="kingbase")
    opened = SqlSource(url.render_as_string(hide_password=False), "kept", {"V": "v"}, "id")
    assert fetch(opened, Condition("V", "eq", "60.50")) == [{"V": "60.50"}]
    opened.close()


def test_what_kingbase_calls_itself_is_taken_for_the_postgresql_it_behaves_like():
    class Server:
        """What SQLAlchemy asks of a connection to learn the version."""

        def exec_driver_sql(self, _statement):
            return self

        def scalar(self):
            return "KingbaseES V009R001C002 on x86_64-linux, compiled by gcc, 64-bit"

    assert DialectKingbase()._get_server_version_info(Server()) == LIKE_POSTGRESQL


def test_no_case_is_without_an_engine():
    assert all(any(getattr(case, engine) for engine in ENGINES) for case in CASES.values())


class Declared(NamedTuple):
    """An item of an entry."""

    code: str
    type: str = "字符型C"
    scale: int | None = None
    nullable: bool = True


class TestFitness:
    """What an operator is told of a source before the first call."""

    @staticmethod
    def remarks(opened, *items):
        return {each.code: each for each in examine(opened, items or None)}

    def test_is_said_of_a_source_that_is_as_declared(self, database, source):
        date = getattr(CASES["日期"], database.name)
        keep(database, ("numeric(12, 2)", "60.5"), date, ("varchar(9)", "'x'"))
        opened = source("kept", (("MJ", "v"), ("CSRQ", "v1"), ("XM", "v2")))
        items = Declared("MJ", "数值型N", 2), Declared("CSRQ", "日期型D"), Declared("XM")
        assert self.remarks(opened, *items) == {}
        assert self.remarks(opened) == {}

    def test_names_what_the_entry_says_otherwise(self, database, source):
        keep(database, ("varchar(9)", "'7'"), ("numeric(12, 3)", "1"), ("varchar(9)", "'x'"))
        opened = source("kept", (("NL", "v"), ("MJ", "v1"), ("XM", "v2")))
        found = self.remarks(
            opened,
            Declared("NL", "整型I"),
            Declared("MJ", "货币型Y", 2, nullable=False),
            Declared("DH"),
        )
        assert not any(each.fatal for each in found.values())
        assert {code: each.names for code, each in found.items() if code != "type"} == {
            "no-column": ("DH",),
            "no-item": ("XM",),
            "nullable": ("MJ",),
            # SQLite's columns have a scale by name only.
            **({} if database.name == "sqlite" else {"scale": ("MJ",)}),
        }
        assert found["type"].names[0].startswith("NL 整型I（VARCHAR(9")

    def test_tells_an_account_that_may_write_from_one_that_may_not(self, database):
        keep(database, ("integer", "1"))
        url = database.admin.url.render_as_string(hide_password=False)
        opened = SqlSource(url, "kept", {"V": "v"}, "id")
        # SQLite is opened for reading, whatever the file allows.
        assert set(self.remarks(opened)) == (set() if database.name == "sqlite" else {"writes"})
        opened.close()

    def test_is_not_said_of_a_key_of_two_rows_a_closed_type_and_a_value_that_is_none(
        self, database, source
    ):
        closed = CLOSED[database.name][0]
        dirty, written = REFUSED[database.name][0]
        rows = (f"'a', null, {written}", f"'b', null, {written}")
        remake(database, "twice", f"id varchar(9), v {closed} null, v1 {dirty}", rows)
        found = self.remarks(source("twice", (("FJ", "v"), ("RQ", "v1"))))
        assert set(found) == {"closed", "row"}
        assert found["closed"].names == ("FJ",)
        assert found["row"].names == ("RQ",)
        assert written.strip("'") not in found["row"].detail
        remake(database, "twice", "id varchar(9), v varchar(9)", ("'a', '1'", "'a', '2'"))
        found = self.remarks(source("twice"))
        assert set(found) == {"key"}
        assert found["key"].detail.endswith(": a")
        assert found["key"].fatal

    def test_is_not_proven_of_a_view_too_large_to_look_through_in_time(self, database, source):
        many = (
            "with recursive n(x) as (select 1 union all select x + 1 from n where x < 100000000) "
            "select x as id, 'v' as v from n"
        )
        if database.name == "mysql":
            many = "select seq as id, 'v' as v from seq_1_to_1000000000"
        database.run("drop view if exists endless", f"create view endless as {many}")
        found = source("endless", seconds=0.2).key_fault(source("endless").reflect())
        database.run("drop view endless")
        assert found is not None
        assert not found.refused

    def test_raises_where_there_is_no_such_table(self, source):
        with pytest.raises(SourceUnavailable):
            self.remarks(source("no_such_table"))
