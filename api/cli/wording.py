"""Typer's own words in the user's language: usage lines, the help option, usage errors.

Typer takes classes for groups and commands; `Commands` gives it ours, and is what every module of
the command line makes its group with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .console import ENGLISH, t
from .page import print_page

if TYPE_CHECKING:
    from collections.abc import Callable

USAGE_ERRORS: tuple[tuple[str, str], ...] = (
    (r"Missing option (.+?)\.(?: Choose from:\s*(.*))?", "缺少选项 {0}"),
    (r"Missing argument (.+?)\.(?: Choose from:\s*(.*))?", "缺少参数 {0}"),
    (r"Missing command\.", "缺少命令"),
    (r"No such option: (\S+)(?: (?:Did you mean|\(Possible options:) .*)?", "没有选项 {0}"),
    (r"No such command (.+?)\.(?: Did you mean .*)?", "没有命令 {0}"),
    (r"Got unexpected extra argument\(?s?\)? \((.*)\)", "多出的参数：{0}"),
    (r"Option (.+) requires an argument\.?", "选项 {0} 缺少值"),
    (r"Option (.+) does not take a value\.?", "选项 {0} 不带值"),
    (r"Invalid value for (.+?): Input should be a valid integer.*", "{0} 应为整数"),
    (
        r"Invalid value for (.+?): Input should be greater than or equal to (\S+)",
        "{0} 不得小于 {1}",
    ),
    (r"Invalid value for (.+?): Input should be less than or equal to (\S+)", "{0} 不得大于 {1}"),
    (
        r"Invalid value for (.+?): (?:Value error, )?(.+) is not one of (.+)\.",
        "{0} 应为 {2} 之一（{1}）",
    ),
    (r"Invalid value for (.+?): (.+)", "{0} 的值不对（{1}）"),
)
"""Typer's messages and what they are in Chinese; what is not listed is said as it is."""


class _Command(TyperCommand):
    """A command whose page is in the user's language."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own types are private
        return _help_option(super().get_help_option(ctx))

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        _format_usage(self, ctx, formatter)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        del formatter  # it wraps at spaces only
        print_page(self, ctx)


class _Group(TyperGroup):
    """A group of commands whose page is in the user's language."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        return _help_option(super().get_help_option(ctx))

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        _format_usage(self, ctx, formatter)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        del formatter  # it wraps at spaces only
        print_page(self, ctx)


class Commands(typer.Typer):
    """A group of commands, as `typer.Typer` makes them, with pages in the user's language."""

    def __init__(self, *, help: str, **settings: Any) -> None:  # noqa: A002, ANN401 - Typer's
        """Take what `typer.Typer` takes."""
        super().__init__(
            help=help,
            cls=_Group,
            no_args_is_help=True,
            options_metavar=t("[选项]", "[OPTIONS]"),
            subcommand_metavar=t("命令 [参数]...", "COMMAND [ARGS]..."),
            **settings,
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - Typer's
        """Register a command; see `typer.Typer.command`."""
        settings = {"cls": _Command, "options_metavar": t("[选项]", "[OPTIONS]"), **settings}
        return super().command(name, **settings)


def usage_error(message: str) -> str:
    """Say in the user's language what Typer found wrong with a command line."""
    if ENGLISH:
        return message
    for pattern, chinese in USAGE_ERRORS:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return chinese.format(*found.groups())
    return message


def _help_option(option: Any) -> Any:  # noqa: ANN401 - as above
    if option is not None:
        option.help = t("显示本页后退出", "Show this message and exit.")
    return option


def _format_usage(command: Any, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
    pieces = " ".join(command.collect_usage_pieces(ctx))
    formatter.write_usage(ctx.command_path, pieces, prefix=t("用法：", "Usage: "))
