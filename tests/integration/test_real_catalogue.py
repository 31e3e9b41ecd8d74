"""A real city's open-data catalogue by command line, and a real table served behind one entry.

The folder comes from `SHARELEDGER_REAL_DATA`; unset, these tests are skipped by name.
"""

from __future__ import annotations

import csv
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.errors import LedgerError
from node.protocol import forms as documents
from node.protocol.ledger.enums import EntryState
from node.protocol.wire import ids
from tests.common import papers
from tests.common.nodes import (
    PASSWORD,
    NodeTown,
    until,
)
from tests.common.shell import Done, invoke

FOLDER = os.environ.get("SHARELEDGER_REAL_DATA")
MAPPING = Path(__file__).parent / "mappings" / "taoyuan.toml"
TABLE = "taoyuan_2018-A_utf8.csv"
LATER = "taoyuan_2018-B_utf8.csv"
"""Four months later, where the folder has it."""
CHANGED_LATER = 671
"""Entries whose name, theme, description, cycle, formats or fields differ between the two; one more
has an address longer than any name among its fields, and cannot be filed."""
ENTRIES = 1_429
DISTRICTS = 2_978
INDEXED_SECONDS = 120.0
DIVISIONS = "tycg/497b7832-f385-4b82-84e9"
"""行政區代碼及名稱對照資料: code and name of each administrative division."""
BATCHES = 3
SOME = 150
"""Rows filed in every run, besides those that are searched for; all of them in the long one."""
FOUND = {"登革": "桃園市登革熱確診個案分布", "行政區代碼": "行政區代碼及名稱對照資料"}
TWENTY = slice(0, 21)
"""Rows: the headings and the first twenty entries."""
CAP = 100_000_000
"""Most gas the embedded chain takes in one transaction."""

pytestmark = [
    pytest.mark.skipif(FOLDER is None, reason="SHARELEDGER_REAL_DATA is not set"),
]


def data(*parts: str) -> Path:
    """A file of the real data; set but missing fails."""
    path = Path(FOLDER or "").joinpath(*parts)
    assert path.is_file(), f"SHARELEDGER_REAL_DATA names a folder without {path}"
    return path


def read_table() -> list[list[str]]:
    with data("taoyuan-2018", TABLE).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def write_table(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def few() -> list[list[str]]:
    """Return the headings, the first entries and those that are searched for."""
    heads, *rows = read_table()
    named = heads.index("資料名稱")
    return [heads, *rows[:SOME], *(row for row in rows[SOME:] if row[named] in FOUND.values())]


@cache
def filing(name):
    return file_table(
        data("taoyuan-2018", name),
        load_mapping(str(MAPPING)),
        department=papers.POLICE,
        next_version=lambda _code: 1,
    )


@pytest.mark.parametrize(
    "name", [TABLE, pytest.param("taoyuan_2018-A.xlsx", marks=pytest.mark.long)]
)
def test_every_entry_of_the_city_can_be_filed(name):
    filed = filing(name)
    assert (len(filed.documents), filed.problems) == (ENTRIES, [])


def test_the_real_provider_stands_in_the_document_and_the_items_are_numbered():
    body = documents.parse(filing(TABLE).documents[0]).body
    assert body.provider == "社會局"
    assert [item.code for item in body.items] == ["F001", "F002", "F003", "F004", "F005"]


@dataclass
class RealCity:
    """The city's catalogue on a running node, everything decided by command line."""

    town: NodeTown
    folder: Path
    table: Path
    """What was filed, as many entries as `entries`."""
    entries: int
    submitted: Done
    reviewed: Done

    @property
    def node(self):
        return self.town.node

    def run(self, *arguments: object, key: str | None = None) -> Done:
        return run(self.folder, *arguments, key=key)

    def catalogue(self, table: Path, department: str, key: str, *more: str) -> Done:
        filing = ("catalogue", "import", table, department, "--mapping", MAPPING)
        return self.run(*filing, *more, key=key)

    def states(self, department: str) -> list[int]:
        """State of each entry's current version."""
        found: list[int] = []
        after = b""
        owner = ids.department_id(department)
        while page := self.node.queries.list_entries(provider=owner, after=after):
            found += [entry.state for entry in page]
            after = page[-1].entry
        return found


def run(folder: Path, *arguments: object, key: str | None = None) -> Done:
    signing = () if key is None else ("--key", folder / key, "--password-file", folder / "password")
    return invoke(*arguments, "--config", folder / "node.toml", *signing)


def load_divisions(path: Path) -> None:
    """Load the real table into a real database, as its department would have it."""
    with data("divisions", "modood_areas.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["code"], row["name"]) for row in csv.DictReader(file)]
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table divisions (code text primary key, name text not null)")
        database.executemany("insert into divisions values (?, ?)", rows)
        database.commit()


@pytest.fixture(
    scope="module",
    params=["some", pytest.param("all", marks=pytest.mark.long)],
)
def city(request, tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("real")
    load_divisions(folder / "divisions.db")
    source = {
        "entry": DIVISIONS,
        "url": f"sqlite:///{folder / 'divisions.db'}",
        "table": "divisions",
        "key": "code",
        "columns": {"F001": "code", "F002": "name"},
    }
    with moulds.founded(folder, sources=[source]) as town:
        keys = {
            "head.key": town.keys.heads[papers.POLICE],
            "office.key": town.keys.office[papers.POLICE],
            "reviewer.key": town.keys.reviewer,
            "consumer.key": town.keys.office[papers.EDUCATION],
            "other-head.key": town.keys.heads[papers.EDUCATION],
        }
        for name, signer in keys.items():
            signer.save(folder / name, PASSWORD)
        rows = read_table() if request.param == "all" else few()
        table, entries = write_table(folder / TABLE, rows), len(rows) - 1
        batch = -(-entries // BATCHES)
        filed = ("catalogue", "import", table, papers.POLICE, "--mapping", MAPPING)
        submitted = run(folder, *filed, "--batch", batch, key="head.key")
        said = ("--reviewer", "沈知行", "--opinion", "已按条例审核", "--batch", batch)
        review = ("catalogue", "review", papers.CENTRE, "--all", *said)
        reviewed = run(folder, *review, key="reviewer.key")
        yield RealCity(town, folder, table, entries, submitted, reviewed)


def gas(done: Done) -> list[int]:
    return [int(each) for each in re.findall(r"gas (\d+)", done.output)]


@pytest.mark.chain
class TestTheWholeCatalogue:
    def test_is_filed_and_published_in_batches_with_one_signature_each(self, city):
        assert (city.submitted.code, city.reviewed.code) == (0, 0), (city.submitted, city.reviewed)
        assert city.submitted.output.startswith(f"{city.entries} 个目录可报送，0 个没有变化")
        for done in (city.submitted, city.reviewed):
            assert len(gas(done)) == BATCHES
            assert max(gas(done)) < CAP
        published = [EntryState.PUBLISHED] * city.entries
        assert until(lambda: city.states(papers.POLICE) == published, INDEXED_SECONDS)

    @pytest.mark.parametrize(("words", "name"), FOUND.items())
    def test_is_found_by_words_of_two_characters_and_more(self, city, words, name):
        search = city.node.search.search
        until(lambda: name in {hit.name for hit in search(words, limit=100)}, INDEXED_SECONDS)
        found = city.run("catalogue", "search", words)
        assert name in found.output

    def test_is_left_alone_when_it_is_filed_again(self, city):
        again = city.catalogue(city.table, papers.POLICE, "head.key")
        assert again.code == 0
        assert again.output == f"0 个目录可报送，{city.entries} 个没有变化（不再报送），0 处有误\n"

    @pytest.mark.skipif(
        not (FOLDER and Path(FOLDER, "taoyuan-2018", LATER).is_file()),
        reason=f"there is no second snapshot {LATER}",
    )
    def test_of_the_next_snapshot_only_what_changed_is_filed(self, city):
        """As counted in the two files by the ids in the links, without any of our code."""
        if city.entries != ENTRIES:
            pytest.skip("an excerpt was filed")
        later = data("taoyuan-2018", LATER)
        done = city.catalogue(later, papers.POLICE, "head.key", "--dry-run")
        counted = dict(re.findall(r"^(新增|变更|本表已没有) (\d+) 个：", done.output, re.MULTILINE))
        assert (counted["新增"], counted["本表已没有"]) == ("35", "20")
        assert int(counted["变更"]) == CHANGED_LATER

    def test_gets_a_second_version_of_what_changed_and_of_nothing_else(self, city, tmp_path):
        rows = read_table()[TWENTY]
        abstract = rows[0].index("資料集描述")
        row = rows[7]
        row[abstract] += "（每週更新）"
        table = write_table(tmp_path / "changed.csv", rows)
        changed = city.catalogue(table, papers.POLICE, "head.key")
        assert changed.code == 0
        assert changed.output.startswith("1 个目录可报送，19 个没有变化")
        waiting = city.node.queries.list_pending(ids.department_id(papers.CENTRE))
        assert [each.version for each in waiting] == [2]
        # While it waits, the same file holds nothing new; another change must wait its turn.
        again = city.catalogue(table, papers.POLICE, "head.key")
        assert again.output.startswith("0 个目录可报送，20 个没有变化")
        row[abstract] += "。"
        blocked = city.catalogue(write_table(table, rows), papers.POLICE, "head.key")
        assert blocked.code == 1
        assert "第 2 版还在审核，审核之后才能报送改动" in blocked.output


@pytest.mark.chain
class TestBadRows:
    @pytest.fixture
    def table(self, tmp_path):
        """Ten rows of the city's, three of them spoilt."""
        rows = read_table()[:11]
        heads = {heading: index for index, heading in enumerate(rows[0])}
        rows[2][heads["資料名稱"]] = ""
        rows[5][heads["資料連結網址"]] = "沒有編號"
        rows[7][heads["主要欄位"]] = ""
        return write_table(tmp_path / "spoilt.csv", rows)

    def test_are_each_reported_with_row_column_and_reason_and_nothing_is_filed(self, city, table):
        refused = city.catalogue(table, papers.EDUCATION, "other-head.key")
        assert refused.code == 1
        *problems, counted = refused.output.splitlines()
        assert {line.partition("：")[0] for line in problems} == {
            "B3「資料名稱」",
            "G6「資料連結網址」",
            "F8「主要欄位」",
        }
        assert all(line.partition("：")[2] for line in problems)
        assert counted == f"7 个目录可报送，0 个没有变化（不再报送），{len(problems)} 处有误"
        assert refused.errors.startswith("[malformed-table] 表格中有不合格的行：")
        assert refused.errors.count("\n") == 1
        assert city.states(papers.EDUCATION) == []

    def test_are_left_out_when_only_the_others_are_wanted(self, city, table):
        partly = city.catalogue(table, papers.EDUCATION, "other-head.key", "--partial")
        assert partly.code == 0
        assert city.states(papers.EDUCATION) == [EntryState.SUBMITTED] * 7


FORM = f"""
department = "{papers.EDUCATION}"
items = ["F001", "F002"]
mode = "服务接口"
validFrom = 2020-01-01
validUntil = 2099-12-31
callsPerDay = 1000
rowsPerDay = 100000
scenario = "核验户籍所在地"
scope = "市本级"
security = "专网"
entry = {{ department = "{papers.POLICE}", code = "{DIVISIONS}" }}
purpose = {{ code = "RXHY", name = "入学资格核验" }}
application = {{ code = "ZHSX", name = "智慧升学" }}
basis = [{{ title = "中华人民共和国义务教育法", article = "第十二条" }}]
handler = {{ name = "赵敏", phone = "0317-0000003" }}
"""


@pytest.fixture(scope="module")
def authorisation(city):
    """The number of an authorisation for the divisions, agreed to at once by a standing reply."""
    quota = ("--calls-per-day", 1000, "--rows-per-day", 100_000)
    standing = ("catalogue", "standing-reply", papers.POLICE, DIVISIONS, *quota)
    assert city.run(*standing, key="office.key").code == 0
    form = city.folder / "form.toml"
    form.write_text(FORM, encoding="utf-8")
    applied = city.run("authorisation", "apply", form, key="consumer.key")
    assert "：已同意" in applied.output, applied
    return int(applied.found("授权").rstrip("：已同意"))


@pytest.mark.chain
def test_a_real_table_is_served_behind_its_entry_and_every_receipt_verified(city, authorisation):
    query = {
        "purpose": "RXHY",
        "items": ["F001", "F002"],
        "operator": "李老师",
        "matter": "2026-0001",
        "size": 1_000,
    }

    def first(client):
        try:
            return client.query(authorisation, **query, where={"F002": {"eq": "东城区"}})
        except LedgerError as error:
            if error.retryable:
                return None
            raise

    with city.town.client() as client:
        assert until(lambda: first(client)).rows == [{"F001": "110101", "F002": "东城区"}]
        pages = list(client.pages(authorisation, **query))
        receipt = client.wait_anchored(pages[-1].receipt)
    with data("divisions", "modood_areas.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = [{"F001": row["code"], "F002": row["name"]} for row in csv.DictReader(file)]
    served = [row for page in pages for row in page.rows]
    assert len(served) == DISTRICTS
    assert served == sorted(expected, key=lambda row: row["F001"])
    assert receipt.anchored is not None
