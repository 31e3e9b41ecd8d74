"""Views that read one state of the read model throughout: what a page asks is one transaction."""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from ..parts import Node

View = TypeVar("View", bound="Callable[..., Response]")
AT_ONCE = 8
"""Pages that hold a connection: the pool has fifteen, and an auditor's needs one for its leaf."""
_pages = threading.BoundedSemaphore(AT_ONCE)


def held(view: View) -> View:
    """Have a view, which takes who looks as `who` or `at`, read one state throughout.

    A page asks up to a hundred questions, and each by itself is a transaction; what is asked for
    again is not read again. For pages of a moment: SQLite's log cannot shrink meanwhile.
    """

    @wraps(view)
    def of_one_state(**given: Any) -> Response:  # noqa: ANN401 - a view's own
        node: Node = (given.get("who") or given["at"]).node
        with _pages, node.queries.holding():
            return view(**given)

    return cast("View", of_one_state)
