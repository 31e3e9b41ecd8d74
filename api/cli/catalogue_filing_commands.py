"""`shareledger catalogue`, tables of entries: the blank template, checking, mappings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.errors import InvalidInput, MalformedTable

from .catalogue_commands import app
from .console import EXIT_REFUSED, note, put, say, t, table
from .help_pages import Commands
from .opening import new_file
from .options import OutputOption, argument, option

if TYPE_CHECKING:
    from node.documents.importing.filing import Filing
    from node.documents.importing.proposing import Proposal

__all__ = ["app"]  # the group, with the commands of this module

WORDS_SAID = 12
"""Values of a coded column that are listed."""


@app.command(help=t("写出空的填报模板", "write an empty workbook to be filled in"))
def template(output: OutputOption) -> None:
    """Write the T2 workbook with our columns behind the template's own."""
    from node.documents.importing.template import write_template

    write_template(output)
    say(f"已写入 {output}", f"wrote {output}")


MarkOption = Annotated[
    Path | None,
    option("--mark", "把问题标注在表的副本里（.xlsx）", "write a marked copy", metavar="FILE"),
]
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
    mark: MarkOption = None,
) -> None:
    """Exit code 0 if everything can be filed, 1 if there is a problem."""
    from node.documents.importing.filing import file_table, unread
    from node.documents.importing.mapping import load_mapping

    rules, who = load_mapping(mapping), _department(department)
    try:
        filing = file_table(file, rules, department=who)
    except MalformedTable as error:
        if not as_json:
            raise
        # Whoever reads the answer with a program finds what is wrong where it always stands.
        put(render_json(unread(error)))
        raise typer.Exit(EXIT_REFUSED) from error
    if as_json:
        put(render_json(filing))
    else:
        show_filing(filing)
    if mark is not None:
        mark_table(file, filing, mark, rules.encoding)
    if filing.problems:
        raise typer.Exit(EXIT_REFUSED)


def mark_table(file: Path, filing: Filing, output: Path, encoding: str | None) -> None:
    """Write a copy of the table with what is wrong beside each bad cell."""
    from node.documents.importing.marking import mark_workbook

    mark_workbook(file, filing.problems, output, warnings=filing.warnings, encoding=encoding)
    note(f"问题已标注在 {output}", f"marked in {output}")


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
            [(entry.code, entry.name, entry.count) for entry in filing.entries],
        )
    for problem in filing.problems:
        put(t("有误：", "wrong: ") + problem.render())
    for warning in filing.warnings:
        put(t("请核对：", "look at: ") + warning.render())
    bad, items = filing.total - len(filing.entries), sum(e.count for e in filing.entries)
    say(
        f"{len(filing.entries)} 个目录、{items} 个信息项可以报送，{bad} 个目录不能报送；"
        f"{len(filing.problems)} 处有误，{len(filing.warnings)} 处请核对",
        f"{len(filing.entries)} entries with {items} items can be filed, {bad} cannot; "
        f"{len(filing.problems)} problems, {len(filing.warnings)} warnings",
    )


mappings = Commands(help=t("映射文件：表头与目录各项的对应", "mapping files"))
app.add_typer(mappings, name="mapping")


@mappings.command(name="propose", help=t("按一张表的表头建议一份映射文件", "propose a mapping"))
def propose_(
    file: Annotated[Path, argument("FILE", "填好的表（.xlsx、.xls、.csv 等）", "a table")],
    *,
    output: Annotated[
        Path | None,
        option("--output -o", "写到这个文件（已存在则拒绝）", "file to write; must not exist"),
    ] = None,
    encoding: Annotated[
        str | None, option("--encoding", "CSV 的编码；不给则自行辨认", "of a CSV file")
    ] = None,
    sheet: Annotated[str | None, option("--sheet", "工作表的名称", "the sheet's name")] = None,
    as_json: Annotated[bool, option("--json", "输出 JSON", "print JSON")] = False,
) -> None:
    """Say what the columns seem to be, with a score; the mapping is to be edited."""
    from node.documents.importing.proposing import propose

    found = propose(file, encoding=encoding, sheet=sheet)
    if output is not None:
        with new_file(output) as written:
            written.write(found.text)
    if as_json:
        put(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    if output is None:
        put(found.text)
    show_proposal(found)
    if output is not None:
        say(f"已写入 {output}，请核对后使用", f"wrote {output}: look it through")


def show_proposal(found: Proposal) -> None:
    """Print what a proposed mapping was made from; each column is named once."""
    table(
        t("项目,表头,相似度", "field,heading,score").split(","),
        [(each.field, each.heading, f"{each.score:.0f}") for each in found.matches],
    )
    for field, words in found.words.items():
        pairs = [f"{text}→{_word_shown(word)}" for text, word in words.items()]
        shown = "、".join(pairs[:WORDS_SAID])
        more = len(pairs) - WORDS_SAID
        put(
            f"{field}：{shown}"
            + (t(f" 等 {len(pairs)} 种", f" of {len(pairs)}") if more > 0 else "")
        )
    say(f"目录代码取自「{found.key.heading or '（没有）'}」：{found.key.reason}",
        f"codes from {found.key.heading or '(none)'}: {found.key.reason}")  # fmt: skip
    for each in found.refused:
        say(f"不能作目录代码：{each}", f"no key: {each}")
    for chinese, english, names in (
        ("表里没有，已用固定值或待填", "missing", found.missing),
        ("没有用到的列", "unused", found.unused),
        ("存疑的列", "doubtful", found.doubtful),
    ):
        if names:
            say(f"{chinese}：{'、'.join(names)}", f"{english}: {', '.join(names)}")
    for entry in found.preview:
        put(f"  {entry['code']} {entry['name']}（{'、'.join(entry['items'])}）")
    say(f"按此映射，表中有 {found.problems} 处有误（见 catalogue check）",
        f"{found.problems} problems by this mapping, see catalogue check")  # fmt: skip


def _word_shown(word: object) -> str:
    if isinstance(word, bool):
        return t("是", "yes") if word else t("否", "no")
    return "、".join(map(str, word)) if isinstance(word, list) else str(word)
