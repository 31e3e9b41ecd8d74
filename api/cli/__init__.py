"""The command line, `shareledger`: verbs of the glossary over the same parts the servers use.

One module a group of commands; console: what is said and how it ends; wording: Typer's own words;
options: what many commands take; opening, deciding, forms: how a decision is read, taken and told;
naming, refusals: what numbers and contract errors are called. Nothing heavy is imported before a
command runs: `--help` and `verify` stay quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from typer.exceptions import Abort, TyperException

from node.errors import InvalidInput, LedgerError

from . import (
    application,
    authorisation,
    chain,
    demo,
    department_keys,
    key,
    log,
    node,
    paper,
    plumbing,
    sync,
    trace,
    verify,
    withdrawing,
)
from .console import EXIT_CODES, EXIT_REFUSED, t
from .failing import fail
from .wording import Commands, usage_error

NAME = "shareledger"
INTERRUPTED = 130

app = Commands(
    name=NAME,
    help=t(
        "共享账本：部门之间共享政务数据，并且多年以后仍能证明每一次使用。",
        "ShareLedger: share government data between departments and prove every use, years later.",
    ),
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, group in (
    ("department", department_keys.app),
    ("application", application.app),
    ("catalogue", withdrawing.app),
    ("authorisation", authorisation.app),
    ("log", log.app),
    ("trace", trace.app),
    ("paper", paper.app),
    ("key", key.app),
    ("node", node.app),
    ("chain", chain.app),
    ("sync", sync.app),
    ("plumbing", plumbing.app),
):
    app.add_typer(group, name=name)
app.command(name="verify", help=t("离线验证一份证据包", "verify an evidence bundle offline"))(
    verify.verify
)
app.command(name="demo", help=t("在本机演示全过程", "play the whole story here"))(demo.demo)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; our own errors and Typer's end it with one line and their exit code."""
    try:
        code = app(arguments, prog_name=NAME, standalone_mode=False)
    except LedgerError as error:
        fail(error)
    except TyperException as error:
        said = error.format_message()
        if not said.strip():  # a group named alone: its page was printed
            sys.exit(EXIT_REFUSED)
        fail(InvalidInput(usage_error(said)))
    except Abort:
        sys.exit(INTERRUPTED)
    sys.exit(code or 0)
