"""`shareledger catalogue`, tables of entries: the blank template, checking, mappings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.errors import InvalidInput

from .catalogue_commands import app
from .console import EXIT_REFUSED, put, say, t, table
from .options import OutputOption, argument, option

if TYPE_CHECKING:
    from node.documents.importing.filing import Filing

__all__ = ["app"]  # the group, with the commands of this module


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
        put(render_json(filing))
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


def render_json(filing: Filing) -> str:
    """Return what a table holds for a program: entries with their items, problems, warnings."""
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
