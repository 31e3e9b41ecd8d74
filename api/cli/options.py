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
NewPasswordOption = Annotated[
    Path | None,
    typer.Option(
        "--new-password-file",
        help=t("新密钥的口令文件；不给则与签名人的相同", "the new key's password file, if another"),
    ),
]
NewKeyOption = Annotated[
    Path,
    typer.Option("--new-key", help=t("新密钥的文件，用来证明持有", "the new key, which must sign")),
]
PersonOption = Annotated[
    str | None,
    typer.Option(
        "--person",
        metavar="FILE",
        help=t(
            "此人先前的密钥文件（或人员标识）；不给则沿用新密钥旁所存的，或新取一个",
            "an earlier key file of this officer, or his handle; else a new handle is drawn",
        ),
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="YYYY-MM-DD",
        help=t("起日；不给则为今日", "first day; today if not given"),
    ),
]
UntilOption = Annotated[
    str,
    typer.Option("--until", metavar="YYYY-MM-DD", help=t("止日（含当日）", "last day, included")),
]
ReasonOption = Annotated[str, typer.Option("--reason", help=t("理由，写进文件", "the reason"))]
ContactNameOption = Annotated[
    str, typer.Option("--contact-name", help=t("联系人（经办人）", "whom to ask"))
]
ContactPhoneOption = Annotated[
    str, typer.Option("--contact-phone", help=t("联系电话", "and by which telephone"))
]
TermsOption = Annotated[
    Path | None,
    typer.Option(
        "--terms",
        help=t(
            "附加条件（TOML，见 paper template terms）", "terms (TOML, see paper template terms)"
        ),
    ),
]
AgainOption = Annotated[
    bool,
    typer.Option(
        "--again",
        help=t("同样的决定已经作过，确要再作一次", "decide it though it was decided before"),
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help=t("只显示将要签署的内容，不签署", "show what would be signed, sign nothing"),
    ),
]
LimitOption = Annotated[
    int,
    typer.Option("--limit", min=1, max=10_000, help=t("最多列出多少条", "list so many at most")),
]
