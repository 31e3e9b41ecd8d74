"""A help page in the user's language, whole at any width of the terminal.

Typer's own panels end a text without spaces, as Chinese is, with an ellipsis where it does not
fit; and some of their words cannot be translated. The page is drawn from what Typer knows of the
command; nothing of a command's own is repeated here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .console import t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

Row = tuple[str, str, str]

TYPES = {"<path>": "文件", "<str>": "文字", "<int>": "整数", "<int range>": "整数"}
"""Typer's names of the types, in Chinese."""


def print_page(command: Any, ctx: Any) -> None:  # noqa: ANN401 - Typer's own types are private
    """Print the help page of a command or a group of commands."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(command.get_usage(ctx), style="bold")
    console.print()
    console.print(command.help or "")
    params = [param for param in command.get_params(ctx) if not param.hidden]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option"]
    _print_rows(console, t("参数", "Arguments"), [_row(param, ctx) for param in arguments])
    _print_rows(console, t("选项", "Options"), [_row(param, ctx) for param in options])
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
        name = ", ".join(sorted(param.opts, key=len))
    return name, _type(param, ctx), _text(param, ctx)


def _type(param: Any, ctx: Any) -> str:  # noqa: ANN401 - as above
    if param.param_type_name == "argument" or getattr(param, "is_flag", False):
        return ""
    if param.metavar:
        return str(param.metavar)
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
