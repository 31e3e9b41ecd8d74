"""Options many commands share, each with its environment variable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import t

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="SHARELEDGER_CONFIG",
        help=t("本节点的配置文件（TOML）", "this node's settings (TOML)"),
    ),
]
KeyOption = Annotated[
    Path,
    typer.Option(
        "--key",
        "-k",
        envvar="SHARELEDGER_KEY",
        help=t("签名人的 SM2 私钥文件（加密的 PKCS#8）", "the signer's SM2 key file"),
    ),
]
PasswordOption = Annotated[
    Path,
    typer.Option(
        "--password-file",
        envvar="SHARELEDGER_PASSWORD_FILE",
        help=t("私钥口令所在的文件，只读第一行", "file whose first line is the key's password"),
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "--output", "-o", help=t("写到这个文件（已存在则拒绝）", "file to write; must not exist")
    ),
]
CodeArgument = Annotated[
    str,
    typer.Argument(
        metavar="CODE", help=t("部门的统一社会信用代码（18 位）", "unified social credit code")
    ),
]
EntryCodeArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENTRY", help=t("目录代码：分类码/顺序码", "entry code: class/sequence")
    ),
]
AuthorisationArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, help=t("授权编号", "authorisation number"))
]
EventArgument = Annotated[
    str, typer.Argument(metavar="EVENT", help=t("事件编号（64 位十六进制）", "event id, 64 hex"))
]
NoteOption = Annotated[
    str, typer.Option("--note", help=t("写进文件的说明", "words that go into the document"))
]
