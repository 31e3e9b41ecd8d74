"""`shareledger department`: who takes part, with which keys and in which roles."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .console import t, table
from .deciding import decide_at
from .opening import load_signer, open_node
from .options import (
    AgainOption,
    CodeArgument,
    ConfigOption,
    DryRunOption,
    FromOption,
    KeyOption,
    NewPasswordOption,
    PasswordOption,
    ReasonOption,
    UntilOption,
)
from .wording import Commands

app = Commands(help=t("部门：登记、密钥、角色", "departments, their keys and roles"))

KeyIdArgument = Annotated[
    str,
    typer.Argument(metavar="KEY", help=t("密钥编号（64 位十六进制）", "key id, 64 hex")),
]
NewKeyOption = Annotated[
    Path,
    typer.Option("--new-key", help=t("新密钥的文件，用来证明持有", "the new key, which must sign")),
]


class Kind(StrEnum):
    """What a registered key signs; the values are what users type."""

    OFFICER = "officer"
    DEPARTMENT = "department"
    APPLICATION = "application"


KINDS = {Kind.OFFICER: "人员", Kind.DEPARTMENT: "部门", Kind.APPLICATION: "应用系统"}
"""The documents' words for them."""


class RoleName(StrEnum):
    """Roles a key can be given; the values are what users type."""

    DATA_OFFICER = "data-officer"
    OFFICE_HEAD = "office-head"
    DEPARTMENT_HEAD = "department-head"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    DUTY_OFFICER = "duty-officer"


ROLE_WORDS = {
    RoleName.DATA_OFFICER: "数据专管员",
    RoleName.OFFICE_HEAD: "工作机构负责人",
    RoleName.DEPARTMENT_HEAD: "部门负责人",
    RoleName.REVIEWER: "审核员",
    RoleName.AUDITOR: "审计员",
    RoleName.DUTY_OFFICER: "值班员",
}
"""The documents' words for them."""


@app.command(help=t("登记部门及其首任负责人的密钥", "enrol a department with its head's key"))
def enrol(
    form: Annotated[
        Path,
        typer.Argument(
            metavar="FORM", help=t("填好的表单（TOML，见 paper template）", "the filled-in form")
        ),
    ],
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    head_key: Annotated[
        Path,
        typer.Option("--head-key", help=t("首任负责人的密钥文件", "key file of its first head")),
    ],
    new_password_file: NewPasswordOption = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the competent department's head; the first department by the root key."""
    from node.office.departments import enrol_department
    from node.protocol.forms import DepartmentPaper

    from .forms import completed, read_form

    body = read_form(form)
    head = load_signer(head_key, new_password_file or password_file)
    if isinstance(body.get("head"), dict):
        body["head"] = {**body["head"], "publicKey": head.public_key.raw.hex()}
    act = enrol_department(completed(DepartmentPaper, body))
    decide_at(config, act, key, password_file, head, again=again, dry_run=dry_run)


@app.command(help=t("登记一把密钥（人员、部门或应用系统）", "register a key"))
def add_key(
    department: CodeArgument,
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="KIND",
            help=t(
                "officer 人员；department 部门；application 应用系统",
                "officer, department or application",
            ),
        ),
    ],
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    new_key: NewKeyOption,
    name: Annotated[
        str, typer.Option("--name", help=t("人员、部门或应用系统的名称", "whose key it is"))
    ],
    until: UntilOption,
    start: FromOption = None,
    post: Annotated[
        str | None, typer.Option("--post", help=t("人员的职务", "an officer's post"))
    ] = None,
    application: Annotated[
        str | None,
        typer.Option("--application", help=t("应用系统代码", "code of the application")),
    ] = None,
    unwrap_key: Annotated[
        Path | None,
        typer.Option(
            "--unwrap-key", help=t("应用系统的解封密钥文件", "the application's unwrap key file")
        ),
    ] = None,
    log_key: Annotated[
        Path | None,
        typer.Option("--log-key", help=t("部门的 Ed25519 密钥文件", "the department's log key")),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", help=t("托管时，受托部门代码", "code of the host, if hosted")),
    ] = None,
    new_password_file: NewPasswordOption = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the department's head and, as possession, by the new key."""
    from node.crypto import Ed25519Signer, SoftwareUnwrapper
    from node.office.departments import add_key as build

    from .naming import today

    passwords = new_password_file or password_file
    added = load_signer(new_key, passwords)
    period = {"validFrom": start or today(), "validUntil": until}
    body: dict[str, Any] = {
        "holder": {"department": department, "application": application},
        "kind": KINDS[kind],
        "name": name,
        "post": post,
        "publicKey": added.public_key.raw.hex(),
        **period,
        "encryptionKey": None,
        "ed25519": None,
        "custody": "own" if host is None else "hosted",
        "host": host,
    }
    if unwrap_key is not None:
        unwrapper = SoftwareUnwrapper.load(unwrap_key, _password(passwords))
        body["encryptionKey"] = {"publicKey": unwrapper.public_key.raw.hex(), **period}
    if log_key is not None:
        body["ed25519"] = Ed25519Signer.load(log_key, _password(passwords)).public.hex()
    act = build(body)
    decide_at(config, act, key, password_file, added, again=again, dry_run=dry_run)


@app.command(help=t("注销一把密钥", "withdraw a key"))
def revoke_key(
    department: CodeArgument,
    revoked: KeyIdArgument,
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    reason: ReasonOption,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="YYYY-MM-DD",
            help=t("疑似失控之日", "day it is believed to have been lost"),
        ),
    ] = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the department's head; what the key signed before stays valid."""
    from node.office.departments import revoke_key as build

    body = {"department": department, "key": revoked, "reason": reason, "since": since}
    decide_at(config, build(body), key, password_file, again=again, dry_run=dry_run)


@app.command(help=t("授予一把密钥在本部门的角色（可为他部门的密钥）", "grant a key its roles"))
def grant(
    department: CodeArgument,
    grantee: KeyIdArgument,
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    holder: Annotated[str, typer.Option("--holder", help=t("持有人姓名", "who holds the key"))],
    post: Annotated[str, typer.Option("--post", help=t("持有人职务", "the holder's post"))],
    reason: ReasonOption,
    until: UntilOption,
    role: Annotated[
        list[RoleName] | None,
        typer.Option(
            "--role",
            help=t(
                "角色，可写多次："
                + "；".join(f"{name} {word}" for name, word in ROLE_WORDS.items()),
                "a role, may be repeated",
            ),
        ),
    ] = None,
    none: Annotated[
        bool, typer.Option("--none", help=t("收回全部角色", "take every role back"))
    ] = False,
    start: FromOption = None,
    deputy: Annotated[
        bool, typer.Option("--deputy", help=t("代行职务（代）", "acts for another"))
    ] = False,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the department's head. What is granted replaces what the key held there."""
    from node.errors import InvalidInput
    from node.office.departments import grant_roles

    from .naming import today

    if none == bool(role):
        raise InvalidInput(
            t("写明 --role，或以 --none 收回全部角色", "give --role, or --none to take all back")
        )
    body = {
        "department": department,
        "key": grantee,
        "holder": holder,
        "post": post,
        "deputy": deputy,
        "roles": [ROLE_WORDS[each] for each in role or ()],
        "reason": reason,
        "validFrom": start or today(),
        "validUntil": until,
    }
    decide_at(config, grant_roles(body), key, password_file, again=again, dry_run=dry_run)


@app.command(name="list", help=t("列出全部部门", "list the departments"))
def list_(config: ConfigOption) -> None:
    """List departments by code, with their logs."""
    from .naming import code_of, find_body, status_name

    with open_node(config) as node:
        rows = []
        for fact in node.queries.departments():
            body = find_body(node, fact.digest)
            log = node.queries.find_log_of(fact.department)
            rows.append(
                (
                    fact.code,
                    body.name if body else "—",
                    code_of(fact.competent),
                    status_name(fact.status),
                    body.url if body else "—",
                    log.size if log else "—",
                )
            )
    table(
        (
            t("代码", "code"),
            t("名称", "name"),
            t("主管部门", "competent"),
            t("状态", "status"),
            t("节点", "node"),
            t("已锚定", "anchored"),
        ),
        rows,
    )


@app.command(help=t("列出一个部门的密钥和角色", "list a department's keys and roles"))
def keys(department: CodeArgument, config: ConfigOption) -> None:
    """List every key the department and its applications have had, and others' roles in it."""
    from .keytable import key_rows

    with open_node(config) as node:
        rows = key_rows(node, node.queries.get_department(department))
    table(
        (
            t("密钥编号", "key id"),
            t("种类", "kind"),
            t("名称", "name"),
            t("角色", "roles"),
            t("起", "from"),
            t("止", "until"),
            t("注销", "revoked"),
        ),
        rows,
    )


def _password(path: Path) -> bytes:
    from api.settings import read_password

    return read_password(path)
