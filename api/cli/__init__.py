"""The command line, `shareledger`: verbs of the glossary over the same parts the servers use.

- `*_commands`: one module a group of commands; `authorisation_pages`: what officials read of one
- `console`: what is said; `help_pages`: Typer's own words; `refusals`: how a command fails
- `options`: what many commands take; `opening`: nodes, keys and officers' handles
- `deciding`: how every command takes its decision; `blanks`: the forms officials fill in
- `naming`: what numbers are called; `remote`: logs of other nodes, for an auditor's trace

Nothing heavy is imported before a command runs: `--help` and `verify` stay quick.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from typer.exceptions import Abort, TyperException

from node.errors import InvalidInput, LedgerError

from . import (
    authorisation_commands,
    chain_commands,
    city_commands,
    department_commands,
    department_key_commands,
    file_commands,
    log_commands,
    review_commands,
    single_commands,
    trace_commands,
)
from .console import EXIT_CODES, EXIT_REFUSED, t
from .help_pages import Commands, usage_error
from .refusals import fail

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
for name, group in {
    "city": city_commands.app,
    "department": department_key_commands.app,
    "application": department_commands.systems,
    "catalogue": review_commands.app,
    "authorisation": authorisation_commands.app,
    "log": log_commands.app,
    "trace": trace_commands.app,
    "paper": file_commands.papers,
    "key": file_commands.app,
    "node": single_commands.node,
    "chain": chain_commands.app,
    "sync": single_commands.sync,
    "plumbing": single_commands.plumbing,
}.items():
    app.add_typer(group, name=name)
app.command(name="verify", help=t("离线验证一份证据包", "verify an evidence bundle offline"))(
    single_commands.verify
)
app.command(name="demo", help=t("在本机演示全过程", "play the whole story here"))(
    single_commands.demo
)


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
