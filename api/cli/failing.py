"""How a command fails: one line on stderr with the error's code, and the exit code of its kind."""

from __future__ import annotations

import sys
from typing import NoReturn

from node.errors import (
    DecisionRefused,
    EvidenceInvalid,
    LedgerError,
    Unavailable,
    VerificationError,
)

from .console import (
    ENGLISH,
    EXIT_REFUSED,
    EXIT_UNAVAILABLE,
    EXIT_UNPROVEN,
    put,
)
from .refusals import refusal_text


def fail(error: LedgerError) -> NoReturn:
    """Print the error on one line of stderr, with its code, and end with its exit code."""
    from api.http.problems import title_of

    names = title_of(error.code)
    title = names.english if ENGLISH else names.chinese
    said = _detail(error)
    detail = said if said not in (title, error.code) else ""
    text = f"[{error.code}] {title}" + (f"：{detail}" if detail else "")
    put(" ".join(text.split()), error=True)
    sys.exit(exit_code(error))


def _detail(error: LedgerError) -> str:
    """Return what is wrong, in Chinese where the error or the contract's name for it has words."""
    if ENGLISH:
        return error.message
    if isinstance(error, DecisionRefused):
        return refusal_text(error)
    if isinstance(error, EvidenceInvalid):
        return f"{error.facts['where']}：{error.facts['text']}"
    return error.message


def exit_code(error: LedgerError) -> int:
    """Map an error to the exit code documented in `console`."""
    match error:
        case VerificationError():
            return EXIT_UNPROVEN
        case Unavailable():
            return EXIT_UNAVAILABLE
        case _:
            return EXIT_REFUSED
