"""`shareledger node`: run a department's node."""

from __future__ import annotations

from .console import say, t
from .options import ConfigOption
from .wording import Commands

app = Commands(help=t("部门节点", "a department's node"))


@app.command(help=t("运行节点，直到收到信号", "run the node until a signal"))
def run(config: ConfigOption) -> None:
    """Serve until a signal; a loop that fails ends the process."""
    from api.app import serve
    from api.loops import configure_logging
    from api.settings import load_settings

    configure_logging()
    serve(
        load_settings(config),
        announce=lambda url: say(f"节点在 {url}", f"the node answers at {url}"),
    )
