"""`shareledger catalogue`, tables of entries: the blank template, checking, mappings, filing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.errors import InvalidInput, MalformedTable

from .catalogue_commands import app
from .console import EXIT_REFUSED, put, say, t, table
from .deciding import Taking, decision
from .options import CodeArgument, OutputOption, argument, option

if TYPE_CHECKING:
    from api.parts import Node
    from node.documents.importing.filing import Filing
    from node.office.cataloguing import Newest
    from node.protocol.forms import Document

__all__ = ["app"]  # the group, with the commands of this module

BATCH = 100
"""Entries under one signature."""
LARGEST_BATCH = 500


@app.command(help=t("写出空的填报模板", "write an empty workbook to be filled in"))
def template(output: OutputOption) -> None:
    """Write the T2 workbook with our columns behind the template's own."""
    from node.documents.importing.template import write_template

    write_template(output)
    say(f"已写入 {output}", f"wrote {output}")


MappingOption = Annotated[str, option("--mapping", "映射文件，或 t2", "mapping file, or t2")]


@app.command(help=t("检查填好的表，不需要节点和密钥", "check a table, without a node or a key"))
def check(
    file: Annotated[Path, argument("FILE", "填好的表（.xlsx、.xls、.csv 等）", "a table")],
    *,
    mapping: MappingOption = "t2",
    department: Annotated[
        str | None,
        option("--department", "报送部门的统一社会信用代码", "who files it", metavar="CODE"),
    ] = None,
    as_json: Annotated[bool, option("--json", "输出 JSON", "print JSON")] = False,
) -> None:
    """Exit code 0 if everything can be filed, 1 if there is a problem."""
    from node.documents.importing.filing import file_table
    from node.documents.importing.mapping import load_mapping

    filing = file_table(file, load_mapping(mapping), department=_department(department))
    if as_json:
        put(_as_json(filing))
    else:
        show_filing(filing)
    if filing.problems:
        raise typer.Exit(EXIT_REFUSED)


def _department(code: str | None) -> str | None:
    from node.protocol.forms.codes import unified_code

    try:
        return code and unified_code(code)
    except ValueError as error:
        raise InvalidInput(f"--department {code}：{error}") from error


def _as_json(filing: Filing) -> str:
    return json.dumps(
        {
            "entries": [
                {"code": entry.code, "name": entry.name, "items": entry.items}
                for entry in filing.entries
            ],
            "problems": [problem.said() for problem in filing.problems],
            "warnings": [warning.said() for warning in filing.warnings],
        },
        ensure_ascii=False,
        indent=2,
    )


def show_filing(filing: Filing) -> None:
    """Print what a table holds: good entries, problems, warnings, and how many of each."""
    if filing.entries:
        table(
            t("代码,名称,信息项", "code,name,items").split(","),
            [(entry.code, entry.name, len(entry.items)) for entry in filing.entries],
        )
    for problem in filing.problems:
        put(t("有误：", "wrong: ") + problem.render())
    for warning in filing.warnings:
        put(t("请核对：", "look at: ") + warning.render())
    bad, items = filing.total - len(filing.entries), sum(len(e.items) for e in filing.entries)
    say(
        f"{len(filing.entries)} 个目录、{items} 个信息项可以报送，{bad} 个目录不能报送；"
        f"{len(filing.problems)} 处有误，{len(filing.warnings)} 处请核对",
        f"{len(filing.entries)} entries with {items} items can be filed, {bad} cannot; "
        f"{len(filing.problems)} problems, {len(filing.warnings)} warnings",
    )


CheckOption = Annotated[bool, option("--dry-run", "只检查，不报送", "check only")]


@decision(
    app,
    "从填好的表报送目录，一次签名报送一批",
    "file a table's entries",
    name="import",
    dry_run=CheckOption,
)
def import_(
    at: Taking,
    file: Annotated[Path, argument("FILE", ".xlsx 或 .csv", "a table")],
    department: CodeArgument,
    *,
    mapping: MappingOption = "t2",
    batch: Annotated[
        int,
        option(
            "--batch", "一次签名报送多少个", "entries under one signature", min=1, max=LARGEST_BATCH
        ),
    ] = BATCH,
    partial: Annotated[
        bool, option("--partial", "有错的行除外，其余照报", "file the good rows anyway")
    ] = False,
) -> None:
    """Report every bad row; submit nothing if there is one, unless `--partial`.

    Entries that say the same as their latest version are left alone, so that a table can be filed
    again after a change, or after a run that was cut short.
    """
    from node.documents.importing.filing import file_table
    from node.documents.importing.mapping import load_mapping
    from node.office.cataloguing import Newest, submit_papers

    with at.open() as node:
        newest = Newest(node.queries, department)
        filing = file_table(
            file, load_mapping(mapping), department=department, next_version=newest.next_number
        )
        papers = _to_file(node, newest, filing, partial=partial)
        # One batch is decided before the next is signed: if we die here, the same command goes on.
        for start in range(0, 0 if at.dry_run else len(papers), batch):
            at.take_at(node, submit_papers(papers[start : start + batch]))


def _to_file(node: Node, newest: Newest, filing: Filing, *, partial: bool) -> list[Document]:
    """Say what a table holds; return what is to be filed.

    Raises:
        MalformedTable: something cannot be filed and `partial` was not asked for.
    """
    from node.office.cataloguing import sort_filing
    from node.protocol.forms import parse

    found = sort_filing(node.store, newest, [parse(data) for data in filing.documents])
    for line in (*(problem.render() for problem in filing.problems), *found.blocked):
        put(line)
    wrong = len(filing.problems) + len(found.blocked)
    new, same = len(found.new), len(found.unchanged)
    say(
        f"{new} 个目录可报送，{same} 个没有变化（不再报送），{wrong} 处有误",
        f"{new} entries to file, {same} unchanged (left alone), {wrong} problems",
    )
    if wrong and not partial:
        raise MalformedTable(
            t(
                f"{wrong} 处有误，一个也没有报送；加 --partial 则先报送其余的",
                f"{wrong} problems, nothing was filed; --partial files the others",
            )
        )
    return found.new
