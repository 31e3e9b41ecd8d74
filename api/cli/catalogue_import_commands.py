"""`shareledger catalogue import`: a filled table beside the ledger, then signed batch by batch.

What is new, what changed and in what, and what the table has lost is said before anything is
signed; a dry run says all of it, and what would be signed, without a key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from node.errors import ConfigInvalid, InvalidInput, MalformedTable

from .catalogue_filing_commands import MappingOption, app
from .console import note, put, say, t
from .naming import entry_state_name
from .options import CodeArgument, argument, option
from .taking import Taking, decision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from node.office.filings import Compared

    from .filed import Filed
    from .offices import Drafted

__all__ = ["app"]  # the group, with the commands of this module

BATCH = 100
"""Entries under one signature."""
LARGEST_BATCH = 500
LISTED = 20
"""Entries of a kind that are listed before signing; a dry run lists all."""

CheckOption = Annotated[
    bool,
    option(
        "--dry-run",
        "只检查并列出将要签署的内容，不签署；不需要密钥",
        "check and show what would be signed; needs no key",
    ),
]


@decision(
    app,
    "从填好的表报送目录，一次签名报送一批",
    "file a table's entries",
    name="import",
    dry_run=CheckOption,
    keyless=True,
)
def import_(
    at: Taking,
    file: Annotated[Path, argument("FILE", "填好的表（.xlsx、.xls、.csv 等）", "a table")],
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
        bool, option("--partial", "有错的目录除外，其余照报", "file the good entries anyway")
    ] = False,
    withdraw_missing: Annotated[
        str | None,
        option(
            "--withdraw-missing",
            "对上次报送过、本表已没有的目录一并申请撤回，写明理由",
            "ask to withdraw what the table has lost, and why",
            metavar="REASON",
        ),
    ] = None,
) -> None:
    """Report every bad entry; submit nothing if there is one, unless `--partial`.

    Entries that say the same as their latest version are left alone, so that a table can be filed
    again after a change, or after a run that was cut short.
    """
    with at.office() as office:
        filed = office.filed(department)
        compared = _compare(filed, file, department, mapping)
        filed.require_mandate(at.signer.public_key.key_id if at.signs else None)
        _show(compared, whole=at.dry_run, partial=partial)
        withdrawn = _withdrawn(compared, withdraw_missing)
        if withdrawn:
            asked = {"department": department, "reasons": withdrawn}
            withdrawal = [office.draft("SubmitWithdrawal", asked)]
        else:
            withdrawal = []
        papers = compared.found.to_file
        some = (papers[at : at + batch] for at in range(0, len(papers), batch))
        drafted = [*map(office.draft_versions, some), *withdrawal]
        if at.dry_run:
            _show_acts(drafted)
            return
        # Before the first signature: if we die after one, the next edition must not forget it.
        filed.keep(compared.space, compared.filing.codes)
        # If we die before the last is decided, the same command goes on.
        if drafted:
            at.take_all_at(office, drafted)


def _compare(filed: Filed, file: Path, department: str, name: str) -> Compared:
    """Read a table and set it beside the ledger.

    Raises:
        ConfigInvalid: the mapping is wrong, or was proposed and is not filled in yet.
        MalformedTable: the file is unreadable, or no sheet of it is a table for this mapping.
    """
    from node.documents.importing.filing import file_table
    from node.documents.importing.mapping import load_mapping
    from node.documents.importing.mapping_faults import PLACEHOLDER, placeholders
    from node.office.filings import Newest, compare_filing

    mapping = load_mapping(name)
    if open_places := list(placeholders(mapping.model_dump(mode="json"))):
        raise ConfigInvalid(
            t(
                f"映射文件 {name} 还有“{PLACEHOLDER}”没有填：{'、'.join(open_places)}",
                f"mapping {name} is not filled in yet: {', '.join(open_places)}",
            )
        )
    newest = Newest(filed.ledger, department)
    filing = file_table(file, mapping, department=department, next_version=newest.next_number)
    return compare_filing(
        filed.ledger,
        filed.store,
        newest,
        (filing, mapping),
        lambda space, codes: filed.compare(space, codes, newest),
    )


def _show(compared: Compared, *, whole: bool, partial: bool) -> None:
    """Say what a table holds, problems first; `whole`: every entry, also where some are wrong.

    Raises:
        MalformedTable: something cannot be filed and `partial` was not asked for.
    """
    filing, found = compared.filing, compared.found
    for line in (*(problem.render() for problem in filing.problems), *found.blocked):
        put(line)
    wrong = len(filing.problems) + len(found.blocked)
    to_file, same = len(found.to_file), len(found.unchanged)
    say(
        f"{to_file} 个目录可报送，{same} 个没有变化（不再报送），{wrong} 处有误",
        f"{to_file} entries to file, {same} unchanged (left alone), {wrong} problems",
    )
    if whole or not wrong or partial:
        if whole or compared.newest.versions:
            _list(compared, whole=whole)
        warnings = [warning.render() for warning in filing.warnings]
        for line in _some(warnings, whole=whole):
            note(f"请核对：{line}", f"look at: {line}")
        for line in compared.doubts:
            note(f"请核对：{line}", f"look at: {line}")
    if wrong and not partial:
        raise MalformedTable(
            t(
                f"{wrong} 处有误，一个也没有报送；加 --partial 则先报送其余的",
                f"{wrong} problems, nothing was filed; --partial files the others",
            )
        )


def _list(compared: Compared, *, whole: bool) -> None:
    """List what is new, what changed and in what, and what the table has lost."""
    found, edition, gone = compared.found, compared.edition, compared.gone
    kinds = (
        ("新增", "new", [f"{each.body.code} {each.body.name}" for each in found.new]),
        (
            "变更",
            "changed",
            [
                f"{each.paper.body.code} {each.paper.body.name}：{'、'.join(each.fields)}"
                for each in found.changed
            ],
        ),
        (
            "本表已没有",
            "gone",
            [f"{each.code} {each.name}（{entry_state_name(each.state)}）" for each in gone],
        ),
    )
    for chinese, english, lines in kinds:
        if lines:
            say(f"{chinese} {len(lines)} 个：", f"{english} {len(lines)}:")
        for line in _some(lines, whole=whole):
            put(f"  {line}")
    if edition.kept and not edition.series:
        say(
            f"上次的表有 {edition.before} 个在用目录，本表只有其中 {edition.kept} 个："
            "当作节选，未列入的不算删除",
            f"the last table covered {edition.before} entries, this one {edition.kept} of them: "
            "taken for a part of it, nothing counts as gone",
        )


def _some(lines: list[str], *, whole: bool) -> Iterable[str]:
    yield from lines if whole else lines[:LISTED]
    if not whole and len(lines) > LISTED:
        more = len(lines) - LISTED
        yield t(f"…另有 {more} 个，--dry-run 全部列出", f"…and {more} more, see --dry-run")


def _withdrawn(compared: Compared, reason: str | None) -> dict[str, str]:
    """Return which entries are to be withdrawn, with the reason.

    Raises:
        InvalidInput: it cannot be told what the table has lost.
    """
    if reason is None:
        if any(each.can_be_withdrawn for each in compared.gone):
            say(
                "以上已没有的仍在用；要撤回，请加 --withdraw-missing 理由",
                "what is gone stays in force; --withdraw-missing REASON asks to withdraw it",
            )
        return {}
    if not reason.strip():
        raise InvalidInput(t("--withdraw-missing 应写明理由", "--withdraw-missing needs a reason"))
    if compared.filing.problems:
        raise InvalidInput(
            t(
                "表中还有错误，认不全其中的目录，不能据此申请撤回；请改正后再报",
                "the table has problems: what it has lost cannot be told; mend it first",
            )
        )
    edition = compared.edition
    if not edition.series:
        raise InvalidInput(
            t(
                f"本表不是上次那份表的新一版（上次 {edition.before} 个在用目录，"
                f"本表只有其中 {edition.kept} 个），不能据此申请撤回；"
                "请用 catalogue withdraw 逐个写明",
                "the table is no later edition of one filed here: nothing can be called gone; "
                "name the entries with catalogue withdraw",
            )
        )
    return {each.code: reason.strip() for each in compared.gone if each.can_be_withdrawn}


def _show_acts(acts: list[Drafted]) -> None:
    """Say what would be signed: each entry with its version and its document's digest."""
    from node.protocol.forms import parse

    for number, act in enumerate(acts, start=1):
        for paper in map(parse, act.documents):
            said = f"  {t('文书', 'document')} {paper.digest.hex()}"
            if act.kind == "SubmitVersions":
                body, word = paper.body, t("报送", "file")
                put(f"[{number}] {word} {body.code} v{body.version} {body.name}{said}")
                continue
            for each in paper.body.withdrawals:
                word = t("申请撤回", "withdraw")
                put(f"[{number}] {word} {each.code} v{each.version}（{each.reason}）{said}")
    say(
        f"将签署 {len(acts)} 次；尚未签署，也未报送（文书含随机数，正式报送时摘要会不同）",
        f"{len(acts)} signatures; nothing was signed or sent (documents are salted: their digests "
        "will differ)",
    )
