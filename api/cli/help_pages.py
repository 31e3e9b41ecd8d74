"""What Typer says itself, in the user's language: help pages, usage lines, usage errors.

Typer takes classes for groups and commands; `Commands` gives it ours, and is what every module of
the command line makes its group with. Pages are drawn here, whole at any width of the terminal:
Typer's own panels end a text without spaces, as Chinese is, with an ellipsis where it does not fit,
and some of their words cannot be translated. Nothing of a command's own is repeated here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .console import ENGLISH, t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

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
Row = tuple[str, str, str]

TYPES = {"<path>": "文件", "<str>": "文字", "<int>": "整数", "<int range>": "整数"}
"""Typer's names of the types, in Chinese."""
NAMES = {
    "ADDRESS": "账户地址",
    "ANSWER": "答复",
    "APPLICATION": "应用系统代码",
    "BLOCK": "区块号",
    "CODE": "部门代码",
    "COMPETENT": "主管部门代码",
    "DIGEST": "摘要",
    "DOCUMENT": "文书摘要",
    "ENTRY": "目录代码",
    "ENTRY=REASON": "目录代码=理由",
    "EVENT": "事件编号",
    "FILE": "文件",
    "FORM": "表单",
    "REQUEST": "请求",
    "ID": "授权编号",
    "KEY": "密钥编号",
    "KIND": "种类",
    "NAME": "合约名",
    "NOTE": "检查点文件",
    "STEP": "步骤",
    "TRUST": "信任文件",
    "VERSION": "版本号",
    "WORDS": "检索词",
}
"""What stands for an argument or an option's value, in Chinese; `...` may follow."""


class _Paged:
    """What a group and a command have in common: a page in the user's language."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own types are private
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = t("显示本页后退出", "Show this message and exit.")
        return option

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        pieces = " ".join(self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, pieces, prefix=t("用法：", "Usage: "))

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        del formatter  # it wraps at spaces only
        _print_page(self, ctx)


class _Command(_Paged, TyperCommand): ...


class _Group(_Paged, TyperGroup): ...


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


def placeholder(name: str) -> str:
    """Return what stands for an argument or an option's value in the user's language."""
    word, dots = name.removesuffix("..."), "..." * name.endswith("...")
    return t(NAMES.get(word, word) + dots, name)


def usage_error(message: str) -> str:
    """Say in the user's language what Typer found wrong with a command line."""
    if ENGLISH:
        return message
    for pattern, chinese in USAGE_ERRORS:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            said = chinese.format(*found.groups())
            return re.sub(r" \(env var: '(\w+)'\)", r"（或环境变量 \1）", said)
    return message


def _print_page(command: Any, ctx: Any) -> None:  # noqa: ANN401 - as above
    """Print the help page of a command or a group of commands."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(command.get_usage(ctx), style="bold")
    console.print()
    console.print(command.help or "")
    rows: dict[str, list[Row]] = {"argument": [], "option": []}
    for param in command.get_params(ctx):
        if not param.hidden:
            rows[param.param_type_name].append(_row(param, ctx))
    _print_rows(console, t("参数", "Arguments"), rows["argument"])
    _print_rows(console, t("选项", "Options"), rows["option"])
    _print_rows(console, t("命令", "Commands"), list(_commands(command, ctx)))
    if command.epilog:
        console.print()
        console.print(command.epilog)


def _print_rows(console: Console, title: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold", ratio=1)
    for name, kind, text in rows:
        grid.add_row(f"  {name}", kind, text)
    console.print()
    console.print(title, style="bold")
    console.print(grid)


def _commands(command: Any, ctx: Any) -> Iterator[Row]:  # noqa: ANN401 - as above
    if not hasattr(command, "list_commands"):
        return
    for name in command.list_commands(ctx):
        found = command.get_command(ctx, name)
        if found is not None and not found.hidden:
            yield name, "", found.help or ""


def _row(param: Any, ctx: Any) -> Row:  # noqa: ANN401 - as above
    if param.param_type_name == "argument":
        name = param.display_name_raw
    else:
        name = ", ".join([*sorted(param.opts, key=len), *param.secondary_opts])
    return name, _type(param, ctx), _text(param, ctx)


def _type(param: Any, ctx: Any) -> str:  # noqa: ANN401 - as above
    if param.param_type_name == "argument" or getattr(param, "is_flag", False):
        return ""
    if param.metavar:
        return placeholder(param.metavar)
    shown = param.display_type(ctx)
    listed = shown.replace("list[", "").replace("]", "")
    return t(TYPES.get(listed, listed.strip("<>")), shown.strip("<>"))


def _text(param: Any, ctx: Any) -> str:  # noqa: ANN401 - as above
    marks = []
    if param.required:
        marks.append(t("必填", "required"))
    default = param.get_default(ctx, call=False)
    if not getattr(param, "is_flag", False) and default not in {None, ()} and not param.required:
        marks.append(t(f"默认 {default}", f"default {default}"))
    if param.min is not None or param.max is not None:
        low, high = param.min, "" if param.max is None else param.max
        marks.append(f"{low}–{high}" if high else t(f"不小于 {low}", f"at least {low}"))
    if param.envvar:
        marks.append(t(f"环境变量 {param.envvar}", f"environment {param.envvar}"))
    said = "；".join(marks) if t("zh", "en") == "zh" else "; ".join(marks)
    return f"{param.help or ''} [{said}]" if marks else param.help or ""
