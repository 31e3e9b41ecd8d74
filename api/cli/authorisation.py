"""`shareledger authorisation`: applied for, replied to, advanced step by step."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .console import t
from .deciding import decide, show
from .opening import load_signer, open_node
from .options import (
    AgainOption,
    AuthorisationArgument,
    ConfigOption,
    ContactNameOption,
    ContactPhoneOption,
    DryRunOption,
    KeyOption,
    PasswordOption,
    ReasonOption,
    TermsOption,
)
from .wording import Commands

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
    WITHDRAW = "withdraw"
    DELIVER = "deliver"
    CONFIRM = "confirm"
    SUSPEND = "suspend"
    RECTIFY = "rectify"
    RESUME = "resume"
    TERMINATE = "terminate"


STEP_WORDS = {
    StepName.PASS: "审核通过",
    StepName.RETURN: "审核退回",
    StepName.WITHDRAW: "撤回",
    StepName.DELIVER: "交付",
    StepName.CONFIRM: "确认",
    StepName.SUSPEND: "暂停",
    StepName.RECTIFY: "整改",
    StepName.RESUME: "恢复",
    StepName.TERMINATE: "因违规终止",
}
"""The documents' words for them."""


def _choices(words: dict[StepName, str] | dict[AnswerName, str]) -> str:
    return "；".join(f"{name} {word}" for name, word in words.items())


@app.command(help=t("申请使用目录数据，一次签名一份或多份", "apply for entries"))
def apply(
    forms: Annotated[
        list[Path],
        typer.Argument(
            metavar="FORM...",
            help=t("填好的申请表（TOML，见 paper template）", "filled-in application forms"),
        ),
    ],
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    terms: TermsOption = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the consumer's office head; agreed to at once under a standing reply."""
    from node.office.authorisations import apply_for

    from .authoring import request
    from .forms import read_form, read_terms

    wanted = None if terms is None else read_terms(terms)
    bodies = [read_form(form) for form in forms]
    with open_node(config) as node:
        act = apply_for([request(node, body, wanted) for body in bodies])
        if dry_run:
            return show(act)
        decide(node, act, load_signer(key, password_file), again=again)
    return None


@app.command(help=t("答复申请：同意、部分同意、不同意", "reply to an application"))
def reply(
    number: AuthorisationArgument,
    answer: Annotated[
        AnswerName,
        typer.Argument(metavar="ANSWER", help=t(_choices(ANSWER_WORDS), "agree, partly or refuse")),
    ],
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
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
    calls_per_day: Annotated[
        int | None,
        typer.Option(
            "--calls-per-day", min=1, help=t("每日次数上限，不给则如申请", "calls a day, if fewer")
        ),
    ] = None,
    rows_per_day: Annotated[
        int | None,
        typer.Option(
            "--rows-per-day", min=1, help=t("每日行数上限，不给则如申请", "rows a day, if fewer")
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="YYYY-MM-DD", help=t("起日，不给则如申请", "first day, if later")
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="YYYY-MM-DD", help=t("止日，不给则如申请", "last day, if earlier")
        ),
    ] = None,
    terms: TermsOption = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the provider's office head; each item that is not granted has its reason."""
    from node.office.authorisations import reply as build

    from .authoring import (
        application_of,
        read_refusals,
        reply_body,
        version_of,
    )
    from .forms import read_terms

    listed = [] if refusals is None else read_refusals(refusals)
    wanted = None if terms is None else read_terms(terms)
    narrowed = {
        "callsPerDay": calls_per_day,
        "rowsPerDay": rows_per_day,
        "validFrom": start,
        "validUntil": until,
    }
    with open_node(config) as node:
        fact = node.queries.get_authorisation(number)
        applied = application_of(node, number)
        body = {
            **reply_body(fact, applied.body, ANSWER_WORDS[answer], listed, narrowed),
            "opinion": opinion,
            "handler": {"name": contact_name, "phone": contact_phone},
        }
        act = build(body, application=applied.data, version=version_of(node, fact), terms=wanted)
        if dry_run:
            return show(act)
        decide(node, act, load_signer(key, password_file), again=again)
    return None


@app.command(help=t("走一步：审核、交付、暂停、恢复等", "take a step"))
def step(
    number: AuthorisationArgument,
    name: Annotated[
        StepName,
        typer.Argument(metavar="STEP", help=t(_choices(STEP_WORDS), ", ".join(StepName))),
    ],
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
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
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Who signs follows from the step: the reviewer, the provider, the consumer, the competent."""
    from node.office.authorisations import advance

    from .authoring import step_body

    with open_node(config) as node:
        fact = node.queries.get_authorisation(number)
        said = {"reason": reason, "measures": measures, "due": due}
        act = advance({**step_body(fact, STEP_WORDS[name]), **said})
        if dry_run:
            return show(act)
        signer = load_signer(key, password_file)
        # A protective step names no document: what it is meant against tells it from another.
        decide(node, act, signer, again=again, context=fact.subject)
    return None


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
