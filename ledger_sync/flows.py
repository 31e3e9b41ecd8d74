"""Who may read from whom now, and how far the logs are anchored: what a wall shows of the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from node.protocol.ledger.enums import AuthorisationState, Permit
from node.protocol.ledger.steps import permit_in

from .selecting import Reader
from .tables import ANCHOR, AUTHORISATION, BLOCK, LOG

if TYPE_CHECKING:
    from collections.abc import Collection

CALLABLE = [state for state in AuthorisationState if permit_in(state) is Permit.PERMITTED]


class Flow(NamedTuple):
    """One department that may read from another."""

    provider: bytes
    consumer: bytes
    live: int
    """Authorisations under which it may."""


class Anchored(NamedTuple):
    """How far a log is anchored."""

    log: bytes
    size: int
    second: int
    """Of the block that anchored it."""


class FlowQueries(Reader):
    """Questions about all departments at once."""

    def flows(self, now: int) -> list[Flow]:
        """Return every pair of departments with authorisations that permit calls at `now`.

        Raises:
            LedgerBehind: the read model is being filled, here and in all that follows.
        """
        pair = (AUTHORISATION.c.provider, AUTHORISATION.c.consumer)
        live = AUTHORISATION.c.state.in_(CALLABLE)
        in_time = (AUTHORISATION.c.valid_from <= now) & (now < AUTHORISATION.c.valid_until)
        query = select(*pair, func.count().label("live")).where(live, in_time).group_by(*pair)
        return [Flow(**row) for row in self._all(query)]

    def parties(self, authorisations: Collection[int]) -> dict[int, tuple[bytes, bytes]]:
        """Return provider and consumer of each of these authorisations, by number."""
        columns = (AUTHORISATION.c.provider, AUTHORISATION.c.consumer)
        query = select(AUTHORISATION.c.authorisation, *columns).where(
            AUTHORISATION.c.authorisation.in_(sorted(authorisations))
        )
        rows = self._all(query)
        return {row["authorisation"]: (row["provider"], row["consumer"]) for row in rows}

    def anchored(self) -> list[Anchored]:
        """Return every log that has been anchored, with its last anchor."""
        last = (ANCHOR.c.log == LOG.c.log) & (ANCHOR.c.size == LOG.c.size)
        query = (
            select(LOG.c.log, LOG.c.size, BLOCK.c.timestamp.label("second"))
            .join(ANCHOR, last)
            .join(BLOCK, BLOCK.c.number == ANCHOR.c.block)
        )
        return [Anchored(**row) for row in self._all(query)]
