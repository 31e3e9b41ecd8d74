"""`shareledger node`: check a node before it runs, and run it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

from . import refusals
from .console import ENGLISH, put, say, t
from .help_pages import Commands
from .options import ConfigOption, option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.operating.findings import Finding

app = Commands(help=t("部门节点：核对、运行", "a department's node: check, run"))

JsonOption = Annotated[bool, option("--json", "写成 JSON，供程序读取", "as JSON, for programs")]


@app.command(help=t("运行节点，直到收到信号", "run the node until a signal"))
def run(config: ConfigOption) -> None:
    """Serve until a signal; a loop that fails ends the process."""
    from api.settings import load_settings

    settings = load_settings(config)

    def announce(url: str) -> None:
        say(f"节点在 {url}", f"the node answers at {url}")

    # Imported last: seconds, which wrong settings need not wait for.
    if settings.workers == 1:
        from api.app import serve

        serve(settings, announce=announce)
        return
    from api.supervising.supervisor import supervise

    sys.exit(
        supervise(settings, partial(load_settings, config), fail=refusals.fail, announce=announce)
    )


@app.command(
    help=t("逐项核对节点能否运行，不改动任何东西", "check all a node needs; changes nothing")
)
def check(*, config: ConfigOption, as_json: JsonOption = False) -> None:
    """Print a line a check, ✓ or ✗ with what to do; exit 1 when something is wrong."""
    from node.errors import ConfigInvalid

    found = []
    for finding in _findings(config):
        found.append(finding)
        if not as_json:
            _print(finding)
    right = all(finding.ok for finding in found)
    if as_json:
        put(
            json.dumps(
                {"ok": right, "checks": [asdict(each) for each in found]}, ensure_ascii=False
            )
        )
    elif right:
        say("全部就绪", "all is ready")
    if not right:
        wrong = sum(not finding.ok for finding in found)
        raise ConfigInvalid(t(f"有 {wrong} 项要处理", f"{wrong} to be mended"))


@app.command(
    help=t(
        "把各表从文件迁入 [storage] 所写的 PostgreSQL 数据库（先停止节点）",
        "copy a stopped node's tables into the PostgreSQL database of [storage]",
    )
)
def migrate(config: ConfigOption) -> None:
    """Copy from the files in `data_dir` into what `[storage] url` names, and compare the heads."""
    from api.operating.migrating import migrate as copy
    from api.operating.reasons import storing
    from api.settings import load_settings

    settings = load_settings(config)
    with storing(settings.data_dir):
        copy(settings, lambda name, rows: say(f"✓ {name}：{rows} 行", f"✓ {name}: {rows} rows"))
    say(
        "日志头逐一相符，可以启动节点；data_dir 中的 .db 文件不再使用，可留作备份",
        "all heads match; start the node. The .db files in data_dir are of use as a backup only",
    )


def _findings(config: Path) -> Iterator[Finding]:
    from api.operating.checkup import examine
    from api.operating.findings import right, wrong
    from api.settings import load_settings
    from node.errors import ConfigInvalid

    try:
        settings = load_settings(config)
    except ConfigInvalid as error:
        advice = ("改正配置文件后再核对一次", "correct the settings and check again")
        yield wrong("settings", f"配置：{error.chinese}", f"settings: {error.message}", *advice)
        return
    yield right("settings", f"配置：{config}", f"settings: {config}")
    yield from examine(settings)


def _print(finding: Finding) -> None:
    text, advice = (
        (finding.english, finding.advice_english) if ENGLISH else (finding.text, finding.advice)
    )
    mark = "✓" if finding.ok else "✗"
    put(" ".join(f"{mark} {text}".split()) + (f"  → {advice}" if advice else ""))
