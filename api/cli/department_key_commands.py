"""`shareledger department`, the keys: registered, withdrawn, given roles, listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from node.errors import InvalidInput

from .console import t, table
from .department_commands import app
from .naming import (
    day_of,
    spoken,
    today,
)
from .opening import handle_of, load_new_key, read_file
from .options import (
    DAY,
    Choice,
    CodeArgument,
    FromOption,
    NewKeyOption,
    NewPasswordOption,
    NodeOption,
    OwnConfigOption,
    PersonOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    ReasonOption,
    RequestOption,
    UntilOption,
    argument,
    listed,
    option,
)
from .taking import Taking, decision, reading

if TYPE_CHECKING:
    from api.lookups import Wire

__all__ = ["app"]  # the group, with the commands of this module

KeyIdArgument = Annotated[
    str,
    argument("KEY", "密钥编号（64 位十六进制），或密钥文件", "key id, 64 hex, or the key's file"),
]


def _key_id(named: str) -> str:
    """Return the id of a key that is named by it, or by its file."""
    from api.city.halves import named_half
    from node.crypto import Sm2PublicKey

    if len(named) == ID_DIGITS and not named.strip("0123456789abcdef"):
        return named
    return Sm2PublicKey.from_raw(named_half(named, 64)).key_id.hex()


ID_DIGITS = 64


class Kind(Choice):
    """What a registered key signs; the values are what users type."""

    OFFICER = "officer", "人员"
    DEPARTMENT = "department", "部门"
    APPLICATION = "application", "应用系统"


class RoleName(Choice):
    """Roles a key can be given; the values are what users type."""

    DATA_OFFICER = "data-officer", "数据专管员"
    OFFICE_HEAD = "office-head", "工作机构负责人"
    DEPARTMENT_HEAD = "department-head", "部门负责人"
    REVIEWER = "reviewer", "审核员"
    AUDITOR = "auditor", "审计员"
    DUTY_OFFICER = "duty-officer", "值班员"


@decision(app, "登记一把密钥（人员、部门或应用系统）", "register a key", keyless=True)
def add_key(
    at: Taking,
    department: CodeArgument,
    kind: Annotated[Kind, argument("KIND", listed(Kind), "officer, department or application")],
    *,
    new_key: NewKeyOption,
    name: Annotated[str, option("--name", "人员、部门或应用系统的名称", "whose key it is")],
    until: UntilOption,
    request: RequestOption = None,
    start: FromOption = None,
    post: Annotated[str | None, option("--post", "人员的职务", "an officer's post")] = None,
    application: Annotated[
        str | None, option("--application", "应用系统代码", "code of the application")
    ] = None,
    unwrap_key: Annotated[
        Path | None,
        option("--unwrap-key", "应用系统的解封密钥或公钥文件", "the application's unwrap key"),
    ] = None,
    log_key: Annotated[
        Path | None, option("--log-key", "部门的 Ed25519 密钥文件", "the department's log key")
    ] = None,
    person: PersonOption = None,
    host: Annotated[
        str | None, option("--host", "托管时，受托部门代码", "code of the host, if hosted")
    ] = None,
    new_password_file: NewPasswordOption = None,
) -> None:
    """Signed by the department's head and, as possession, by the new key."""
    passwords = new_password_file or at.password_file
    public, added = load_new_key(new_key, passwords)
    common = {
        "name": name,
        "publicKey": public.raw.hex(),
        "validFrom": start or today(),
        "validUntil": until,
    }
    if kind is Kind.OFFICER:
        if post is None:
            raise InvalidInput(t("人员密钥应写明职务 --post", "an officer has a --post"))
        handle = handle_of(new_key, person, keep=not at.dry_run)
        officer = {"department": department, "post": post, "person": handle}
        fields: dict[str, Any] = {**common, **officer}
    else:
        holder = {"department": department, "application": application}
        kinds = {"kind": kind.word, "holder": holder}
        hosted = {"custody": "own" if host is None else "hosted", "host": host}
        keys = _second_keys(passwords, unwrap_key, log_key, common)
        fields = {**common, **kinds, **hosted, **keys}
    at.register("AddKey", fields, added, request)


def _second_keys(
    passwords: Path, unwrap_key: Path | None, log_key: Path | None, common: dict[str, Any]
) -> dict[str, Any]:
    from node.crypto import Ed25519Signer, SoftwareUnwrapper
    from node.crypto.keyfile import load_public_file
    from node.crypto.passwords import read_password
    from node.crypto.privatekey import find_public_key

    keys: dict[str, Any] = {"encryptionKey": None, "ed25519": None}
    if unwrap_key is not None:
        public = find_public_key(load_public_file(unwrap_key))
        if public is None:
            public = SoftwareUnwrapper.load(unwrap_key, read_password(passwords)).public_key
        keys["encryptionKey"] = {**common, "publicKey": public.raw.hex()}
        del keys["encryptionKey"]["name"]
    if log_key is not None:
        keys["ed25519"] = Ed25519Signer.load(log_key, read_password(passwords)).public.hex()
    return keys


@decision(
    app,
    "报送已附持有证明的登记（enrol、add-key、recover 以 --request 写出的）",
    "take a decision whose new key was proved by a file",
)
def submit(
    at: Taking,
    request: Annotated[Path, argument("REQUEST", "持有证明请求", "the request, from --request")],
    *,
    possession: Annotated[
        Path,
        option("--possession", "持有人对请求的签名文件", "the signature of the request's holder"),
    ],
) -> None:
    """Signed by whoever the decision in the request asks for; the proof is checked before."""
    from node.errors import SignatureInvalid
    from node.office.possession import PROOF_BYTES, REQUEST_BYTES, parse_request, read_proof

    asked = parse_request(read_file(request, REQUEST_BYTES, InvalidInput))
    at.complete(asked, read_proof(read_file(possession, PROOF_BYTES, SignatureInvalid), asked))


@decision(app, "注销一把密钥", "withdraw a key")
def revoke_key(
    at: Taking,
    department: CodeArgument,
    revoked: KeyIdArgument,
    *,
    reason: ReasonOption,
    since: Annotated[
        str | None,
        option("--since", "疑似失控之日", "day it is believed to have been lost", metavar=DAY),
    ] = None,
) -> None:
    """Signed by the department's head; what the key signed before stays valid."""
    fields = {"department": department, "key": _key_id(revoked), "reason": reason, "since": since}
    at.take("RevokeKey", fields)


@decision(app, "授予一把密钥在本部门的角色（可为他部门的密钥）", "grant a key its roles")
def grant(
    at: Taking,
    department: CodeArgument,
    grantee: KeyIdArgument,
    *,
    post: Annotated[str, option("--post", "持有人职务", "the holder's post")],
    reason: ReasonOption,
    until: UntilOption,
    role: Annotated[
        list[RoleName] | None,
        option("--role", "角色，可写多次：" + listed(RoleName), "a role, may be repeated"),
    ] = None,
    none: Annotated[bool, option("--none", "收回全部角色", "take every role back")] = False,
    start: FromOption = None,
    deputy: Annotated[bool, option("--deputy", "代行职务（代）", "acts for another")] = False,
) -> None:
    """Signed by the department's head. What is granted replaces what the key held there."""
    if none == bool(role):
        raise InvalidInput(
            t("写明 --role，或以 --none 收回全部角色", "give --role, or --none to take all back")
        )
    fields = {
        "department": department,
        "key": _key_id(grantee),
        "post": post,
        "deputy": deputy,
        "roles": [each.word for each in role or ()],
        "reason": reason,
        "validFrom": start or today(),
        "validUntil": until,
    }
    at.take("GrantRoles", fields)


@app.command(help=t("列出一个部门的密钥和角色", "list a department's keys and roles"))
def keys(
    department: CodeArgument,
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """List every key the department and its applications have had, and others' roles in it."""
    with reading(config, node, key, password_file) as office:
        rows = [_row(each) for each in office.keys(department)]
    table(
        t("密钥编号,种类,名称,角色,起,止,注销", "key id,kind,name,roles,from,until,revoked").split(
            ","
        ),
        rows,
    )


def _row(held: Wire) -> tuple[str, ...]:
    """Return key id, kind, name, roles, first and last day, and whether it is revoked."""
    name = held["name"] or "—"
    if held["department"] is not None and held["roles"]:
        name = f"{name}（{held['department']}）"
    return (
        held["key"],
        held["kind"],
        name,
        t("、", ", ").join(spoken(each) for each in held["roles"]),
        day_of(held["validFrom"]),
        day_of(held["validUntil"], last=True),
        t("已注销", "revoked") if held["revoked"] else "",
    )
