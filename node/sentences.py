"""What an error says in Chinese, found by what it says in English.

A raise says its English where its reason stands; `sentences.json` holds for each such text, with
`{}` where a value stands, the Chinese one, in which `{0}`, `{1}`… are the same values. A text that
is Chinese already is in no table. `tests/system/test_sentences.py` holds that no raise is without.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

DEPTH = 3
"""An error's value may be what another error said, and that one's again."""


def chinese_of(message: str) -> str:
    """Return a message in Chinese; one that no text of the table fits is returned as it is."""
    return _said(message, DEPTH)


def contract_texts() -> dict[str, str]:
    """Return what each error of the contracts means, by its name; values stand by theirs."""
    texts: dict[str, str] = _file()["contracts"]
    return texts


def _said(message: str, depth: int) -> str:
    for pieces, chinese in _table():
        values = _between(message, pieces)
        if values is not None:
            return chinese.format(*(_value(each, depth) for each in values))
    return message


def _value(value: str, depth: int) -> str:
    word: str | None = _file()["values"].get(value)
    return word or (_said(value, depth - 1) if depth else value)


@cache
def _file() -> dict[str, Any]:
    file: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_bytes())
    return file


@cache
def _table() -> tuple[tuple[list[str], str], ...]:
    """Return the English pieces between values with the Chinese text, the most exact first."""
    rows = [(english.split("{}"), chinese) for english, chinese in _file()["said"].items()]
    # Where two fit, the one that leaves less to its values says more.
    return tuple(sorted(rows, key=lambda row: -sum(map(len, row[0]))))


def _between(message: str, pieces: list[str]) -> list[str] | None:
    """Return what stands between the pieces; None where they are not the message's.

    Each piece is sought once, from where the one before ended: a stranger's long value costs its
    length and no more.
    """
    first, *inner = pieces
    if not inner:
        return [] if message == first else None
    last = inner.pop()
    at, end = len(first), len(message) - len(last)
    if at > end or not message.startswith(first) or not message.endswith(last):
        return None
    values = []
    for piece in inner:
        found = message.find(piece, at, end)
        if found < 0:
            return None
        values.append(message[at:found])
        at = found + len(piece)
    values.append(message[at:end])
    # "中文 / English" that ends as a text of the table does: it is said in both already.
    return None if not first and " / " in f"{values[0]} " else values
