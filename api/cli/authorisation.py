"""`shareledger authorisation`: applied for, replied to, advanced step by step."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import t
from .deciding import Taking, decision
from .opening import open_node
from .options import (
    AuthorisationArgument,
    ConfigOption,
    ContactNameOption,
    ContactPhoneOption,
    ReasonOption,
    TermsOption,
)
from .wording import Commands

if TYPE_CHECKING:
    from collections.abc import Mapping

app = Commands(help=t("授权：申请、答复、各步骤、查看", "share authorisations"))


class AnswerName(StrEnum):
    """A provider's answers; the values are what users type."""

    AGREE = "agree"
    PARTLY = "partly"
    REFUSE = "refuse"


ANSWER_WORDS = {
    AnswerName.AGREE: "同意",
    AnswerName.PARTLY: "部分同意",
    AnswerName.REFUSE: "不同意",
}
"""The documents' words for them."""


class StepName(StrEnum):
    """The steps after an application; the values are what users type."""

    PASS = "pass"  # noqa: S105 - a step, no password
    RETURN = "return"
    REQUEST_SUPPLEMENT = "request-supplement"
    SUPPLEMENT = "supplement"
    REQUEST_EXTENSION = "request-extension"
    GRANT_EXTENSION = "grant-extension"
    REJECT_EXTENSION = "reject-extension"
    WITHDRAW = "withdraw"
    DELIVER = "deliver"
    CONFIRM = "confirm"
    REJECT_CHANGE = "reject-change"
    SUSPEND = "suspend"
    TAKE_OVER = "take-over"
    RECTIFY = "rectify"
    RESUME = "resume"
    TERMINATE = "terminate"
    END_SERVICE = "end-service"
    FINISH = "finish"
    REPORT_DISPOSAL = "report-disposal"
    ACCEPT_DISPOSAL = "accept-disposal"
    DISPUTE_DISPOSAL = "dispute-disposal"
    RULE_DISPUTE = "rule-dispute"


STEP_WORDS = {
    StepName.PASS: "审核通过",
    StepName.RETURN: "审核退回",
    StepName.REQUEST_SUPPLEMENT: "要求补正",
    StepName.SUPPLEMENT: "补正",
    StepName.REQUEST_EXTENSION: "申请延期",
    StepName.GRANT_EXTENSION: "准予延期",
    StepName.REJECT_EXTENSION: "不予延期",
    StepName.WITHDRAW: "撤回",
    StepName.DELIVER: "交付",
    StepName.CONFIRM: "确认",
    StepName.REJECT_CHANGE: "不同意变更",
    StepName.SUSPEND: "暂停",
    StepName.TAKE_OVER: "接管暂停",
    StepName.RECTIFY: "整改",
    StepName.RESUME: "恢复",
    StepName.TERMINATE: "因违规终止",
    StepName.END_SERVICE: "终止服务",
    StepName.FINISH: "停止使用",
    StepName.REPORT_DISPOSAL: "报告处置",
    StepName.ACCEPT_DISPOSAL: "确认处置",
    StepName.DISPUTE_DISPOSAL: "处置异议",
    StepName.RULE_DISPUTE: "争议裁定",
}
"""The documents' words for them; a change has commands of its own."""


class OutcomeName(StrEnum):
    """What a dispute is ruled to; the values are what users type."""

    FORWARDED = "forwarded"
    AGREED = "agreed"
    REFUSED = "refused"
    DELIVERED = "delivered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


OUTCOME_WORDS = {
    OutcomeName.FORWARDED: "转提供部门",
    OutcomeName.AGREED: "同意",
    OutcomeName.REFUSED: "不同意",
    OutcomeName.DELIVERED: "已交付",
    OutcomeName.ACTIVE: "使用中",
    OutcomeName.SUSPENDED: "暂停",
    OutcomeName.TERMINATED: "终止",
}
"""The documents' words for them."""
CallsOption = Annotated[
    int | None,
    typer.Option(
        "--calls-per-day", min=1, help=t("每日次数上限，不给则如前", "calls a day, if others")
    ),
]
RowsOption = Annotated[
    int | None,
    typer.Option(
        "--rows-per-day", min=1, help=t("每日行数上限，不给则如前", "rows a day, if others")
    ),
]
FirstDayOption = Annotated[
    str | None,
    typer.Option("--from", metavar="YYYY-MM-DD", help=t("起日，不给则如前", "first day")),
]
LastDayOption = Annotated[
    str | None,
    typer.Option("--until", metavar="YYYY-MM-DD", help=t("止日，不给则如前", "last day")),
]


def _choices(words: Mapping[Any, str]) -> str:
    return "；".join(f"{name} {word}" for name, word in words.items())


@decision(app, "申请使用目录数据，一次签名一份或多份", "apply for entries")
def apply(
    at: Taking,
    forms: Annotated[
        list[Path],
        typer.Argument(
            metavar="FORM...",
            help=t("填好的申请表（TOML，见 paper template）", "filled-in application forms"),
        ),
    ],
    *,
    terms: TermsOption = None,
) -> None:
    """Signed by the consumer's office head; agreed to at once under a standing reply."""
    from .blanks import read_form, read_terms

    wanted = None if terms is None else read_terms(terms)
    bodies = [read_form(form) for form in forms]
    with at.open() as node:
        act = node.drafter.apply_for(bodies, wanted)
        at.take_at(node, act)


@decision(app, "答复申请：同意、部分同意、不同意", "reply to an application")
def reply(
    at: Taking,
    number: AuthorisationArgument,
    answer: Annotated[
        AnswerName,
        typer.Argument(metavar="ANSWER", help=t(_choices(ANSWER_WORDS), "agree, partly or refuse")),
    ],
    *,
    opinion: Annotated[str, typer.Option("--opinion", help=t("答复意见", "the opinion"))],
    contact_name: ContactNameOption,
    contact_phone: ContactPhoneOption,
    refusals: Annotated[
        Path | None,
        typer.Option(
            "--refusals",
            help=t(
                "不予共享的信息项和理由（TOML，见 paper template refusals）",
                "items refused and why (TOML)",
            ),
        ),
    ] = None,
    calls_per_day: CallsOption = None,
    rows_per_day: RowsOption = None,
    start: FirstDayOption = None,
    until: LastDayOption = None,
    terms: TermsOption = None,
) -> None:
    """Signed by the provider's office head; each item that is not granted has its reason."""
    from .blanks import read_refusals, read_terms

    listed = [] if refusals is None else read_refusals(refusals)
    wanted = None if terms is None else read_terms(terms)
    said = {"opinion": opinion, "handler": {"name": contact_name, "phone": contact_phone}}
    with at.open() as node:
        act = node.drafter.reply(
            number,
            ANSWER_WORDS[answer],
            listed,
            narrowed=_terms(calls_per_day, rows_per_day, start, until),
            said=said,
            terms=wanted,
        )
        at.take_at(node, act)


@decision(app, "走一步：审核、交付、暂停、恢复等", "take a step")
def step(
    at: Taking,
    number: AuthorisationArgument,
    name: Annotated[
        StepName,
        typer.Argument(metavar="STEP", help=t(_choices(STEP_WORDS), ", ".join(StepName))),
    ],
    *,
    reason: ReasonOption,
    measures: Annotated[
        str | None, typer.Option("--measures", help=t("整改措施或要求", "measures taken or asked"))
    ] = None,
    due: Annotated[
        str | None,
        typer.Option(
            "--due", metavar="YYYY-MM-DD", help=t("整改期限", "until when to put it right")
        ),
    ] = None,
    point: Annotated[
        list[str] | None,
        typer.Option("--point", help=t("应补正的内容，可写多次", "what to supplement")),
    ] = None,
    effective: Annotated[
        str | None,
        typer.Option(
            "--effective", metavar="YYYY-MM-DD", help=t("最后服务之日", "last day of the service")
        ),
    ] = None,
    outcome: Annotated[
        OutcomeName | None,
        typer.Option("--outcome", help=t("裁定：" + _choices(OUTCOME_WORDS), "as ruled")),
    ] = None,
) -> None:
    """Who signs follows from the step: the reviewer, the provider, the consumer, the competent."""
    said = {
        "reason": reason,
        "points": point or [],
        "measures": measures,
        "due": due,
        "effective": effective,
        "outcome": None if outcome is None else OUTCOME_WORDS[outcome],
    }
    with at.open() as node:
        act, against = node.drafter.step(number, STEP_WORDS[name], said)
        at.take_at(node, act, against)


@decision(app, "提出变更：信息项、期限、限额、附加条件", "propose other terms")
def propose_change(
    at: Taking,
    number: AuthorisationArgument,
    *,
    reason: ReasonOption,
    contact_name: ContactNameOption,
    contact_phone: ContactPhoneOption,
    item: Annotated[
        list[str] | None,
        typer.Option(
            "--item", help=t("变更后的信息项，可写多次；不给则如前", "items from then on")
        ),
    ] = None,
    calls_per_day: CallsOption = None,
    rows_per_day: RowsOption = None,
    start: FirstDayOption = None,
    until: LastDayOption = None,
    terms: TermsOption = None,
) -> None:
    """Signed by the office head of either side; in force when the other side accepts it."""
    from .blanks import read_terms

    wanted = None if terms is None else read_terms(terms)
    changes = {**_terms(calls_per_day, rows_per_day, start, until), "items": item}
    said = {"reason": reason, "handler": {"name": contact_name, "phone": contact_phone}}
    with at.open() as node:
        act = node.drafter.propose_change(number, changes, said, wanted)
        at.take_at(node, act)


@decision(app, "同意对方提出的变更", "accept the change the other side proposed")
def accept_change(
    at: Taking,
    number: AuthorisationArgument,
    *,
    reason: ReasonOption,
    contact_name: ContactNameOption,
    contact_phone: ContactPhoneOption,
) -> None:
    """Signed by the office head of the other side; the terms are those proposed, word for word."""
    said = {"reason": reason, "handler": {"name": contact_name, "phone": contact_phone}}
    with at.open() as node:
        act = node.drafter.accept_change(number, said)
        at.take_at(node, act)


def _terms(
    calls: int | None, rows: int | None, start: str | None, until: str | None
) -> dict[str, Any]:
    return {"callsPerDay": calls, "rowsPerDay": rows, "validFrom": start, "validUntil": until}


@app.command(name="list", help=t("列出授权及其状态", "list authorisations with their states"))
def list_(
    *,
    config: ConfigOption,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="CODE", help=t("只列此提供部门的", "of this provider")),
    ] = None,
    consumer: Annotated[
        str | None,
        typer.Option("--consumer", metavar="CODE", help=t("只列此使用部门的", "of this consumer")),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help=t("只列此状态的，如 已申请", "in this state, as applied")),
    ] = None,
    after: Annotated[
        int, typer.Option("--after", min=0, help=t("从此编号之后列起", "numbers after this one"))
    ] = 0,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1_000, help=t("最多列出多少条", "at most so many"))
    ] = 100,
) -> None:
    """List authorisations by number; a full page says how to go on."""
    from .authorisationtable import print_page

    with open_node(config) as node:
        print_page(node, provider, consumer, state, after=after, limit=limit)


@app.command(name="show", help=t("显示一个授权的内容和历次决定", "show one authorisation"))
def show_(number: AuthorisationArgument, config: ConfigOption) -> None:
    """Show what was granted to whom, until when, and every decision on it."""
    from .authorisationtable import print_authorisation

    with open_node(config) as node:
        print_authorisation(node, number)
