"""`shareledger authorisation`: applied for, replied to, advanced step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from .console import t
from .help_pages import Commands
from .options import (
    DAY,
    AuthorisationArgument,
    Choice,
    ContactNameOption,
    ContactPhoneOption,
    NodeOption,
    OwnConfigOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    ReasonOption,
    TermsOption,
    argument,
    listed,
    option,
)
from .taking import Taking, decision, reading

app = Commands(help=t("授权：申请、答复、各步骤、查看", "share authorisations"))


class AnswerName(Choice):
    """A provider's answers; the values are what users type."""

    AGREE = "agree", "同意"
    PARTLY = "partly", "部分同意"
    REFUSE = "refuse", "不同意"


class StepName(Choice):
    """The steps after an application; the values are what users type."""

    PASS = "pass", "审核通过"
    RETURN = "return", "审核退回"
    REQUEST_SUPPLEMENT = "request-supplement", "要求补正"
    SUPPLEMENT = "supplement", "补正"
    REQUEST_EXTENSION = "request-extension", "申请延期"
    GRANT_EXTENSION = "grant-extension", "准予延期"
    REJECT_EXTENSION = "reject-extension", "不予延期"
    WITHDRAW = "withdraw", "撤回"
    DELIVER = "deliver", "交付"
    CONFIRM = "confirm", "确认"
    REJECT_CHANGE = "reject-change", "不同意变更"
    SUSPEND = "suspend", "暂停"
    TAKE_OVER = "take-over", "接管暂停"
    RECTIFY = "rectify", "整改"
    RESUME = "resume", "恢复"
    TERMINATE = "terminate", "因违规终止"
    END_SERVICE = "end-service", "终止服务"
    FINISH = "finish", "停止使用"
    REPORT_DISPOSAL = "report-disposal", "报告处置"
    ACCEPT_DISPOSAL = "accept-disposal", "确认处置"
    DISPUTE_DISPOSAL = "dispute-disposal", "处置异议"
    RULE_DISPUTE = "rule-dispute", "争议裁定"


class OutcomeName(Choice):
    """What a dispute is ruled to; the values are what users type."""

    FORWARDED = "forwarded", "转提供部门"
    AGREED = "agreed", "同意"
    REFUSED = "refused", "不同意"
    DELIVERED = "delivered", "已交付"
    ACTIVE = "active", "使用中"
    SUSPENDED = "suspended", "暂停"
    TERMINATED = "terminated", "终止"


CallsOption = Annotated[
    int | None,
    option("--calls-per-day", "每日次数上限，不给则如前", "calls a day, if others", min=1),
]
RowsOption = Annotated[
    int | None, option("--rows-per-day", "每日行数上限，不给则如前", "rows a day, if others", min=1)
]
FirstDayOption = Annotated[
    str | None, option("--from", "起日，不给则如前", "first day", metavar=DAY)
]
LastDayOption = Annotated[
    str | None, option("--until", "止日，不给则如前", "last day", metavar=DAY)
]


@decision(app, "申请使用目录数据，一次签名一份或多份", "apply for entries")
def apply(
    at: Taking,
    forms: Annotated[
        list[Path],
        argument(
            "FORM...", "填好的申请表（TOML，见 paper template）", "filled-in application forms"
        ),
    ],
    *,
    terms: TermsOption = None,
) -> None:
    """Signed by the consumer's office head; agreed to at once under a standing reply."""
    from .blanks import read_form, read_terms

    wanted = None if terms is None else read_terms(terms)
    bodies = [read_form(form) for form in forms]
    at.take("ApplyFor", {"applications": bodies, "terms": wanted})


@decision(app, "答复申请：同意、部分同意、不同意", "reply to an application")
def reply(
    at: Taking,
    number: AuthorisationArgument,
    answer: Annotated[
        AnswerName, argument("ANSWER", listed(AnswerName), "agree, partly or refuse")
    ],
    *,
    opinion: Annotated[str, option("--opinion", "答复意见", "the opinion")],
    contact_name: ContactNameOption,
    contact_phone: ContactPhoneOption,
    refusals: Annotated[
        Path | None,
        option(
            "--refusals",
            "不予共享的信息项和理由（TOML，见 paper template refusals）",
            "items refused and why (TOML)",
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

    refused = [] if refusals is None else read_refusals(refusals)
    wanted = None if terms is None else read_terms(terms)
    fields = {
        "authorisation": number,
        "answer": answer.word,
        "refusals": refused,
        "opinion": opinion,
        "handler": {"name": contact_name, "phone": contact_phone},
        "terms": wanted,
    }
    at.take("Reply", {**fields, **_terms(calls_per_day, rows_per_day, start, until)})


@decision(app, "走一步：审核、交付、暂停、恢复等", "take a step")
def step(
    at: Taking,
    number: AuthorisationArgument,
    name: Annotated[StepName, argument("STEP", listed(StepName), ", ".join(StepName))],
    *,
    reason: ReasonOption,
    measures: Annotated[
        str | None, option("--measures", "整改措施或要求", "measures taken or asked")
    ] = None,
    due: Annotated[
        str | None, option("--due", "整改期限", "until when to put it right", metavar=DAY)
    ] = None,
    point: Annotated[
        list[str] | None, option("--point", "应补正的内容，可写多次", "what to supplement")
    ] = None,
    effective: Annotated[
        str | None, option("--effective", "最后服务之日", "last day of the service", metavar=DAY)
    ] = None,
    outcome: Annotated[
        OutcomeName | None, option("--outcome", "裁定：" + listed(OutcomeName), "as ruled")
    ] = None,
) -> None:
    """Who signs follows from the step: the reviewer, the provider, the consumer, the competent."""
    fields = {
        "authorisation": number,
        "step": name.word,
        "reason": reason,
        "points": point or [],
        "measures": measures,
        "due": due,
        "effective": effective,
        "outcome": None if outcome is None else outcome.word,
    }
    at.take("Step", fields)


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
        option("--item", "变更后的信息项，可写多次；不给则如前", "items from then on"),
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
    fields = {
        "authorisation": number,
        "step": "提出变更",
        "items": item,
        "reason": reason,
        "handler": {"name": contact_name, "phone": contact_phone},
        "terms": wanted,
    }
    at.take("Change", {**fields, **_terms(calls_per_day, rows_per_day, start, until)})


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
    handler = {"name": contact_name, "phone": contact_phone}
    fields = {"authorisation": number, "step": "同意变更", "reason": reason, "handler": handler}
    at.take("Change", fields)


def _terms(
    calls: int | None, rows: int | None, start: str | None, until: str | None
) -> dict[str, Any]:
    return {"callsPerDay": calls, "rowsPerDay": rows, "validFrom": start, "validUntil": until}


@app.command(name="list", help=t("列出授权及其状态", "list authorisations with their states"))
def list_(
    *,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
    provider: Annotated[
        str | None, option("--provider", "只列此提供部门的", "of this provider", metavar="CODE")
    ] = None,
    consumer: Annotated[
        str | None, option("--consumer", "只列此使用部门的", "of this consumer", metavar="CODE")
    ] = None,
    state: Annotated[
        str | None, option("--state", "只列此状态的，如 已申请", "in this state, as applied")
    ] = None,
    after: Annotated[
        int, option("--after", "从此编号之后列起", "numbers after this one", min=0)
    ] = 0,
    limit: Annotated[
        int, option("--limit", "最多列出多少条", "at most so many", min=1, max=1_000)
    ] = 100,
) -> None:
    """List authorisations by number; a full page says how to go on."""
    from .authorisation_pages import print_page

    with reading(config, node, key, password_file) as office:
        print_page(office, provider, consumer, state, after=after, limit=limit)


@app.command(name="show", help=t("显示一个授权的内容和历次决定", "show one authorisation"))
def show_(
    number: AuthorisationArgument,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """Show what was granted to whom, until when, and every decision on it."""
    from .authorisation_pages import print_authorisation

    with reading(config, node, key, password_file) as office:
        print_authorisation(office, number)
