"""`shareledger catalogue`, tables of entries: the blank template, checking, mappings, filing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from node.errors import MalformedTable

from .catalogue_commands import app
from .console import put, say, t
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


# catalogue check: reads a table without a node or a key (entries).


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
    mapping: Annotated[str, option("--mapping", "映射文件，或 t2", "mapping file, or t2")] = "t2",
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
