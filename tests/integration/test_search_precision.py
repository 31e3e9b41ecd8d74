"""Fifty queries over real catalogues, against what was judged by reading.

`search_judgements.json` holds for each query the entries judged relevant, each with the beginning
of its title's SM3, and the others that were looked at. Pooled were the first fifteen of this
search, of a plain search for each word, and of all pairs of characters by BM25, and whatever the
search has brought since; what is in no pool counts as not relevant. Relevant is what is about the
thing asked for, or is a table that holds it, in the place asked for. The folder comes from
`SHARELEDGER_REAL_DATA`; unset, these tests are skipped by name.
"""

from __future__ import annotations

import csv
import json
import os
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.crypto import sm3
from tests.common.indexes import entry, searching

FOLDER = os.environ.get("SHARELEDGER_REAL_DATA")
JUDGED = json.loads(Path(__file__).with_name("search_judgements.json").read_text("utf-8"))
FIRST = 10
PRECISION = 0.95
ITEMS = re.compile(r"[、,，；;\n\t]|\\r\\n")

pytestmark = [
    pytest.mark.skipif(FOLDER is None, reason="SHARELEDGER_REAL_DATA is not set"),
]


@dataclass(frozen=True)
class Source:
    """A real catalogue: its file, and the headings of what is searched."""

    name: str
    file: str
    encoding: str
    number: str
    title: str
    abstract: str
    items: str
    provider: str


OPEN_DATA = {
    "number": "編號",
    "title": "資料名稱",
    "abstract": "資料集描述",
    "provider": "資料集提供機關",
}
CREDIT = {
    "number": "序号",
    "title": "信息资源名称",
    "abstract": "备注",
    "items": "",
    "provider": "提供方(文档)",
}
SOURCES = (
    Source(
        "taoyuan",
        "taoyuan-2018/taoyuan_2018-A_utf8.csv",
        "utf-8-sig",
        items="主要欄位",
        **OPEN_DATA,
    ),
    Source(
        "taipei", "taipei-2018/taipei_2018-07_big5.csv", "cp950", items="主要欄位說明", **OPEN_DATA
    ),
    Source("ny", "credit-catalogues/ny-resourcecatalog.csv", "utf-8-sig", **CREDIT),
    Source("yibin", "credit-catalogues/yibin-resourcecatalog.csv", "utf-8-sig", **CREDIT),
)


def bodies():
    for source in SOURCES:
        path = Path(FOLDER or "", source.file)
        with path.open(encoding=source.encoding, errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                items = [part.strip() for part in ITEMS.split(row.get(source.items, ""))]
                yield entry(
                    f"{source.name}/{row[source.number]}",
                    row[source.title],
                    [item for item in items if item] or ["x"],
                    abstract=row[source.abstract] or row[source.title],
                    provider=row[source.provider] or "部门",
                )


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    with searching(tmp_path_factory.mktemp("precision"), bodies()) as found:
        yield found.search


@pytest.fixture(scope="module")
def found(search):
    """The first ten codes for each query."""
    return {
        each["query"]: [hit.code for hit in search(each["query"], limit=FIRST)] for each in JUDGED
    }


def precision(found, judged):
    """Relevant among the first ten, of ten or of all there are."""
    relevant = judged["relevant"]
    hits = sum(code in relevant for code in found[judged["query"]])
    return hits / min(FIRST, len(relevant))


def test_the_titles_are_those_that_were_judged():
    titles = {body.code: sm3(body.name.encode()).hex()[:8] for body in bodies()}
    for each in JUDGED:
        assert {code: titles.get(code) for code in each["relevant"]} == each["relevant"]


def test_the_queries_are_fifty_ten_long_ten_in_the_other_script():
    kinds = [each["kind"] for each in JUDGED]
    assert len({each["query"] for each in JUDGED}) == 50
    assert kinds.count("long") == kinds.count("other script") == 10
    assert all(len(each["query"]) > 12 for each in JUDGED if each["kind"] == "long")
    assert all(each["relevant"] for each in JUDGED)


def test_of_the_first_ten_nearly_all_are_relevant(found):
    each = {judged["query"]: precision(found, judged) for judged in JUDGED}
    assert statistics.mean(each.values()) >= PRECISION, each


def test_no_query_finds_nothing_relevant(found):
    assert [judged["query"] for judged in JUDGED if not precision(found, judged)] == []


def test_what_is_found_was_judged(found):
    seen = {each["query"]: {*each["relevant"], *each["other"]} for each in JUDGED}
    unseen = {query: set(codes) - seen[query] for query, codes in found.items()}
    assert {query: codes for query, codes in unseen.items() if codes} == {}
