"""`shareledger department`: who takes part; `shareledger application`: the systems that call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from .console import note, t, table
from .help_pages import Commands
from .naming import spoken
from .opening import handle_of, load_new_key
from .options import (
    Choice,
    CodeArgument,
    ContactNameOption,
    ContactPhoneOption,
    NewKeyOption,
    NewPasswordOption,
    NodeOption,
    OwnConfigOption,
    PersonOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    ReasonOption,
    RequestOption,
    argument,
    listed,
    option,
)
from .taking import Taking, decision, reading

app = Commands(help=t("部门：登记、密钥、角色", "departments, their keys and roles"))

systems = Commands(help=t("应用系统：登记、查看、调用", "application systems"))


@decision(
    app, "登记部门及其首任负责人的密钥", "enrol a department with its head's key", keyless=True
)
def enrol(
    at: Taking,
    form: Annotated[
        Path, argument("FORM", "填好的表单（TOML，见 paper template）", "the filled-in form")
    ],
    *,
    head_key: Annotated[
        Path, option("--head-key", "首任负责人的密钥或公钥文件", "key file of its first head")
    ],
    request: RequestOption = None,
    person: PersonOption = None,
    new_password_file: NewPasswordOption = None,
) -> None:
    """Signed by the competent department's head; the first department by the root key."""
    from .blanks import read_form

    body = read_form(form)
    public, head = load_new_key(head_key, new_password_file or at.password_file)
    if isinstance(body.get("head"), dict):
        handle = handle_of(head_key, person, keep=not at.dry_run)
        named = {"person": handle, "publicKey": public.raw.hex()}
        body["head"] = {**body["head"], **named}
    at.register("EnrolDepartment", body, head, request)


@decision(
    app,
    "变更部门信息：节点网址、联系人；主管、初审、登记权由主管部门变更",
    "change what its document says",
)
def update(
    at: Taking,
    department: CodeArgument,
    *,
    name: Annotated[str | None, option("--name", "部门名称", "its name")] = None,
    url: Annotated[str | None, option("--url", "节点网址", "URL of its node")] = None,
    contact_name: Annotated[str | None, option("--contact-name", "联系人", "whom to ask")] = None,
    contact_phone: Annotated[
        str | None, option("--contact-phone", "联系电话", "by which telephone")
    ] = None,
    competent: Annotated[
        str | None, option("--competent", "主管部门", "competent", metavar="CODE")
    ] = None,
    screening: Annotated[
        bool | None, option("--screening/--no-screening", "申请先经初审", "screens applications")
    ] = None,
    may_enrol: Annotated[
        bool | None, option("--may-enrol/--may-not-enrol", "可登记下级部门", "may enrol others")
    ] = None,
) -> None:
    """Signed by its own head; competent, screening and enrolment by the present competent's."""
    from node.errors import InvalidInput

    if (contact_name is None) != (contact_phone is None):
        raise InvalidInput(
            t("联系人和电话应一并写明", "give the contact's name and phone together")
        )
    contact = None if contact_name is None else {"name": contact_name, "phone": contact_phone}
    given = {
        "department": department,
        "name": name,
        "url": url,
        "contact": contact,
        "competent": competent,
        "screening": screening,
        "mayEnrol": may_enrol,
    }
    at.take("UpdateDepartment", given)
    if url is not None and not at.dry_run:
        note(
            "换网址后：改本节点配置的 public_url、authorities（必要时 host、port），重启，再执行 "
            "node check；别的节点若在 [peers] 写着旧网址，请它们也改",
            "a new URL: change public_url and authorities (host, port) in the node's settings, "
            "restart it, then node check; nodes that name the old URL in [peers] must change it",
        )


def _order(word: str, chinese: str, english: str) -> None:
    @decision(app, chinese, f"{english} a department", name=english)
    def order(at: Taking, department: CodeArgument, *, reason: ReasonOption) -> None:
        """Signed by the competent department's head."""
        fields = {"department": department, "order": word, "reason": reason}
        at.take("SetDepartmentStatus", fields)


_order("停用", "停用一个部门：不再服务它，它也不能作决定", "suspend")
_order("恢复", "恢复一个停用的部门", "resume")
_order("关闭", "关闭一个部门，不可恢复", "close")


@decision(
    app,
    "负责人密钥失落：登记新的，七日后有效，其间原负责人可撤销",
    "a new head's key, in seven days",
    keyless=True,
)
def recover(
    at: Taking,
    department: CodeArgument,
    *,
    new_key: NewKeyOption,
    name: Annotated[str, option("--name", "负责人姓名", "the head's name")],
    post: Annotated[str, option("--post", "负责人职务", "the head's post")],
    reason: ReasonOption,
    request: RequestOption = None,
    person: PersonOption = None,
    new_password_file: NewPasswordOption = None,
) -> None:
    """Signed by the competent department's head and, as possession, by the new key."""
    public, new = load_new_key(new_key, new_password_file or at.password_file)
    handle = handle_of(new_key, person, keep=not at.dry_run)
    head = {"name": name, "post": post, "person": handle, "publicKey": public.raw.hex()}
    fields = {"department": department, "head": head, "reason": reason}
    at.register("RecoverKey", fields, new, request)


@app.command(name="list", help=t("列出全部部门", "list the departments"))
def list_(
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """List departments by code, with their logs."""
    with reading(config, node, key, password_file) as office:
        found = office.departments()
    rows = [
        (
            each["code"],
            each["name"] or "—",
            each["competent"],
            spoken(each["statusSaid"]),
            t("是", "yes") if each["mayEnrol"] else "",
            each["url"] or "—",
            "{name} {phone}".format(**each["contact"]) if each["contact"] else "—",
            "—" if each["anchored"] is None else each["anchored"],
        )
        for each in found
    ]
    table(
        t(
            "代码,名称,主管部门,状态,可登记,节点,联系人,已锚定",
            "code,name,competent,status,may enrol,node,contact,anchored",
        ).split(","),
        rows,
    )


class Network(Choice):
    """Where an application system runs; the values are what users type."""

    GOVERNMENT = "government", "政务外网"
    INTERNET = "internet", "互联网"
    DEPARTMENT = "department", "部门专网"


@decision(systems, "登记一个应用系统", "register an application system")
def register(
    at: Taking,
    department: CodeArgument,
    code: Annotated[str, argument("APPLICATION", "应用系统代码", "its code")],
    *,
    name: Annotated[str, option("--name", "应用系统名称", "its name")],
    description: Annotated[str, option("--description", "用来做什么", "its use")],
    protection_level: Annotated[
        int, option("--protection-level", "网络安全保护等级", "protection level", min=1, max=5)
    ],
    contact_name: ContactNameOption,
    contact_phone: ContactPhoneOption,
    network: Annotated[
        Network, option("--network", listed(Network), "where it runs")
    ] = Network.GOVERNMENT,
) -> None:
    """Signed by the department's office head; its key is registered with department add-key."""
    fields = {
        "department": department,
        "code": code,
        "name": name,
        "description": description,
        "network": network.word,
        "protectionLevel": protection_level,
        "contact": {"name": contact_name, "phone": contact_phone},
    }
    at.take("RegisterApplication", fields)


@systems.command(name="list", help=t("列出一个部门的应用系统", "list a department's applications"))
def list_systems(
    department: CodeArgument,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """List the registered application systems of a department, with the keys they call with."""
    with reading(config, node, key, password_file) as office:
        found = office.applications(department)
    rows = [
        (
            each["code"] or "—",
            each["name"] or "—",
            each["application"],
            "、".join(each["keys"]) or "—",
        )
        for each in found
    ]
    table(t("代码,名称,应用编号,密钥编号", "code,name,application id,key ids").split(","), rows)
