"""The command line, `shareledger`: verbs of the glossary over the same parts the servers use.

One module a group of commands; console: what is said and how it ends; wording: Typer's own words;
options: what many commands take; opening, deciding, forms: how a decision is read, taken and told;
naming, refusals: what numbers and contract errors are called. Nothing heavy is imported before a
command runs: `--help` and `verify` stay quick.
"""

from __future__ import annotations

import sys
import traceback
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


def _check_words(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text (a terminal of another encoding), before anything is a path."""
    for each in arguments:
        if "\0" in each or (not each.isascii() and each != each.encode(errors="ignore").decode()):
            raise InvalidInput(
                t(f"参数不是 UTF-8 文字：{each}", f"an argument is no UTF-8 text: {each}")
            )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; whatever goes wrong ends it with one line and an exit code of ours."""
    try:
        _check_words(sys.argv[1:] if arguments is None else arguments)
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
    except OSError as error:
        # A file the user named, or his disk: `-o` into a folder that is not there, a full disk.
        fail(InvalidInput(f"{error.filename or ''}：{error.strerror or error}"))
    except Exception:  # noqa: BLE001 - the edge of a process: a bug is told whole, and by its code
        traceback.print_exc()
        fail(LedgerError(t("程序有错，详情见上", "a bug of ours; it is told above")))
    sys.exit(code or 0)
