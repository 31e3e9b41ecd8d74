"""`shareledger catalogue`: the template, entries filed from tables, search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import put, say, t, table
from .deciding import decide
from .opening import load_signer, open_node
from .options import (
    AgainOption,
    CodeArgument,
    ConfigOption,
    KeyOption,
    OutputOption,
    PasswordOption,
)
from .wording import Commands

if TYPE_CHECKING:
    from api.parts import Node
    from node.documents.importing.filing import Filing
    from node.office.comparing import Newest
    from node.protocol.forms import Document

BATCH = 100
"""Entries under one signature."""
LARGEST_BATCH = 500

app = Commands(help=t("目录：模板、填报、审核、检索", "the catalogue"))


@app.command(help=t("写出空的填报模板", "write an empty workbook to be filled in"))
def template(output: OutputOption) -> None:
    """Write the T2 workbook with our columns behind the template's own."""
    from node.documents.importing.template import write_template

    write_template(output)
    say(f"已写入 {output}", f"wrote {output}")


@app.command(
    name="import", help=t("从填好的表报送目录，一次签名报送一批", "file a table's entries")
)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=t(".xlsx 或 .csv", "a table"))],
    department: CodeArgument,
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    mapping: Annotated[
        str, typer.Option("--mapping", help=t("映射文件，或 t2", "mapping file, or t2"))
    ] = "t2",
    batch: Annotated[
        int,
        typer.Option(
            "--batch",
            min=1,
            max=LARGEST_BATCH,
            help=t("一次签名报送多少个", "entries under one signature"),
        ),
    ] = BATCH,
    partial: Annotated[
        bool,
        typer.Option("--partial", help=t("有错的行除外，其余照报", "file the good rows anyway")),
    ] = False,
    again: AgainOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=t("只检查，不报送", "check only"))
    ] = False,
) -> None:
    """Report every bad row; submit nothing if there is one, unless `--partial`.

    Entries that say the same as their latest version are left alone, so that a table can be filed
    again after a change, or after a run that was cut short.
    """
    from node.documents.importing.filing import file_table
    from node.documents.importing.mapping import load_mapping
    from node.office.catalogue import submit_papers
    from node.office.comparing import Newest

    with open_node(config) as node:
        signer = None if dry_run else load_signer(key, password_file)
        newest = Newest(node.queries, department)
        filing = file_table(
            file,
            load_mapping(mapping),
            department=department,
            next_version=newest.next_number,
        )
        papers = _to_file(node, newest, filing, partial=partial)
        if signer is None:
            return
        for start in range(0, len(papers), batch):
            part = papers[start : start + batch]
            decide(node, submit_papers(part), signer, again=again)


def _to_file(node: Node, newest: Newest, filing: Filing, *, partial: bool) -> list[Document]:
    """Say what a table holds; return what is to be filed.

    Raises:
        MalformedTable: something cannot be filed and `partial` was not asked for.
    """
    from node.errors import MalformedTable
    from node.office.comparing import sort_filing
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


@app.command(help=t("按词检索已发布的目录（两个字也可以）", "search the published catalogue"))
def search(
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help=t("一个或多个词，以空格分开", "words"))
    ],
    config: ConfigOption,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=100, help=t("最多列出多少条", "at most so many"))
    ] = 20,
) -> None:
    """Print the entries that hold all the words, the best first."""
    with open_node(config) as node:
        found = node.search.search(words, limit=limit)
    table(
        (t("代码", "code"), t("名称", "name"), t("版本", "version"), t("提供部门", "provider")),
        [(hit.code, hit.name, hit.version, hit.provider) for hit in found],
    )
