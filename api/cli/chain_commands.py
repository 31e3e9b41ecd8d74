"""`shareledger chain`: run the embedded chain, deploy, check and list the contracts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from .console import (
    note,
    say,
    t,
    table,
)
from .help_pages import Commands
from .options import (
    NodeOption,
    OutputOption,
    OwnConfigOption,
    PasswordOption,
    ReadingKeyOption,
    ReadingPasswordOption,
    argument,
    option,
)
from .taking import Taking, decision, reading

if TYPE_CHECKING:
    from node.chain.deployment import Deployment
    from node.chain.recompile import Comparison

DEFAULT_CHAIN_ID = 20_260_101

app = Commands(
    help=t(
        "内嵌链与合约：运行、部署、核对", "the embedded chain and the contracts: run, deploy, check"
    )
)

UrlOption = Annotated[
    str, option("--url", "链的 JSON-RPC 地址", "JSON-RPC", envvar="SHARELEDGER_CHAIN_URL")
]


@app.command(help=t("运行内嵌链（仅用于一台机器）", "run the embedded chain (for one machine)"))
def run(
    data: Annotated[Path, option("--data", "数据目录", "folder of its blocks")],
    port: Annotated[
        int, option("--port", "端口；0 为任一空闲端口", "port; 0: any", min=0, max=65_535)
    ] = 8545,
    chain_id: Annotated[int, option("--chain-id", "链编号", "chain id", min=1)] = DEFAULT_CHAIN_ID,
    deployer: Annotated[
        list[str] | None,
        option(
            "--deployer",
            "可创建合约的账户：地址，或其密钥文件（chain deploy 所用的中继账户）；可重复；"
            "不给则谁也不能",
            "account that may create contracts (the relay of `chain deploy`), by its address or "
            "its key file; repeatable; nobody may without it",
            metavar="KEY",
        ),
    ] = None,
) -> None:
    """Replay the stored blocks, serve until a signal."""
    from api.city.halves import named_half
    from api.http.chainrpc import serve
    from api.operating.journal import configure
    from node.chain.embedded import EmbeddedChain

    configure()
    serve(
        EmbeddedChain(data, chain_id, deployers={named_half(each, 20) for each in deployer or ()}),
        port=port,
        announce=lambda url: say(f"链 {chain_id} 在 {url}", f"chain {chain_id} at {url}"),
    )


@app.command(help=t("部署五个合约，写出 deployment.json", "deploy the contracts"))
def deploy(
    url: UrlOption,
    root: Annotated[
        str, option("--root", "根公钥（128 位十六进制），或根密钥文件", "root key, its file or hex")
    ],
    relay: Annotated[Path, option("--relay", "中继账户的密钥文件", "the relay's key file")],
    password_file: PasswordOption,
    output: OutputOption,
) -> None:
    """Deploy the contracts and write where they are; an existing file is refused first."""
    from api.city.halves import named_half
    from node.chain.deployment import deploy as deploy_contracts
    from node.chain.gateway import Gateway
    from node.chain.relay import RelayAccount
    from node.crypto import Sm2PublicKey
    from node.crypto.passwords import read_password
    from node.errors import AlreadyExists

    if output.exists():
        raise AlreadyExists(f"{output} 已存在 / exists", path=str(output))
    root_key = Sm2PublicKey.from_raw(named_half(root, 64))
    account = RelayAccount.load(relay, read_password(password_file))
    with closing(Gateway(url)) as gateway:
        deployment = deploy_contracts(gateway, account, root_key)
    deployment.save(output)
    for name, deployed in deployment.contracts.items():
        say(f"{name}：{deployed.address.hex()}", f"{name}: {deployed.address.hex()}")
    say(f"已写入 {output}", f"wrote {output}")


@app.command(help=t("核对链与合约", "check a chain and its contracts"))
def check(
    *,
    url: UrlOption,
    deployment: Annotated[
        Path, option("--deployment", "deployment.json 文件", "the deployment.json file")
    ],
    recompile: Annotated[
        bool,
        option("--recompile", "重新编译公开的源码并比对", "compile the published source again"),
    ] = False,
    solc: Annotated[
        Path | None, option("--solc", "Solidity 编译器；不给则用 py-solc-x 装的", "the compiler")
    ] = None,
) -> None:
    """Compare chain id, genesis and code hashes; an auditor also compiles the source himself."""
    from node.chain import deployment as deployments
    from node.chain.gateway import Gateway
    from node.chain.recompile import compare, find_compiler
    from node.errors import WrongChain

    compiler = find_compiler(solc) if recompile else None
    expected = deployments.Deployment.load(deployment)
    wrong = []
    with closing(Gateway(url)) as gateway:
        deployments.check(gateway, expected)
        _say_chain(expected, gateway.engine.name)
        if compiler is not None:
            note("正在编译公开的源码，需几分钟", "compiling the source; this takes minutes")
            for found in compare(gateway, expected, compiler):
                _say_comparison(found)
                if not found.holds:
                    wrong.append(found.name)
    if wrong:
        names = ", ".join(wrong)
        raise WrongChain(
            t(f"链上的 {names} 不是公开源码所编译的", f"{names}: not what the source compiles to")
        )


def _say_chain(deployment: Deployment, engine: str) -> None:
    chain, genesis = deployment.chain_id, deployment.genesis_hash.hex()
    say(f"✓ 链 {chain}，创世 {genesis}，{engine}", f"✓ chain {chain}, genesis {genesis}, {engine}")
    for name, contract in deployment.contracts.items():
        code = contract.code_hash.hex()
        say(f"✓ {name}：链上代码的哈希 {code}", f"✓ {name}: code on chain has hash {code}")


def _say_comparison(found: Comparison) -> None:
    name, mark = found.name, "✓" if found.holds else "✗"
    same, differs = t("一致", "same"), t("不同", "differs")
    code, immutables, metadata = (
        same if each else differs for each in (found.code, found.immutables, found.metadata)
    )
    say(
        f"{mark} {name}：代码{code}，不可变量{immutables}，元数据（源码文本）{metadata}",
        f"{mark} {name}: code {code}, immutables {immutables}, metadata (text) {metadata}",
    )


@decision(app, "把合约列为有效", "put contracts in force")
def list_contract(
    at: Taking,
    names: Annotated[
        list[str] | None,
        argument(
            "NAME...",
            "合约名；不给则为尚未列明的全部",
            "contracts; all that are not listed if none",
        ),
    ] = None,
) -> None:
    """Signed by the root department's head; what is listed is what deployment.json names."""
    from node.errors import NotFound
    from node.office import departments

    with at.here() as office:
        node = office.node
        deployed = node.deployment.contracts
        for name in names or ():
            if name not in deployed:
                raise NotFound(
                    t(f"deployment.json 里没有合约 {name}", f"no contract {name} in the deployment")
                )
        known = {fact.name: fact.address for fact in node.queries.contracts()}
        missing = [each for each in departments.LISTED if known.get(each) != deployed[each].address]
        for name in names or missing:
            say(f"合约 {name}", f"contract {name}")
            at.take_at(office, office.draft("ListContract", {"name": name}))
        if not names and not missing:
            say("全部合约都已列为有效", "every contract is in force")


@app.command(help=t("列出有效的合约", "list the contracts in force"))
def contracts(
    config: OwnConfigOption = None,
    node: NodeOption = None,
    key: ReadingKeyOption = None,
    password_file: ReadingPasswordOption = None,
) -> None:
    """List the contracts the ledger has in force, with the block that listed each."""
    with reading(config, node, key, password_file) as office:
        found = office.contracts()
    table(
        t("合约,地址,代码哈希,区块", "contract,address,code hash,block").split(","),
        [[each[name] for name in ("name", "address", "codeHash", "block")] for each in found],
    )
