"""Who a page is shown to: his name and department in the bar above, his session's token in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger_sync.trace.judging import SignerNames

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..http.officers import Officer
    from ..parts import Node


class Person(NamedTuple):
    """An officer as a page shows him."""

    name: str
    """His post and name, out of the paper of his key."""
    post: str
    """What his department is called."""
    csrf: str | None
    """The token of his session, which whatever he changes repeats."""


def person_of(request: Request, node: Node) -> Person | None:
    """Return who has signed in, as the page shows him; None where nobody has."""
    officer: Officer | None = getattr(request.state, "officer", None)
    if officer is None:
        return None
    names = SignerNames(node.queries, node.store)
    csrf = None if officer.session is None else officer.session.csrf
    return Person(names.officer(officer.key), names.department(officer.key.holder), csrf)
