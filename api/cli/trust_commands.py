"""`shareledger trust`: what an offline verifier takes on faith, from one's own node or chain."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from .console import say, t
from .help_pages import Commands
from .opening import new_file, open_node, read_file
from .options import OutputOption, argument, option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.chain.deployment import Deployment
    from node.chain.gateway import Gateway
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.wire.trustfile import Trust

app = Commands(help=t("信任文件：导出、更新、查看", "trust files: export, update, show"))

FromNode = Annotated[
    Path | None,
    option(
        "--config -c",
        "从自己的节点：它的配置文件",
        "from one's own node: its settings",
        envvar="SHARELEDGER_CONFIG",
    ),
]
FromChain = Annotated[
    str | None, option("--url", "从自己的链端点：它的网址", "from one's own endpoint of the chain")
]
BlockOption = Annotated[
    int | None,
    option("--block", "到第几块为止；不给则到最新一块", "up to this block; else the newest", min=0),
]
TrustArgument = Annotated[Path, argument("FILE", "信任文件", "the trust file")]


@app.command(help=t("导出信任文件", "write a trust file"))
def export(
    *,
    output: OutputOption,
    config: FromNode = None,
    url: FromChain = None,
    deployment: Annotated[
        Path | None,
        option("--deployment", "随 --url：deployment.json 文件", "with --url: deployment.json"),
    ] = None,
    block: BlockOption = None,
) -> None:
    """Write the head and the hashes of all blocks before it, each joined to the next."""
    from ledger_sync.trace import trust_at
    from node.chain.deployment import Deployment, check
    from node.errors import InvalidInput
    from node.protocol.evm.blocks import BlockRef

    if url is not None and deployment is None:
        raise InvalidInput(t("--url 要与 --deployment 一起给", "--url needs --deployment"))
    with _opened(config, url) as (gateway, known, last):
        deployed = known or Deployment.load(deployment or Path())
        # Embedded chains of one id begin alike: only the contracts tell this city from others. A
        # mixed file would have every genuine bundle found false.
        check(gateway, deployed)
        end = gateway.block(last if block is None else min(block, last))
        head = BlockRef(end.number, end.hash, end.timestamp)
        trust = _joined(gateway, trust_at(deployed, head))
    _write(output, trust)


@app.command(
    help=t(
        "更新信任文件：核对新链头接续旧链头，写出新文件", "write a later one that goes on from it"
    )
)
def update(
    trust: TrustArgument,
    *,
    output: OutputOption,
    config: FromNode = None,
    url: FromChain = None,
    block: BlockOption = None,
) -> None:
    """Check that the chain still has the trusted head, and every block up to the new one."""
    from node.errors import EvidenceInvalid, InvalidInput
    from node.protocol.wire.trustfile import Head

    before = _read(trust)
    with _opened(config, url) as (gateway, known, last):
        wanted = last if block is None else min(block, last)
        if wanted < before.head.number:
            raise InvalidInput(
                t(
                    f"信任文件已到第 {before.head.number} 块，所要的是第 {wanted} 块",
                    f"the trust file is at block {before.head.number}, asked for is {wanted}",
                )
            )
        end = gateway.block(wanted)
        after = _joined(gateway, replace(before, head=Head(end.number, end.hash)))
    same = known is None or (known.chain_id, known.registry, known.root_key) == (
        before.chain_id,
        before.registry,
        before.root_key.raw,
    )
    if (
        not same
        or not after.blocks.startswith(before.blocks)
        or (after.find(before.head.number) != before.head)
    ):
        number = before.head.number
        raise EvidenceInvalid(
            f"head: the chain has another block {number} than the trust file",
            where="head",
            text=f"链上第 {number} 块不是信任文件所列的那一块：不是同一条链，或链被改写，不要采用",
        )
    say(
        f"✓ 第 {before.head.number} 块至第 {end.number} 块逐块相连，接续旧链头",
        f"✓ blocks {before.head.number} to {end.number} join by hash and go on from the old head",
    )
    _write(output, after)


@app.command(help=t("显示信任文件，供经另一渠道核对", "print it, to compare over another channel"))
def show(trust: TrustArgument) -> None:
    """Print what a trust file names."""
    _say(_read(trust))


@contextmanager
def _opened(
    config: Path | None, url: str | None
) -> Iterator[tuple[Gateway, Deployment | None, int]]:
    """Yield the chain, the deployment where a node knows it, and the last block to go to."""
    from contextlib import closing

    from node.chain.gateway import Gateway
    from node.errors import InvalidInput, NotFound

    if url is not None:
        with closing(Gateway(url)) as gateway:
            yield gateway, None, gateway.head()
    elif config is not None:
        with open_node(config) as node:
            block = node.queries.cursor().block
            if block is None:
                raise NotFound(t("本节点还没有读到任何区块", "this node has applied no block yet"))
            _check_applied(node.gateway, block)
            yield node.gateway, node.deployment, block.number
    else:
        raise InvalidInput(t("要给 --config 或 --url 之一", "give --config or --url"))


def _check_applied(gateway: Gateway, block: BlockRef) -> None:
    """Check that the endpoint has the block this node has applied last, decisions checked."""
    from node.errors import ChainInconsistent

    if gateway.block(block.number).hash != block.hash:
        raise ChainInconsistent(
            t(
                f"链端点的第 {block.number} 块不是本节点读到的那一块",
                f"the endpoint's block {block.number} is not the one this node has applied",
            )
        )


def _joined(gateway: Gateway, trust: Trust) -> Trust:
    """Return the trust file's content with the hashes of all blocks before its head."""
    from node.chain.links import read_headers
    from node.errors import WrongChain

    hashes = [each for each, _ in read_headers(gateway, trust.head.number)]
    if hashes[0] != trust.genesis_hash or hashes[-1] != trust.head.hash:
        raise WrongChain(t("链端点的创世块或链头不符", "the endpoint has another genesis or head"))
    return replace(trust, blocks=b"".join(hashes[:-1]))


def _read(path: Path) -> Trust:
    from node.errors import MalformedEvidence
    from node.protocol.wire.trustfile import MAX_TRUST_BYTES, parse_trust

    return parse_trust(read_file(path, MAX_TRUST_BYTES, MalformedEvidence))


def _write(path: Path, trust: Trust) -> None:
    from node.protocol.wire.trustfile import render_trust

    with new_file(path) as file:
        file.write(render_trust(trust).decode())
    say(f"已写入 {path}", f"wrote {path}")
    _say(trust)


def _say(trust: Trust) -> None:
    head, registry = trust.head, trust.registry.hex()
    say(f"链 {trust.chain_id}，注册合约 {registry}", f"chain {trust.chain_id}, registry {registry}")
    say(f"创世块 {trust.genesis_hash.hex()}", f"genesis {trust.genesis_hash.hex()}")
    say(f"根密钥 {trust.root_key.raw.hex()}", f"root key {trust.root_key.raw.hex()}")
    say(
        f"链头 第 {head.number} 块 {head.hash.hex()}",
        f"head: block {head.number} {head.hash.hex()}",
    )
    listed = len(trust.blocks) // len(head.hash)
    say(f"所列区块 {listed} 个", f"blocks listed: {listed}")
