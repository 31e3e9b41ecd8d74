"""The command line, `shareledger`: verbs of the glossary over the same parts the servers use.

- `*_commands`: one module a group of commands; `authorisation_pages`: what officials read of one
- `console`: what is said; `help_pages`: Typer's own words; `refusals`: how a command fails
- `options`: what many commands take; `opening`: nodes, keys and officers' handles
- `taking`: how every command takes its decision; `offices`: at the node here, or at one over
  HTTP; `filed`: what a table is set beside, at either; `blanks`: the forms officials fill in
- `inbox_command`: what waits for somebody
- `naming`: what numbers are called; `remote`: logs of other nodes, for an auditor's trace

Nothing heavy is imported before a command runs: `--help` and `verify` stay quick.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from typer.exceptions import Abort, TyperException

from api.operating.reasons import os_error
from node.errors import InvalidInput, LedgerError

from .console import EXIT_CODES, EXIT_REFUSED, t
from .help_pages import Commands, usage_error
from .refusals import fail

NAME = "shareledger"
INTERRUPTED = 130
TRACE = "SHARELEDGER_TRACE"
"""Environment variable that has a bug's traceback printed."""

GROUPS = {
    "city": "city_commands.app",
    "department": "department_key_commands.app",
    "application": "call_commands.systems",
    "catalogue": "review_commands.app",
    "authorisation": "authorisation_commands.app",
    "log": "log_commands.app",
    "trace": "trace_commands.app",
    "trust": "trust_commands.app",
    "paper": "file_commands.papers",
    "key": "file_commands.app",
    "node": "node_commands.app",
    "chain": "chain_commands.app",
    "sync": "single_commands.sync",
    "plumbing": "single_commands.plumbing",
}
"""Where each group is, by module and name; the last module that adds to a group is named."""
ALONE = {"verify", "demo", "agent", "inbox"}
"""The commands of no group."""


def command_line(groups: Iterable[str] = tuple(GROUPS)) -> Commands:
    """Build the command line with these of its groups: a command pays for no group but its own."""
    from . import agent_commands, inbox_command, single_commands

    app = Commands(
        name=NAME,
        help=t(
            "共享账本：部门之间共享政务数据，并且多年以后仍能证明每一次使用。",
            "ShareLedger: share data between departments and prove every use, years later.",
        ),
        epilog=EXIT_CODES,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name in groups:
        module, member = GROUPS[name].split(".")
        app.add_typer(getattr(import_module(f".{module}", __name__), member), name=name)
    app.command(name="verify", help=t("离线验证一份证据包", "verify an evidence bundle offline"))(
        single_commands.verify
    )
    app.command(name="demo", help=t("在本机演示全过程", "play the whole story here"))(
        single_commands.demo
    )
    app.command(
        name="agent",
        help=t("保管密钥，经本人同意才替网页签名", "sign for a page what you agree to"),
    )(agent_commands.agent)
    app.command(name="inbox", help=t("列出待我办理的事项", "list what waits for you"))(
        inbox_command.inbox
    )
    return app


def _command_line_for(words: Sequence[str]) -> Commands:
    """Build what a line needs; help and mistakes get the whole, for they name its groups."""
    first = words[0] if words else ""
    if first in ALONE:
        return command_line(())
    return command_line([first]) if first in GROUPS else command_line()


def _check_words(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text (a terminal of another encoding), before anything is a path."""
    for each in arguments:
        if "\0" in each or (not each.isascii() and each != each.encode(errors="ignore").decode()):
            raise InvalidInput(
                t(f"参数不是 UTF-8 文字：{each}", f"an argument is no UTF-8 text: {each}")
            )


def _bug(error: Exception) -> LedgerError:
    """Say where the program failed; the whole of it only to who asks."""
    if os.environ.get(TRACE):
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__}，{Path(last.filename).name}:{last.lineno}"
    return LedgerError(
        t(
            f"程序有错（{place}）；设环境变量 {TRACE}=1 再执行一次，可见详情，请转告开发者",
            f"a bug of ours ({place}); run it again with {TRACE}=1 to see all of it",
        )
    )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; whatever goes wrong ends it with one line and an exit code of ours."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        _check_words(words)
        code = _command_line_for(words)(words, prog_name=NAME, standalone_mode=False)
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
        fail(os_error(error))
    except Exception as error:  # noqa: BLE001 - the edge of a process: a bug has a line, too
        fail(_bug(error))
    sys.exit(code or 0)
