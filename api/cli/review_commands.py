"""`shareledger catalogue`, the decisions on what was filed: review, and the standing reply."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

from .catalogue_import_commands import LARGEST_BATCH, app
from .console import say, t, table
from .opening import new_file
from .options import (
    CodeArgument,
    EntryCodeArgument,
    NodeOption,
    OwnConfigOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    TermsOption,
    argument,
    option,
)
from .taking import Taking, decision, reading

__all__ = ["app"]  # the group, with the commands of this module

REVIEW_BATCH = 300
"""Verdicts under one signature: their paper stays far below a document's limit."""

CompetentArgument = Annotated[
    str, argument("COMPETENT", "主管部门的统一社会信用代码", "the competent department's code")
]


@app.command(help=t("列出待审核的目录；可写成待填的清单", "list what waits for its review"))
def pending(
    competent: CompetentArgument,
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
    output: Annotated[
        Path | None,
        option(
            "--output -o",
            "写成 CSV 清单，填好结论后供 review --list 用",
            "write a list to be filled in",
        ),
    ] = None,
) -> None:
    """List the versions that wait, or write them as the list `review --list` reads."""
    from node.office.verdicts import HEADINGS

    with reading(config, node, key, password_file) as office:
        found = office.pending(competent)
    if output is None:
        heads = (t("部门", "department"), t("代码", "code"), t("版本", "version"))
        table(
            (*heads, t("名称", "name"), t("文件摘要", "document")),
            [(each.department, each.code, each.version, each.name, each.digest) for each in found],
        )
        return
    rows = [
        (each.department, each.code, each.version, each.name, each.digest, "", "") for each in found
    ]
    # With a mark of its encoding: spreadsheets on officials' desks need it.
    with new_file(output, "utf-8-sig") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    say(f"已写入 {output}，{len(found)} 个", f"wrote {output}, {len(found)} versions")


@decision(app, "审核目录：发布或退回，一次签名一批", "publish or return versions")
def review(
    at: Taking,
    competent: CompetentArgument,
    *,
    reviewer: Annotated[str, option("--reviewer", "审核员姓名", "who reviews")],
    opinion: Annotated[str, option("--opinion", "审核意见", "the opinion")],
    everything: Annotated[
        bool, option("--all", "全部待审核的，除 --return 外均发布", "publish all that wait")
    ] = False,
    publish: Annotated[
        list[str] | None,
        option("--publish", "发布这个目录，可写多次", "publish it", metavar="ENTRY"),
    ] = None,
    returned: Annotated[
        list[str] | None,
        option("--return", "退回及理由，可写多次", "return it, and why", metavar="ENTRY=REASON"),
    ] = None,
    listed: Annotated[
        Path | None, option("--list", "按填好的清单（.csv、.xlsx）", "as a filled-in list says")
    ] = None,
    batch: Annotated[
        int,
        option(
            "--batch",
            "一次签名审核多少个",
            "versions under one signature",
            min=1,
            max=LARGEST_BATCH,
        ),
    ] = REVIEW_BATCH,
) -> None:
    """Signed by a reviewer of the competent department, not by the person who filed them."""
    from node.errors import InvalidInput
    from node.office.verdicts import (
        find_place,
        judged,
        read_list,
        returned_by,
    )

    if sum((everything, listed is not None, bool(publish))) > 1 or (listed and returned):
        raise InvalidInput(
            t("--all、--publish、--list 只能用一个", "only one of --all, --publish and --list")
        )
    with at.office() as office:
        waiting = office.pending(competent)
        if listed is not None:
            chosen, reasons = read_list(listed, waiting)
        else:
            reasons = returned_by(waiting, returned or [])
            named = {find_place(waiting, each) for each in publish or ()} | set(reasons)
            chosen = [each for each in waiting if everything or each.place in named]
        if not chosen:
            raise InvalidInput(
                t(
                    f"没有选定目录（待审核 {len(waiting)} 个）：--all、--publish、--return、--list",
                    f"nothing chosen of {len(waiting)}: --all, --publish, --return or --list",
                )
            )
        said = {"competent": competent, "reviewer": reviewer, "opinion": opinion}
        for start in range(0, len(chosen), batch):
            verdicts = judged(chosen[start : start + batch], reasons)
            at.take_at(office, office.draft("ReviewVersions", {**said, "reviews": verdicts}))


@decision(app, "对无条件共享的目录作长期答复，或撤回", "agree in advance, or stop doing so")
def standing_reply(
    at: Taking,
    department: CodeArgument,
    entry: EntryCodeArgument,
    *,
    calls_per_day: Annotated[
        int, option("--calls-per-day", "每日次数上限", "calls a day", min=0)
    ] = 0,
    rows_per_day: Annotated[int, option("--rows-per-day", "每日行数上限", "rows a day", min=0)] = 0,
    withdraw: Annotated[
        bool, option("--withdraw", "撤回长期答复", "stop agreeing in advance")
    ] = False,
    terms: TermsOption = None,
) -> None:
    """Signed by the provider's office head; applications for the entry are agreed to at once."""
    from node.errors import InvalidInput

    from .blanks import read_terms

    if not withdraw and 0 in {calls_per_day, rows_per_day}:
        raise InvalidInput(
            t(
                f"应写明 --calls-per-day、--rows-per-day（{calls_per_day}、{rows_per_day}）",
                f"give --calls-per-day and --rows-per-day ({calls_per_day}, {rows_per_day})",
            )
        )
    fields = {
        "department": department,
        "code": entry,
        "standing": not withdraw,
        "callsPerDay": calls_per_day,
        "rowsPerDay": rows_per_day,
        "terms": None if terms is None else read_terms(terms),
    }
    at.take("SetStandingReply", fields)
