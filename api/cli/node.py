"""`shareledger node`: run a department's node."""

from __future__ import annotations

import typer

from .console import t
from .options import ConfigOption

app = typer.Typer(help=t("部门节点", "a department's node"), no_args_is_help=True)


@app.command(help=t("运行节点，直到收到信号", "run the node until a signal"))
def run(config: ConfigOption) -> None:
    """Serve until a signal; a loop that fails ends the process."""
    from api.app import serve
    from api.settings import load_settings

    serve(load_settings(config))
