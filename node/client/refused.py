"""A node's problem+json answer (RFC 9457) back into the error it was made of.

Only one that concerns the call: a peer that says `fatal` does not end our process.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import orjson

from ..errors import Fatal, InvalidInput, LedgerError, PeerUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_FACTS = {"type", "title", "titleEn", "status", "detail", "detailEn", "code", "self", "message"}
"""Members that are no facts: RFC 9457's, and what an error's own parameters are called."""
_SERVER_ERROR = 500


def problem_error(status: int, content: bytes, url: str) -> LedgerError:
    """Return the error an answer that is not a success stands for; its facts are the members."""
    try:
        # Of bounded depth, unlike the standard library's: no peer's answer exhausts the stack.
        problem = orjson.loads(content)
    except orjson.JSONDecodeError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    detail = str(problem.get("detail") or f"{url} answered {status}")
    facts = {name: value for name, value in problem.items() if name not in _NO_FACTS}
    kind = find_class(str(problem.get("code")))
    if kind is None:
        kind = PeerUnavailable if status >= _SERVER_ERROR else InvalidInput
    if not isinstance(english := problem.get("detailEn"), str):
        return kind(detail, **facts)
    error = kind(english, **facts)
    error.told = detail
    return error


def find_class(code: str) -> type[LedgerError] | None:
    """Return the error class with a public code, or None; never one that ends the process."""
    return _classes().get(code)


@cache
def _classes() -> dict[str, type[LedgerError]]:
    # A code shared by a family belongs to its narrowest member, which comes last.
    return {kind.code: kind for kind in _descend(LedgerError) if not issubclass(kind, Fatal)}


def _descend(kind: type[LedgerError]) -> Iterator[type[LedgerError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _descend(narrower)
