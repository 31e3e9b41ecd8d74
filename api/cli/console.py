"""What a command says: Chinese first, English behind `SHARELEDGER_LANG=en`, errors on one line.

Exit codes: 0 done, 1 the user's mistake or a refusal, 2 something is not available (try again),
3 a proof does not hold.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from node.errors import LedgerError, Unavailable, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_REFUSED = 1
EXIT_UNAVAILABLE = 2
EXIT_UNPROVEN = 3
ENGLISH = os.environ.get("SHARELEDGER_LANG", "zh").lower().startswith("en")


def t(chinese: str, english: str) -> str:
    """Choose the language of one text."""
    return english if ENGLISH else chinese


def say(chinese: str, english: str) -> None:
    """Print one line in the user's language."""
    print(t(chinese, english), flush=True)


def fail(error: LedgerError) -> NoReturn:
    """Print the error on one line of stderr, with its code, and end with its exit code."""
    from api.errors import title_of

    names = title_of(error.code)
    title = names.english if ENGLISH else names.chinese
    detail = error.message if error.message not in (title, error.code) else ""
    text = f"[{error.code}] {title}" + (f"：{detail}" if detail else "")
    print(" ".join(text.split()), file=sys.stderr, flush=True)
    sys.exit(exit_code(error))


def exit_code(error: LedgerError) -> int:
    """Map an error to the exit code documented above."""
    match error:
        case VerificationError():
            return EXIT_UNPROVEN
        case Unavailable():
            return EXIT_UNAVAILABLE
        case _:
            return EXIT_REFUSED


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table that measures Chinese characters as two columns wide."""
    from rich.console import Console
    from rich.table import Table

    grid = Table(*headings, box=None, pad_edge=False)
    for row in rows:
        grid.add_row(*(str(cell) for cell in row))
    Console(soft_wrap=True).print(grid)
