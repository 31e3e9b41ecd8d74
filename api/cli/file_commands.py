"""Files an official begins with: `shareledger key`, key files; `shareledger paper`, papers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from .console import put, say, t
from .help_pages import Commands
from .opening import load_signer, new_file, open_node, read_file
from .options import (
    Choice,
    ConfigOption,
    KeyOption,
    OutputOption,
    PasswordOption,
    argument,
    listed,
)

if TYPE_CHECKING:
    from node.chain.relay import RelayAccount
    from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper

    AnyKey = SoftwareSigner | SoftwareUnwrapper | Ed25519Signer | RelayAccount

app = Commands(help=t("生成和查看密钥文件", "make and show key files"))
papers = Commands(help=t("文书：空白表单、查看", "papers: blank forms, reading"))


class Kind(StrEnum):
    """What a key file is for."""

    SIGN = "sign"
    UNWRAP = "unwrap"
    LOG = "log"
    RELAY = "relay"


KindArgument = Annotated[
    Kind,
    argument(
        "KIND",
        "sign：SM2 签名；unwrap：SM2 解封；log：Ed25519 检查点；relay：中继账户",
        "sign: SM2; unwrap: SM2 decryption; log: Ed25519 checkpoints; relay: account",
    ),
]


@app.command(help=t("生成密钥并加密写入文件，绝不覆盖", "make a key file; never overwrites"))
def generate(kind: KindArgument, output: OutputOption, password_file: PasswordOption) -> None:
    """Make a key and write it, encrypted, its public half beside it; nothing is overwritten."""
    from api.city.halves import public_half, write_public
    from node.crypto.passwords import read_password

    key = _class_of(kind).generate()
    key.save(output, read_password(password_file))
    write_public(output, public_half(key))
    say(f"已生成 {output}", f"made {output}")
    _describe(key)


@app.command(help=t("显示密钥文件的公开部分", "print the public half of a key file"))
def show(
    kind: KindArgument,
    file: Annotated[Path, argument("FILE", "密钥文件", "the key file")],
    password_file: PasswordOption,
) -> None:
    """Print the public half of a key file."""
    from node.crypto.passwords import read_password

    _describe(_class_of(kind).load(file, read_password(password_file)))


@app.command(help=t("证明持有一把要登记的密钥：给请求签名", "sign a request to register a key"))
def possession(
    request: Annotated[Path, argument("REQUEST", "登记方交来的请求", "the request one was given")],
    key: KeyOption,
    output: OutputOption,
    password_file: PasswordOption,
) -> None:
    """Show what the key is to be registered for, and sign that; needs no node."""
    from node.errors import InvalidInput
    from node.office import possession as office

    asked = office.parse_request(read_file(request, office.REQUEST_BYTES, InvalidInput))
    put(office.render_request(asked).decode())
    proof = office.prove_possession(asked, load_signer(key, password_file))
    with new_file(output, "ascii") as file:
        file.write(proof.hex() + "\n")
    say(f"已签名，写入 {output}", f"signed; wrote {output}")


def _class_of(kind: Kind) -> type[AnyKey]:
    from node.chain.relay import RelayAccount
    from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper

    classes: dict[Kind, type[AnyKey]] = {
        Kind.SIGN: SoftwareSigner,
        Kind.UNWRAP: SoftwareUnwrapper,
        Kind.LOG: Ed25519Signer,
        Kind.RELAY: RelayAccount,
    }
    return classes[kind]


def _describe(key: AnyKey) -> None:
    from node.chain.relay import RelayAccount
    from node.crypto import Ed25519Signer

    if isinstance(key, Ed25519Signer):
        say(f"公钥 {key.public.hex()}", f"public key {key.public.hex()}")
    elif isinstance(key, RelayAccount):
        say(f"账户地址 {key.address.hex()}", f"address {key.address.hex()}")
    else:
        public = key.public_key
        say(f"公钥 {public.raw.hex()}", f"public key {public.raw.hex()}")
        say(f"密钥编号 {public.key_id.hex()}", f"key id {public.key_id.hex()}")


class Form(Choice):
    """The forms there are; each is a file of `blanks`."""

    DEPARTMENT = "department", "部门登记"
    APPLICATION = "application", "共享申请"
    REFUSALS = "refusals", "不予共享"
    TERMS = "terms", "附加条件"


@papers.command(help=t("写出带说明的空白表单（TOML）", "write a form that explains itself"))
def template(
    form: Annotated[
        Form, argument("FORM", listed(Form), "department, application, refusals or terms")
    ],
    output: OutputOption,
) -> None:
    """Write a blank form; an existing file is refused."""
    from .blanks import blank_form

    with new_file(output) as file:
        file.write(blank_form(form.value))
    say(f"已写入 {output}", f"wrote {output}")


@papers.command(name="show", help=t("显示本节点所存的一份文书", "print a document that is here"))
def show_paper(
    digest: Annotated[str, argument("DIGEST", "摘要，64 位十六进制", "its digest, 64 hex")],
    config: ConfigOption,
) -> None:
    """Print a document of this node's store, members in their order of the alphabet."""
    from json import dumps, loads

    from node.protocol.wire.encoding import hex32

    with open_node(config) as node:
        data = node.store.get(hex32(digest))
    put(dumps(loads(data), ensure_ascii=False, indent=2))
