"""The command line, `shareledger`: verbs of the glossary over the same parts the servers use.

One module a group of commands; console: what is said and how it ends; options: what many commands
take. Nothing heavy is imported before a command runs: `--help` and `verify` stay quick.
"""

from __future__ import annotations

import typer

from node.errors import LedgerError

from . import catalogue, chain, demo, key, log, node, plumbing, sync, trace, verify
from .console import fail, t

app = typer.Typer(
    name="shareledger",
    help=t(
        "共享账本：部门之间共享政务数据，并且多年以后仍能证明每一次使用。",
        "ShareLedger: share government data between departments and prove every use, years later.",
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(chain.app, name="chain")
app.add_typer(key.app, name="key")
app.add_typer(node.app, name="node")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(trace.app, name="trace")
app.add_typer(log.app, name="log")
app.add_typer(sync.app, name="sync")
app.add_typer(plumbing.app, name="plumbing")
app.command(name="demo", help=t("在本机演示全过程", "play the whole story here"))(demo.demo)
app.command(name="verify", help=t("离线验证一份证据包", "verify an evidence bundle offline"))(
    verify.verify
)


def main() -> None:
    """Run a command; our own errors end it with one line and their exit code."""
    try:
        app()
    except LedgerError as error:
        fail(error)
