"""Catalogue search at 100,000 entries: queries from rare to common words, long, filtered.

Entries are synthetic, from one seed. The p99 is over all queries, each timed on an open database;
processor time stands beside it, which other load does not touch. On a PostgreSQL server
(`python -m bench.search 100000 postgresql`: one of the bench's own) it is this process's alone.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from node.documents.finding import ANYTHING, Filters
from node.documents.search import BATCH, CatalogueSearch
from node.documents.store import DocumentStore
from node.protocol import forms as documents
from node.storage import postgresql
from node.storage.engines import open_engine
from tests.common.databases import open_database

from .figures import Line, p99, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

ENTRIES = 100_000
ROUNDS = 5
SEED = 20260101
SUBJECTS = (
    "人口", "户籍", "婚姻", "学籍", "教师", "医师", "车辆", "驾驶", "企业", "社保", "医保",
    "低保", "住房", "土地", "林权", "水质", "气象", "道路",
)  # fmt: skip
PLACES = (
    "运河", "新华", "沧县", "泊头", "任丘", "黄骅", "河间", "青县", "东光", "海兴", "盐山",
    "肃宁", "南皮", "吴桥", "献县", "孟村",
)  # fmt: skip
KINDS = (
    "登记信息", "许可信息", "处罚信息", "统计数据", "证照信息", "名录", "台账", "核验接口",
    "年度报告", "检查记录",
)  # fmt: skip
OFFICE = "11130900MB0000001M"
QUERIES: tuple[tuple[str, Filters], ...] = (
    *((query, ANYTHING) for query in (
        "户籍", "登记信息", "信息", "运河 人口", "驾驶 处罚", "水质", "孟村 林权 台账", "数据",
        "00042", "3030", "市局", "信", "核验接口", "年度报告 医保", "不存在的词语",
    )),
    # Long ones no entry holds as they stand, found by their words.
    *((query, ANYTHING) for query in (
        "运河区人口与户籍登记信息查询", "全市企业行政处罚和许可证照", "盐山县医保统计年度数据报表",
        "泊头市道路气象检查情况一览", "管理局按日更新的住房土地台账", "教师及医师资格核验服务接口",
    )),
    # The other script, full width.
    *((query, ANYTHING) for query in (
        "戶籍", "登記信息", "滄縣 醫師 許可", "氣象觀測記錄與水質報告", "００４２",
    )),
    # Filters that nearly all entries pass, some, none.
    ("信息", Filters(department=OFFICE, share_type="无条件共享")),
    ("", Filters(update_cycle="每日", theme="主题")),
    ("户籍", Filters(update_cycle="每周")),
    ("数据", Filters(grade="一般2级", theme="基础")),
    ("运河区人口与户籍登记信息查询", Filters(update_cycle="每周")),
    ("", Filters(grade="重要")),
)  # fmt: skip
"""From words in a few entries to words in nearly all."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; milliseconds."""

    entries: int
    fill_per_second: float
    median: float
    p99: float
    busy: float
    """Processor time, 99th percentile."""
    queries: dict[str, float]
    """Median of each query."""


def measure(entries: int = ENTRIES, store: str = "sqlite") -> Figures:
    """Fill an index, in `store`, and time the queries."""
    with ExitStack() as stack:
        engine = _opened(store, stack)
        DocumentStore(engine)
        search = CatalogueSearch(engine)
        filling = 0.0
        made = ((*each, 0) for each in make_entries(entries))
        while some := [*islice(made, BATCH)]:
            started = time.perf_counter()
            with engine.begin() as connection:
                search.list_versions(connection, some)
            filling += time.perf_counter() - started
        started = time.perf_counter()
        while search.merge():
            pass
        filled = entries / (filling + time.perf_counter() - started)
        times: dict[str, list[float]] = {}
        busy: list[float] = []
        for _ in range(ROUNDS):
            for query, filters in QUERIES:
                clock, processor = time.perf_counter(), time.process_time()
                search.search(query, filters)
                busy.append((time.process_time() - processor) * 1000)
                took = (time.perf_counter() - clock) * 1000
                times.setdefault(
                    " ".join(each for each in (query, *asdict(filters).values()) if each), []
                ).append(took)
    every = [value for values in times.values() for value in values]
    return Figures(
        entries,
        filled,
        statistics.median(every),
        p99(every),
        p99(busy),
        {query: statistics.median(values) for query, values in times.items()},
    )


def _opened(store: str, stack: ExitStack) -> Engine:
    """Open an empty node.db, or the schema that stands for it on a server of its own."""
    if store == "postgresql":
        url = make_url(stack.enter_context(open_database(store, Path())).url)
        address = f"postgresql://admin@{url.host}:{url.port}/{url.database}", None
        postgresql.prepare(address, ["node"])
        engine = postgresql.open_schema(address, "node")
    else:
        folder = tempfile.TemporaryDirectory(prefix="shareledger-search-")
        engine = open_engine(Path(stack.enter_context(folder)) / "node.db")
    stack.callback(engine.dispose)
    return engine


def make_entries(count: int) -> Iterator[tuple[bytes, documents.Document]]:
    """Yield entries that differ in what is searched; only one is parsed, the rest are copies."""
    pattern = documents.parse(documents.new_document("catalogue-version", _body())).body
    draw = random.Random(SEED)  # noqa: S311 - synthetic data
    for number in range(count):
        subject, place, kind = draw.choice(SUBJECTS), draw.choice(PLACES), draw.choice(KINDS)
        other = draw.choice(SUBJECTS)
        item = pattern.items[0]
        names = (f"{subject}编号", f"{other}类别", "发证日期", "经办单位", "姓名", "备注")
        body = pattern.model_copy(
            update={
                "code": f"3030{number % 97:04}/{number:06}",
                "name": f"{place}{subject}{kind}",
                "provider": f"{place}{draw.choice(SUBJECTS)}管理局",
                "abstract": f"{place}范围内{subject}与{other}的{kind}，由市局汇聚，供各部门核验，"
                "依法履行职责产生，按日更新数据。" * 2,
                "grade": draw.choice(("一般1级", "一般1级", "一般1级", "一般2级")),
                "update_cycle": draw.choice(("每日",) * 9 + ("每周",)),
                "classification": (draw.choice(("主题", "基础")), subject),
                "items": tuple(item.model_copy(update={"name": name}) for name in names),
            }
        )
        entry = sha256(number.to_bytes(8)).digest()  # as random as an entry's real id
        yield entry, documents.Document("catalogue-version", entry, b"", body)


def _body() -> dict[str, object]:
    item = {
        "code": "BH",
        "name": "编号",
        "type": "字符型C",
        "length": 20,
        "scale": None,
        "shareType": "无条件共享",
        "grade": "一般1级",
        "mask": None,
        "nullable": False,
        "filterable": True,
    }
    assessment = {
        "kind": "保密审查",
        "conclusion": "不涉密",
        "date": "2026-01-01",
        "attachment": None,
    }
    return {
        "department": "11130900MB0000001M",
        "code": "30300101/1",
        "version": 1,
        "name": "目录",
        "classification": ["主题"],
        "provider": "市局",
        "providerCode": "11130900MB0000001M",
        "abstract": "目录",
        "format": "数据库",
        "items": [item],
        "shareType": "无条件共享",
        "conditions": None,
        "notShared": None,
        "modes": ["服务接口"],
        "opening": {"open": True, "condition": None},
        "updateCycle": "每日",
        "updateNote": None,
        "grade": "一般1级",
        "sourceSystem": "系统",
        "duty": "职责",
        "secret": False,
        "personalInformation": False,
        "assessments": [assessment],
        "relatedCodes": [],
    }


def lines(found: Figures) -> list[Line]:
    """Return the report's lines on search."""
    slowest = max(found.queries, key=lambda query: found.queries[query])
    return [
        Line(
            "检索 中位数/p99，毫秒",
            "search median/p99, ms",
            f"{found.median:.1f}/{found.p99:.1f}",
            aim="30",
        ),
        Line("　其中处理器时间 p99，毫秒", "  of it processor time p99, ms", f"{found.busy:.1f}"),
        Line("　最慢的词", "  the slowest words", f"{slowest} {found.queries[slowest]:.1f}"),
        Line("建索引，条/秒", "entries indexed/s", f"{found.fill_per_second:,.0f}"),
        Line("目录条数", "entries", f"{found.entries:,}"),
    ]


def main() -> None:
    """Measure and print; arguments: how many entries, in which store."""
    entries, store = [*sys.argv[1:], *("", "")][:2]
    show("检索", "Search", lines(measure(int(entries or ENTRIES), store or "sqlite")))


if __name__ == "__main__":
    main()
