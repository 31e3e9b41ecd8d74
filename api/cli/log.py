"""`shareledger log`: check a stored log against its tree, its checkpoints and the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import say, t
from .options import ConfigOption

app = typer.Typer(help=t("使用日志", "logs of use"), no_args_is_help=True)


@app.command(help=t("逐条核对日志，指出被改的是哪一条、谁负责", "check every entry of the logs"))
def check(
    config: ConfigOption,
    file: Annotated[
        Path | None,
        typer.Option("--file", help=t("核对这份 log.db，而不是本节点的", "check this log.db")),
    ] = None,
) -> None:
    """Rehash every log of a node and hold it against what the chain has anchored."""
    from api.parts import Node
    from api.settings import load_settings
    from node.errors import LogTampered, NotFound
    from node.log.check import check_log
    from node.store import open_engine

    node = Node(load_settings(config))
    engine = open_engine(file or node.settings.data_dir / "log.db", readonly=True)
    try:
        for identity in node.identities:
            anchored = [
                (anchor.size, anchor.root)
                for anchor in node.queries.list_anchors(identity.log, limit=1_000)
            ]
            try:
                checked = check_log(
                    engine,
                    identity.log,
                    anchored=anchored,
                    sm2=identity.sm2.public_key,
                    ed25519=identity.ed25519.public,
                )
            except NotFound:
                say(f"{identity.origin}：还没有记录", f"{identity.origin}: no entries yet")
                continue
            except LogTampered as error:
                index, code = error.facts.get("index"), error.facts.get("department")
                say(
                    f"✗ 日志被改动：部门 {code} 的第 {index} 条（从 0 数起）与其默克尔树不符，"
                    f"由该部门负责",
                    f"✗ tampered: entry {index} of department {code}, which answers for it",
                )
                raise
            say(
                f"✓ {identity.origin}：{checked.size} 条，根 {checked.root.hex()}，"
                f"已锚定 {len(anchored)} 次，全部相符",
                f"✓ {identity.origin}: {checked.size} entries, {len(anchored)} anchors, all match",
            )
    finally:
        engine.dispose()
        node.stop()
