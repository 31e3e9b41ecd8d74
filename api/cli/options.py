"""Options many commands share, each with its environment variable."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import typer

from .console import t
from .help_pages import placeholder

DAY = "YYYY-MM-DD"
KEY_PASSWORD_VARIABLES = ["SHARELEDGER_KEY_PASSWORD_FILE", "SHARELEDGER_PASSWORD_FILE"]
"""The second one also overrides a node's setting: for who has one password for all."""


class Choice(StrEnum):
    """What a user may type, each with the word that documents have for it."""

    word: str

    def __new__(cls, typed: str, word: str) -> Self:
        """Make a member of what is typed; the word stands beside."""
        member = str.__new__(cls, typed)
        member._value_, member.word = typed, word
        return member


def listed(choices: Iterable[Choice]) -> str:
    """List what may be typed with the words, for a help page in Chinese."""
    return "；".join(f"{each} {each.word}" for each in choices)


MOST = 2**63 - 1


def option(flags: str, chinese: str, english: str, **settings: Any) -> Any:  # noqa: ANN401 - Typer's
    """Describe an option: its flags with spaces between, what it is for, Typer's own settings."""
    return typer.Option(*flags.split(), help=t(chinese, english), **_bounded(settings))


def argument(metavar: str | None, chinese: str, english: str, **settings: Any) -> Any:  # noqa: ANN401
    """Describe an argument: what stands for it on the page, what it is for, Typer's settings."""
    shown = None if metavar is None else placeholder(metavar)
    return typer.Argument(metavar=shown, help=t(chinese, english), **_bounded(settings))


def _bounded(settings: dict[str, Any]) -> dict[str, Any]:
    """No number is larger than a database and the chain's counters take."""
    return {"max": MOST, **settings} if "min" in settings else settings


ConfigOption = Annotated[
    Path,
    option(
        "--config -c",
        "本节点的配置文件（TOML）",
        "this node's settings (TOML)",
        envvar="SHARELEDGER_CONFIG",
    ),
]
_CONFIG = {"envvar": "SHARELEDGER_CONFIG"}
OwnConfigOption = Annotated[
    Path | None,
    option("--config -c", "本机节点的配置文件（TOML）", "settings of a node here", **_CONFIG),
]
NodeOption = Annotated[
    str | None,
    option(
        "--node",
        "节点网址：只凭密钥文件经它办理，不需要配置文件",
        "URL of a node: decide there with a key file alone",
        metavar="URL",
        envvar="SHARELEDGER_NODE",
    ),
]
NodeTrustOption = Annotated[
    Path | None,
    option(
        "--trust",
        "信任文件：--node 须属于这个系统；不给则认首次所见",
        "the trust file of the system --node must belong to",
        envvar="SHARELEDGER_TRUST",
    ),
]
KeyOption = Annotated[
    Path,
    option(
        "--key -k",
        "签名人的 SM2 私钥文件（加密的 PKCS#8）",
        "the signer's SM2 key file",
        envvar="SHARELEDGER_KEY",
    ),
]
PasswordOption = Annotated[
    Path,
    option(
        "--password-file",
        "私钥口令所在的文件，只读第一行",
        "file whose first line is the key's password",
        envvar=KEY_PASSWORD_VARIABLES,
    ),
]
ReadingKeyOption = Annotated[
    Path | None,
    option("--key -k", "经 --node 查看时，本人的私钥文件", "one's key file, with --node",
           envvar="SHARELEDGER_KEY"),
]  # fmt: skip
ReadingPasswordOption = Annotated[
    Path | None,
    option(
        "--password-file",
        "私钥口令所在的文件，只读第一行",
        "file whose first line is the key's password",
        envvar=KEY_PASSWORD_VARIABLES,
    ),
]
OutputOption = Annotated[
    Path, option("--output -o", "写到这个文件（已存在则拒绝）", "file to write; must not exist")
]
CodeArgument = Annotated[
    str, argument("CODE", "部门的统一社会信用代码（18 位）", "unified social credit code")
]
EntryCodeArgument = Annotated[
    str, argument("ENTRY", "目录代码：分类码/顺序码", "entry code: class/sequence")
]
AuthorisationArgument = Annotated[int, argument("ID", "授权编号", "authorisation number", min=1)]
EventArgument = Annotated[str, argument("EVENT", "事件编号（64 位十六进制）", "event id, 64 hex")]
NewPasswordOption = Annotated[
    Path | None,
    option(
        "--new-password-file",
        "新密钥的口令文件；不给则与签名人的相同",
        "the new key's password file, if another",
    ),
]
NewKeyOption = Annotated[
    Path,
    option(
        "--new-key",
        "新密钥的文件，用来证明持有；只有公钥时加 --request",
        "the new key, which must sign; or its public half, with --request",
    ),
]
RequestOption = Annotated[
    Path | None,
    option(
        "--request",
        "只写出持有证明请求，交新密钥的持有人签名，然后 department submit",
        "only write what the new key's holder is to sign, for department submit",
        metavar="FILE",
    ),
]
PersonOption = Annotated[
    str | None,
    option(
        "--person",
        "此人先前的密钥文件（或人员标识）；不给则沿用新密钥旁所存的，或新取一个",
        "an earlier key file of this officer, or his handle; else a new handle is drawn",
        metavar="FILE",
    ),
]
FromOption = Annotated[
    str | None, option("--from", "起日；不给则为今日", "first day; today if not given", metavar=DAY)
]
UntilOption = Annotated[str, option("--until", "止日（含当日）", "last day, included", metavar=DAY)]
ReasonOption = Annotated[str, option("--reason", "理由，写进文件", "the reason")]
ContactNameOption = Annotated[str, option("--contact-name", "联系人（经办人）", "whom to ask")]
ContactPhoneOption = Annotated[str, option("--contact-phone", "联系电话", "and by which telephone")]
TermsOption = Annotated[
    Path | None,
    option(
        "--terms",
        "附加条件（TOML，见 paper template terms）",
        "terms (TOML, see paper template terms)",
    ),
]
AgainOption = Annotated[
    bool,
    option("--again", "同样的决定已经作过，确要再作一次", "decide it though it was decided before"),
]
DryRunOption = Annotated[
    bool,
    option("--dry-run", "只显示将要签署的内容，不签署", "show what would be signed, sign nothing"),
]
