"""Refilling of a read model in place: emptied in one transaction, then followed to the head.

Readers get LedgerBehind from the emptying until the head is reached. A follower that runs beside it
notices the moved cursor and helps; a death in between is mended by whoever follows next.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .cursor import empty, prepare, read_cursor
from .follower import Follower
from .identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from node.chain.deployment import Deployment

    from .chunk import ChainSource
    from .facts import Cursor


def rebuild(
    engine: Engine,
    gateway: ChainSource,
    deployment: Deployment,
    *,
    clock: Callable[[], float] = time.time,
    on_advance: Callable[[Cursor], None] | None = None,
) -> Cursor:
    """Empty the model and fill it again up to the chain's head; return where it then stands.

    Raises:
        ChainUnavailable: the endpoint went away; the model stays closed until a follower ends it.
        Fatal: the chain cannot be trusted.
    """
    identity = Identity.of(deployment)
    prepare(engine, identity)
    with engine.begin() as connection:
        empty(connection, identity)
    follower = Follower(engine, gateway, deployment, clock=clock, on_advance=on_advance)
    try:
        while follower.run_once():
            pass
    finally:
        follower.close()
    with engine.begin() as connection:
        return read_cursor(connection)
