"""`shareledger application`: the application systems that will call."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .console import t, table
from .deciding import Taking, decision
from .opening import open_node
from .options import (
    CodeArgument,
    ConfigOption,
    ContactNameOption,
    ContactPhoneOption,
)
from .wording import Commands

app = Commands(help=t("应用系统：登记、查看", "application systems"))


class Network(StrEnum):
    """Where an application system runs; the values are what users type."""

    GOVERNMENT = "government"
    INTERNET = "internet"
    DEPARTMENT = "department"


NETWORKS = {
    Network.GOVERNMENT: "政务外网",
    Network.INTERNET: "互联网",
    Network.DEPARTMENT: "部门专网",
}
"""The documents' words for them."""


@decision(app, "登记一个应用系统", "register an application system")
def register(
    at: Taking,
    department: CodeArgument,
    code: Annotated[str, typer.Argument(metavar="APPLICATION", help=t("应用系统代码", "its code"))],
    *,
    name: Annotated[str, typer.Option("--name", help=t("应用系统名称", "its name"))],
    description: Annotated[str, typer.Option("--description", help=t("用来做什么", "its use"))],
    protection_level: Annotated[
        int,
        typer.Option(
            "--protection-level", min=1, max=5, help=t("网络安全保护等级", "protection level")
        ),
    ],
    contact_name: ContactNameOption,
    contact_phone: ContactPhoneOption,
    network: Annotated[
        Network,
        typer.Option(
            "--network",
            help=t("government 政务外网；internet 互联网；department 部门专网", "where it runs"),
        ),
    ] = Network.GOVERNMENT,
) -> None:
    """Signed by the department's office head; its key is registered with department add-key."""
    from node.office.departments import register_application

    act = register_application(
        {
            "department": department,
            "code": code,
            "name": name,
            "description": description,
            "network": NETWORKS[network],
            "protectionLevel": protection_level,
            "contact": {"name": contact_name, "phone": contact_phone},
        }
    )
    at.take(act)


@app.command(name="list", help=t("列出一个部门的应用系统", "list a department's applications"))
def list_(department: CodeArgument, config: ConfigOption) -> None:
    """List the registered application systems of a department, with the keys they call with."""
    from .naming import find_body

    with open_node(config) as node:
        owner = node.queries.get_department(department)
        rows = []
        for fact in node.queries.applications_of(owner.department):
            body = find_body(node, fact.digest)
            keys = [key for key in node.queries.keys_of(fact.application) if not key.revoked_at]
            rows.append(
                (
                    body.code if body else "—",
                    body.name if body else "—",
                    fact.application.hex(),
                    "、".join(key.key.hex() for key in keys) or "—",
                )
            )
    table(
        (
            t("代码", "code"),
            t("名称", "name"),
            t("应用编号", "application id"),
            t("密钥编号", "key ids"),
        ),
        rows,
    )
