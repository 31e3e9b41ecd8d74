"""docs/sources.zh-CN.md: its settings are read, its drivers are met, its line is the log's."""

from __future__ import annotations

import logging
import re
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import CHAR, Column, DateTime, Integer, MetaData, Numeric, String, Table

from api.operating.journal import Line
from api.settings import SourceSettings
from node.service.needs import Condition, SourceQuery
from node.service.sources import SqlSource

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources.zh-CN.md").read_text("utf-8")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
URLS = {
    url.partition(":")[0]: url.translate(str.maketrans({"账": "a", "口": "p", "主": "h"}))
    for url in re.findall(r"\| `(\w[\w+]*://[^`]*)` \|", PAGE)
}


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_its_settings_are_read():
    given = tomllib.loads(block("toml"))["departments"]["sources"][0]
    assert given == SourceSettings.model_validate(given).model_dump()


@pytest.mark.parametrize("driver", URLS)
def test_its_drivers_are_met_at_its_addresses(driver):
    if driver == "kingbase":
        pytest.importorskip("ksycopg2", reason="ksycopg2 has no wheel for this Python")
    opened = SqlSource(URLS[driver], "t", {}, "id")
    assert opened.engine.dialect.driver
    opened.close()


def test_its_commands_install_what_there_is():
    named = re.findall(r"pip install 'shareledger\[(\w+)\]'", PAGE)
    assert set(named) == EXTRAS.keys() - {"dev", "s3"}  # `s3` is no source's (operations)
    assert f"shareledger[{','.join(named)},s3]" in EXTRAS["dev"]


def test_its_line_of_the_operational_log_is_what_is_written():
    line = next(each for each in PAGE.splitlines() if " source-unfit table=" in each)
    members = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))
    record = logging.makeLogRecord(
        {"msg": "source-unfit", "levelname": "WARNING", "levelno": logging.WARNING}
    )
    record.facts = {name: value.strip('"') for name, value in members.items()}
    assert Line().format(record).partition(" ")[2] == line.partition(" ")[2]
    assert list(members) == ["table", "column", "reason", "row"]


def test_dameng_is_asked_by_its_makers_dialect():
    """As far as that goes without a server: what would be sent."""
    opened = SqlSource(URLS["dm"], "app.t", {"A": "a", "B": "b", "C": "c", "D": "d"}, "id")
    table = Table(
        "t",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("a", String(9)),
        Column("b", Numeric(12, 2)),
        Column("c", DateTime()),
        Column("d", CHAR(8)),
        schema="app",
    )
    opened.reflect = lambda: table  # type: ignore[method-assign]
    conditions = (
        Condition("A", "prefix", "张_"),
        Condition("B", "ge", "1.5"),
        Condition("C", "eq", "2026-02-27T10:05:00"),
        Condition("D", "in", ("a", "b")),
    )
    opened.bind()
    statement, bound = opened._prepared(SourceQuery(("A", "D"), conditions, 10, 5))
    sent = " ".join(str(statement.statement.compile(dialect=opened.engine.dialect)).split())
    assert sent == (
        "SELECT app.t.a AS c0, app.t.d AS c1, app.t.id AS page_key FROM app.t WHERE "
        "app.t.a LIKE ? ESCAPE '/' AND app.t.b >= ? AND app.t.c = ? AND app.t.d IN (?, ?) "
        "AND app.t.id > ? ORDER BY app.t.id FETCH FIRST ? ROWS ONLY"
    )
    assert bound["v0_0_0"] == "张/_%"
    opened.close()
