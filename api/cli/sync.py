"""`shareledger sync`: the read model, rebuilt from the chain."""

from __future__ import annotations

from .console import say, t
from .opening import open_node
from .options import ConfigOption
from .wording import Commands

app = Commands(help=t("读模型", "the read model"))


@app.command(help=t("清空读模型，从链上重建", "empty the read model and fill it from the chain"))
def rebuild(config: ConfigOption) -> None:
    """Refill the read model in place; calls are refused as ledger-behind meanwhile."""
    from ledger_sync.follower import rebuild as fill_again
    from node.storage.engines import open_engine

    with open_node(config) as node:
        engine = open_engine(node.settings.data_dir / "ledger.db")
        try:
            cursor = fill_again(engine, node.gateway, node.deployment)
        finally:
            engine.dispose()
    say(f"已重建到区块 {cursor.next_block - 1}", f"rebuilt to block {cursor.next_block - 1}")
