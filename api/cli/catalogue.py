"""`shareledger catalogue`: the template, entries filed from tables, search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import EXIT_REFUSED, say, t, table
from .options import CodeArgument, ConfigOption, KeyOption, OutputOption, PasswordOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger_sync.queries import Queries

BATCH = 100
"""Entries under one signature: a transaction of some ten million gas."""

app = typer.Typer(help=t("目录：模板、填报、检索", "the catalogue"), no_args_is_help=True)


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
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    *,
    mapping: Annotated[
        str, typer.Option("--mapping", help=t("映射文件，或 t2", "mapping file, or t2"))
    ] = "t2",
    batch: Annotated[int, typer.Option("--batch", min=1, max=500)] = BATCH,
    partial: Annotated[
        bool,
        typer.Option("--partial", help=t("有错的行除外，其余照报", "file the good rows anyway")),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=t("只检查，不报送", "check only"))
    ] = False,
) -> None:
    """Report every bad row; submit nothing if there is one, unless `--partial`."""
    from api.parts import Node
    from api.settings import load_settings, read_password
    from node.crypto import SoftwareSigner
    from node.decisions.catalogue import submit_papers
    from node.documents.importing.filing import file_table
    from node.documents.importing.mapping import load_mapping
    from node.protocol.documents import parse

    node = Node(load_settings(config))
    try:
        filing = file_table(
            file,
            load_mapping(mapping),
            department=department,
            next_version=next_version(node.queries, department),
        )
        for problem in filing.problems:
            print(problem.render())
        say(
            f"{len(filing.documents)} 个目录可报送，{len(filing.problems)} 处有误",
            f"{len(filing.documents)} entries to file, {len(filing.problems)} problems",
        )
        if filing.problems and not partial:
            raise typer.Exit(EXIT_REFUSED)
        if dry_run or not filing.documents:
            return
        signer = SoftwareSigner.load(key, read_password(password_file))
        papers = [parse(data) for data in filing.documents]
        for start in range(0, len(papers), batch):
            part = papers[start : start + batch]
            decided = node.desk.decide(*submit_papers(part), signer)
            say(
                f"区块 {decided.block}：报送 {len(part)} 个，gas {decided.gas_used}",
                f"block {decided.block}: {len(part)} entries, gas {decided.gas_used}",
            )
    finally:
        node.stop()


@app.command(help=t("按词检索已发布的目录（两个字也可以）", "search the published catalogue"))
def search(
    words: Annotated[str, typer.Argument(metavar="WORDS")],
    config: ConfigOption,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100)] = 20,
) -> None:
    """Print the entries that hold all the words, the best first."""
    from api.parts import Node
    from api.settings import load_settings

    node = Node(load_settings(config))
    try:
        found = node.search.search(words, limit=limit)
    finally:
        node.stop()
    table(
        (t("代码", "code"), t("名称", "name"), t("版本", "version"), t("提供部门", "provider")),
        [(hit.code, hit.name, hit.version, hit.provider) for hit in found],
    )


def next_version(queries: Queries, department: str) -> Callable[[str], int]:
    """Return what says which number an entry's next version bears; a returned number is spent."""
    from node.protocol.ids import department_id, entry_id

    owner = department_id(department)

    def number(code: str) -> int:
        versions = queries.versions(entry_id(owner, code))
        return 1 + max((version.version for version in versions), default=0)

    return number
