"""Events to rows, one module per contract: registry, catalogue, authorisations, anchors; objects.

Each handler is a function of the rows so far and one event. `objects` names what a decision is
about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.errors import ChainInconsistent

from . import (
    anchors,
    authorisations,
    catalogue,
    registry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from node.protocol.evm.abi import ChainEvent

    from ..rows import Rows
    from .objects import Concern

    Handler = Callable[[Rows, ChainEvent], Concern | None]

_HANDLERS: dict[str, Mapping[str, Handler]] = {
    "DepartmentRegistry": registry.HANDLERS,
    "CatalogueRegistry": catalogue.HANDLERS,
    "ShareAuthorisations": authorisations.HANDLERS,
    "AccessAnchors": anchors.HANDLERS,
}


def project(rows: Rows, event: ChainEvent) -> Concern | None:
    """Apply one event to the rows; None when it is no decision.

    Raises:
        ChainInconsistent: the event builds on something never made, or is of no known kind.
    """
    handler = _HANDLERS.get(event.contract, {}).get(event.name)
    if handler is None:
        raise ChainInconsistent(f"no projection for {event.contract}.{event.name}")
    return handler(rows, event)
