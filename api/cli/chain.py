"""`shareledger chain`: run the embedded chain, deploy the contracts, list them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from .console import say, t, table
from .deciding import decide, show
from .opening import load_signer, open_node
from .options import (
    AgainOption,
    ConfigOption,
    DryRunOption,
    KeyOption,
    OutputOption,
    PasswordOption,
)
from .wording import Commands

DEFAULT_CHAIN_ID = 20_260_101

app = Commands(
    help=t("内嵌链：运行、部署合约", "the embedded chain: run it, deploy the contracts"),
)

UrlOption = Annotated[
    str,
    typer.Option("--url", envvar="SHARELEDGER_CHAIN_URL", help=t("链的 JSON-RPC 地址", "JSON-RPC")),
]


@app.command(help=t("运行内嵌链（仅用于一台机器）", "run the embedded chain (for one machine)"))
def run(
    data: Annotated[Path, typer.Option("--data", help=t("数据目录", "folder of its blocks"))],
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65_535, help=t("端口；0 为任一空闲端口", "port; 0: any")),
    ] = 8545,
    chain_id: Annotated[
        int, typer.Option("--chain-id", min=1, help=t("链编号", "chain id"))
    ] = DEFAULT_CHAIN_ID,
    deployer: Annotated[
        list[str] | None,
        typer.Option(
            "--deployer",
            metavar="0x...",
            help=t(
                "可创建合约的账户地址（chain deploy 所用的中继账户）；可重复；不给则谁也不能",
                "account that may create contracts (the relay of `chain deploy`); repeatable; "
                "nobody may without it",
            ),
        ),
    ] = None,
) -> None:
    """Replay the stored blocks, serve until a signal."""
    from api.http.chainrpc import serve
    from node.chain.embedded import EmbeddedChain

    serve(
        EmbeddedChain(data, chain_id, deployers={_address(each) for each in deployer or ()}),
        port=port,
        announce=lambda url: say(f"链 {chain_id} 在 {url}", f"chain {chain_id} at {url}"),
    )


def _address(text: str) -> bytes:
    from node.errors import InvalidInput

    if not re.fullmatch("(0x)?[0-9a-fA-F]{40}", text):
        raise InvalidInput(
            t(f"{text} 不是账户地址（40 位十六进制）", f"{text} is no account address (40 hex)")
        )
    return bytes.fromhex(text.removeprefix("0x"))


@app.command(help=t("部署五个合约，写出 deployment.json", "deploy the contracts"))
def deploy(
    url: UrlOption,
    root: Annotated[
        str, typer.Option("--root", help=t("根公钥，128 位十六进制", "root public key, 128 hex"))
    ],
    relay: Annotated[
        Path, typer.Option("--relay", help=t("中继账户的密钥文件", "the relay's key file"))
    ],
    password_file: PasswordOption,
    output: OutputOption,
) -> None:
    """Deploy the contracts and write where they are; an existing file is refused first."""
    from api.settings import read_password
    from node.chain.deployment import deploy as deploy_contracts
    from node.chain.gateway import Gateway
    from node.chain.relay import RelayAccount
    from node.crypto import Sm2PublicKey
    from node.errors import AlreadyExists, MalformedKey

    if output.exists():
        raise AlreadyExists(f"{output} 已存在 / exists", path=str(output))
    try:
        root_key = Sm2PublicKey.from_raw(bytes.fromhex(root))
    except ValueError as error:
        raise MalformedKey("根公钥应为 128 位十六进制 / 128 hex characters") from error
    account = RelayAccount.load(relay, read_password(password_file))
    deployment = deploy_contracts(Gateway(url), account, root_key)
    deployment.save(output)
    for name, deployed in deployment.contracts.items():
        say(f"{name}：{deployed.address.hex()}", f"{name}: {deployed.address.hex()}")
    say(f"已写入 {output}", f"wrote {output}")


@app.command(help=t("把合约列为有效", "put contracts in force"))
def list_contract(
    *,
    config: ConfigOption,
    key: KeyOption,
    password_file: PasswordOption,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help=t("合约名；不给则为尚未列明的全部", "contracts; all that are not listed if none"),
        ),
    ] = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Signed by the root department's head; what is listed is what deployment.json names."""
    from node.errors import NotFound
    from node.office.departments import LISTED, list_contract

    with open_node(config) as node:
        deployed = node.deployment.contracts
        for name in names or ():
            if name not in deployed:
                raise NotFound(
                    t(f"deployment.json 里没有合约 {name}", f"no contract {name} in the deployment")
                )
        known = {fact.name: fact.address for fact in node.queries.contracts()}
        missing = [name for name in LISTED if known.get(name) != deployed[name].address]
        signer = None if dry_run else load_signer(key, password_file)
        for name in names or missing:
            act = list_contract(name, deployed[name].address, deployed[name].code_hash)
            say(f"合约 {name}", f"contract {name}")
            if signer is None:
                show(act)
            else:
                decide(node, act, signer, again=again)
        if not names and not missing:
            say("全部合约都已列为有效", "every contract is in force")


@app.command(help=t("列出有效的合约", "list the contracts in force"))
def contracts(config: ConfigOption) -> None:
    """List the contracts the ledger has in force, with the block that listed each."""
    with open_node(config) as node:
        facts = node.queries.contracts()
    table(
        (
            t("合约", "contract"),
            t("地址", "address"),
            t("代码哈希", "code hash"),
            t("区块", "block"),
        ),
        [(fact.name, fact.address.hex(), fact.code_hash.hex(), fact.block) for fact in facts],
    )
