"""What a command says: Chinese first, English behind `SHARELEDGER_LANG=en`.

Exit codes: 0 done, 1 the user's mistake or a refusal, 2 something is not available (try again),
3 a proof does not hold, 4 it holds as far as the trust file reaches, which is not far enough,
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from node.protocol.wire.characters import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_REFUSED = 1
EXIT_UNAVAILABLE = 2
EXIT_UNPROVEN = 3
EXIT_INCOMPLETE = 4
PIPE_WIDTH = 10_000
ENGLISH = os.environ.get("SHARELEDGER_LANG", "zh").lower().startswith("en")


def t(chinese: str, english: str) -> str:
    """Choose the language of one text."""
    return english if ENGLISH else chinese


EXIT_CODES = t(
    "退出码：0 完成；1 输入有误或被拒绝；2 暂不可用，请稍后再试；3 证明不成立；4 信任文件不够新，"
    "尚不能下结论；130 被中断。",
    "Exit codes: 0 done; 1 wrong input or refused; 2 not available, try again; 3 a proof does not "
    "hold; 4 the trust file does not reach far enough to say; 130 interrupted.",
)


def put(text: str, *, error: bool = False) -> None:
    """Print text that others had a hand in: nothing in it moves the cursor or hides itself."""
    # One write with its end: lines of two threads never meet on one.
    print(
        visible(text, lines=True) + "\n",
        end="",
        file=sys.stderr if error else sys.stdout,
        flush=True,
    )


def say(chinese: str, english: str) -> None:
    """Print one line in the user's language."""
    put(t(chinese, english))


def note(chinese: str, english: str) -> None:
    """Print one remark on stderr: something to know, not a failure."""
    put(t(chinese, english), error=True)


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table that measures Chinese characters as two columns wide.

    Nothing is cut: a terminal gets cells folded to its width, a pipe gets each row on one line.
    """
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=None, pad_edge=False)
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(visible(str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(markup=False, emoji=False, highlight=False, width=width).print(grid)
