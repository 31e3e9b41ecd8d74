"""Why something was refused, in the words of the people who read it: for HTTP, commands and pages.

What a raise says has its Chinese in `node/sentences.json`; why a contract refused is said there by
the Solidity error's name, its values as the contract threw them (`DecisionRefused.facts`) shown as
people know them.
"""

from __future__ import annotations

import re

from node.errors import DecisionRefused, EvidenceInvalid, LedgerError
from node.sentences import contract_texts


def chinese_of(error: LedgerError) -> str:
    """Return what is wrong in Chinese, with the names that people know."""
    if isinstance(error, EvidenceInvalid) and "text" in error.facts:
        return f"{error.facts['where']}：{error.facts['text']}"
    return refusal_text(error) if isinstance(error, DecisionRefused) else error.chinese


def explain(error: DecisionRefused) -> tuple[str, str]:
    """Say why the contract refuses, in Chinese and in English."""
    return refusal_text(error), error.message


def refusal_text(error: DecisionRefused) -> str:
    """Say why the contract refused; an error that is not known is said as it came."""
    from .cli.naming import shown

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
