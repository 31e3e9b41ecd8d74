"""How a command fails: one line on stderr with the error's code, and the exit code of its kind."""

from __future__ import annotations

import sys
from typing import NoReturn

from node.errors import LedgerError, Unavailable, VerificationError

from .console import ENGLISH, EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_UNPROVEN, put


def fail(error: LedgerError) -> NoReturn:
    """Print the error on one line of stderr, with its code, and end with its exit code."""
    from api.refusing_words import chinese_of, title_of

    names = title_of(error.code)
    title = names.english if ENGLISH else names.chinese
    said = error.message if ENGLISH else chinese_of(error)
    detail = said if said not in (title, error.code) else ""
    text = f"[{error.code}] {title}" + (f"：{detail}" if detail else "")
    put(" ".join(text.split()), error=True)
    sys.exit(_exit_code(error))


def _exit_code(error: LedgerError) -> int:
    if isinstance(error, VerificationError):
        return EXIT_UNPROVEN
    return EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_REFUSED
