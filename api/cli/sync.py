"""`shareledger sync`: the read model, rebuilt from the chain."""

from __future__ import annotations

import typer

from .console import say, t
from .options import ConfigOption

app = typer.Typer(help=t("读模型", "the read model"), no_args_is_help=True)


@app.command(help=t("清空读模型，从链上重建", "empty the read model and fill it from the chain"))
def rebuild(config: ConfigOption) -> None:
    """Refill the read model in place; calls are refused as ledger-behind meanwhile."""
    from api.parts import Node
    from api.settings import load_settings
    from ledger_sync.rebuild import rebuild as fill_again
    from node.store import open_engine

    settings = load_settings(config)
    node = Node(settings)
    engine = open_engine(settings.data_dir / "ledger.db")
    try:
        cursor = fill_again(engine, node.gateway, node.deployment)
    finally:
        engine.dispose()
        node.stop()
    say(f"已重建到区块 {cursor.next_block - 1}", f"rebuilt to block {cursor.next_block - 1}")
