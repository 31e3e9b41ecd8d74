"""Drafts handed to who decides, given back, taken back, thrown away: one way for every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import Depends
from starlette.responses import Response

from node.protocol.ledger.enums import Role

from .seating import FormDep, SittingDep, number_of, to_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import APIRouter


class Handed(NamedTuple):
    """A draft that goes on, and where its people go on."""

    draft: bytes
    page: str
    """Where it is worked at."""
    without: str
    """Where whoever has it no more goes."""
    revision: int = 0
    """Of what was kept before it was handed over."""


def add_handing(
    router: APIRouter, one: str, kept: Callable[..., Handed], named: Callable[..., Handed]
) -> None:
    """Add the routes of drafts whose pages lie below `one`.

    Dependencies both: `kept` keeps what the form says, `named` only finds the draft it is about.
    """
    keeping, naming = Depends(kept), Depends(named)

    @router.post(one + "/hand-over")
    def hand_over(at: SittingDep, form: FormDep, found: Any = keeping) -> Response:  # noqa: ANN401 - a `Handed`
        """Hand a draft to those who may sign it, or back to who made it, with a comment."""
        role = Role(number_of(form, "role", 63))
        comment = form.get("comment", "")
        at.node.drafts.hand_over(at.person, found.draft, found.revision, role, comment)
        return to_page(found.without)

    @router.post(one + "/take-back")
    def take_back(at: SittingDep, found: Any = naming) -> Response:  # noqa: ANN401 - as above
        """Take back what one handed over."""
        at.node.drafts.take_back(at.person, found.draft)
        return to_page(found.page)

    @router.post(one + "/drop")
    def throw_away(at: SittingDep, found: Any = naming) -> Response:  # noqa: ANN401 - as above
        """Throw a draft away."""
        at.node.drafts.drop(at.person, found.draft)
        return to_page(found.without)
