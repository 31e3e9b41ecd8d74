"""`shareledger chain`: run the embedded chain, deploy the contracts, list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import say, t
from .options import OutputOption, PasswordOption

DEFAULT_CHAIN_ID = 20_260_101

app = typer.Typer(
    help=t("内嵌链：运行、部署合约", "the embedded chain: run it, deploy the contracts"),
    no_args_is_help=True,
)

UrlOption = Annotated[
    str,
    typer.Option("--url", envvar="SHARELEDGER_CHAIN_URL", help=t("链的 JSON-RPC 地址", "JSON-RPC")),
]


@app.command(help=t("运行内嵌链（仅用于一台机器）", "run the embedded chain (for one machine)"))
def run(
    data: Annotated[Path, typer.Option("--data", help=t("数据目录", "folder of its blocks"))],
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = 8545,
    chain_id: Annotated[int, typer.Option("--chain-id", min=1)] = DEFAULT_CHAIN_ID,
) -> None:
    """Replay the stored blocks, serve until a signal."""
    from api.chainrpc import serve
    from node.chain.embedded import EmbeddedChain

    serve(
        EmbeddedChain(data, chain_id),
        port=port,
        announce=lambda url: say(f"链 {chain_id} 在 {url}", f"chain {chain_id} at {url}"),
    )


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
