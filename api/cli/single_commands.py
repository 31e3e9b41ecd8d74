"""Commands alone in their group: `sync rebuild`, `plumbing openapi`; or without one.

`verify` checks an evidence bundle with nothing but a trust file; `demo` plays the whole story.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.errors import InvalidInput

from .console import EXIT_INCOMPLETE, EXIT_UNPROVEN, say, t
from .help_pages import Commands
from .opening import open_node, read_file
from .options import Choice, ConfigOption, argument, listed, option

if TYPE_CHECKING:
    from node.protocol.ledger.report import Evidence

GARBAGE = 50_000
"""Objects more than before until circles are looked for: about what a full chunk holds."""

sync = Commands(help=t("读模型", "the read model"))
plumbing = Commands(help=t("底层工具", "low-level tools"))


@sync.command(help=t("清空读模型，从链上重建", "empty the read model and fill it from the chain"))
def rebuild(config: ConfigOption) -> None:
    """Refill the read model in place; calls are refused as ledger-behind meanwhile."""
    from ledger_sync.follower import rebuild as fill_again

    with open_node(config) as opened:
        engine = opened.settings.stores.open("ledger")
        # What is imported stays, and what a chunk makes goes with it, by its counts: the garbage
        # collector, which looks for circles alone, would look both through again and again.
        before = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(GARBAGE)
        try:
            cursor = fill_again(engine, opened.gateway, opened.deployment)
        finally:
            # What was frozen stays so: it would take along what others have frozen.
            gc.set_threshold(*before)
            engine.dispose()
    say(f"已重建到区块 {cursor.next_block - 1}", f"rebuilt to block {cursor.next_block - 1}")


@plumbing.command(help=t("写出 OpenAPI 文档（覆盖）", "write the OpenAPI document, replacing it"))
def openapi(
    output: Annotated[Path, option("--output -o", "写到这个文件", "file to write")],
) -> None:
    """Write the API's description as the server serves it."""
    from api.app import openapi_document

    output.write_bytes(openapi_document())
    say(f"已写入 {output}", f"wrote {output}")


def verify(
    file: Annotated[Path, argument("FILE", "证据包", "evidence bundle")],
    trust: Annotated[Path, option("--trust", "信任文件 trust.json", "the trust file")],
) -> None:
    """Check every step from the trusted head down to the call; prints one line a check."""
    from node.errors import MalformedEvidence
    from node.protocol.evidence import verify_evidence
    from node.protocol.evidence.bundle import MAX_BUNDLE_BYTES
    from node.protocol.wire.trustfile import MAX_TRUST_BYTES, parse_trust

    data = read_file(file, MAX_BUNDLE_BYTES, MalformedEvidence)
    trusted = read_file(trust, MAX_TRUST_BYTES, MalformedEvidence)
    evidence = verify_evidence(data, parse_trust(trusted))
    for check in evidence.checks:
        mark = "✓" if check.ok else "✗"
        say(f"{mark} {check.text}", f"{mark} {check.english}")
    say(
        f"结论：{_VERDICTS[evidence.verdict]}，事件 {evidence.event.hex()}",
        f"verdict: {evidence.verdict}, event {evidence.event.hex()}",
    )
    if evidence.verdict == "incomplete":
        _say_how_to_go_on(evidence, trust)
        raise typer.Exit(EXIT_INCOMPLETE)
    if evidence.verdict != "proven":
        raise typer.Exit(EXIT_UNPROVEN)  # a script must not take it for proof


_VERDICTS = {
    "proven": "已证明",
    "undetermined": "无法确定：调用与锚定之间授权有变化",
    "incomplete": "不完整：信任文件里没有证据包止于的区块，其余各项以它在链上为前提",
}


def _say_how_to_go_on(evidence: Evidence, trust: Path) -> None:
    number, block_hash = evidence.end.number, evidence.end.hash.hex()
    say(
        f"证据包止于第 {number} 块 {block_hash}。办法，任选其一：",
        f"the bundle ends at block {number} {block_hash}; do one of these:",
    )
    say(
        f"  1. 从自己的节点取新的信任文件：shareledger trust update {trust} --config node.toml "
        "-o trust-new.json（或 --url 自己的链端点），再验证一次",
        f"  1. get a later trust file from your own node: shareledger trust update {trust} "
        "--config node.toml -o trust-new.json (or --url of your own endpoint), and verify again",
    )
    say(
        "  2. 请出具方按信任文件的链头重新导出：shareledger trace export EVENT --head 区块号",
        "  2. have it exported up to your head: shareledger trace export EVENT --head NUMBER",
    )
    say(
        "  3. 向另一个部门或审计机关核对这一块的散列，不要向出具方核对",
        "  3. compare that block's hash with another department or an auditor, not the exporter",
    )


class Store(Choice):
    """Where the demo's nodes keep their tables."""

    SQLITE = "sqlite", "各自文件夹里的文件"
    POSTGRESQL = "postgresql", "演示自己启动的 PostgreSQL 服务器"


def demo(
    *,
    leave: Annotated[
        bool, option("--exit", "演完即退出，不让城市继续运行", "end after the story")
    ] = False,
    keep: Annotated[
        bool,
        option(
            "--keep",
            "演完留下城市：应用系统的密钥、call.json 和可直接执行的命令",
            "leave the city, with an application's keys, a call.json and a command that works",
        ),
    ] = False,
    store: Annotated[
        Store,
        option(
            "--store",
            f"节点的表放在哪里：{listed(Store)}",
            "where the nodes keep their tables; postgresql needs Debian's package of that name",
        ),
    ] = Store.SQLITE,
    rows: Annotated[
        int, option("--rows", "每个数据源的行数", "rows a source", min=1_000)
    ] = 100_000,
    seed: Annotated[int, option("--seed", "合成数据的种子", "seed of the data")] = 7,
) -> None:
    """Play the story; the exit code says whether everything held."""
    from api.demo.play import Play

    on_server = store is Store.POSTGRESQL
    if keep and on_server:
        raise InvalidInput(
            "--keep 与 --store postgresql 不能同用：留下的城市要能直接运行，不带数据库服务器"
            " / what is left has no database server"
        )
    play = Play(rows=rows, seed=seed, keep_up=not leave, keep=keep, on_server=on_server)
    raise typer.Exit(play.run())
