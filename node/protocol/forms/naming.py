"""Which departments a document names: where it can be left before its decision is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import ids
from .parties import OfficerKeyPaper
from .sharing import (
    ApplicationPaper,
    ChangePaper,
    ReplyPaper,
    StepPaper,
    TermsPaper,
)

if TYPE_CHECKING:
    from .document import Document


def departments_named(document: Document) -> tuple[bytes, ...]:
    """Return the ids of the departments entitled to a restricted document by its own words.

    Public documents name none: every department is entitled to them.
    """
    return tuple(ids.department_id(code) for code in dict.fromkeys(_codes(document.body)))


def _codes(body: object) -> tuple[str, ...]:
    if isinstance(body, ApplicationPaper):
        return (body.entry.department, body.department)
    if isinstance(body, ReplyPaper | StepPaper | ChangePaper):
        return (body.parties.consumer, body.parties.provider)
    if isinstance(body, TermsPaper):
        return (body.provider,) if body.consumer is None else (body.consumer, body.provider)
    return (body.department,) if isinstance(body, OfficerKeyPaper) else ()
