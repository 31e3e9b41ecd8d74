"""How a command fails: one line on stderr with the error's code, and the exit code of its kind.

Why a contract refused is said in Chinese, a line for each Solidity error (`node/sentences.json`);
names and values are those of the error the contract threw (`DecisionRefused.facts`).
"""

from __future__ import annotations

import re
import sys
from typing import NoReturn

from node.errors import DecisionRefused, LedgerError, Unavailable, VerificationError
from node.sentences import contract_texts

from .console import ENGLISH, EXIT_REFUSED, EXIT_UNAVAILABLE, EXIT_UNPROVEN, put
from .naming import shown


def fail(error: LedgerError) -> NoReturn:
    """Print the error on one line of stderr, with its code, and end with its exit code."""
    from api.error_titles import chinese_of, title_of

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


def explain(error: DecisionRefused) -> tuple[str, str]:
    """Say why the contract refuses, in Chinese and in English."""
    return refusal_text(error), error.message


def refusal_text(error: DecisionRefused) -> str:
    """Say why the contract refused; an error that is not known is said as it came."""
    name, args = str(error.facts.get("name", "")), error.facts.get("args")
    template = contract_texts().get(name)
    if template is None or not isinstance(args, dict):
        return error.chinese
    of_entry = name != "StateUnsuitable"
    values = {key: shown(key, _typed(value), of_entry=of_entry) for key, value in args.items()}
    return f"{template.format(**values)}（{name}）"


def _typed(value: object) -> object:
    """Return a value as the ABI has it; a node's answer over HTTP has bytes as hex."""
    hexadecimal = isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{2})+", value)
    return bytes.fromhex(hexadecimal[0]) if hexadecimal else value
