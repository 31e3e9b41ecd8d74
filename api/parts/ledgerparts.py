"""The chain followed: the outbox, the follower, and who reads the read model."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ledger_sync.follower import HEARTBEAT_SECONDS, Follower
from ledger_sync.grants import Grants
from ledger_sync.queries import Queries
from ledger_sync.readers import Papers
from ledger_sync.weighing import Weigher
from node.chain.outbox import Outbox

from .base import Base

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ledger_sync.model import Cursor
    from node.anchoring.succession import PresentLog

    from ..loops import OnFatal
    from ..settings import Settings


class LedgerParts(Base):
    """What the chain says, and what is said to it."""

    def __init__(self, settings: Settings, *, on_fatal: OnFatal | None = None) -> None:
        super().__init__(settings, on_fatal=on_fatal)
        self._present_logs: list[PresentLog] = []
        """What forgets which log is a department's present one with each block."""

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.node_engine, self.gateway, self.relay)

    @cached_property
    def follower(self) -> Follower:
        return Follower(
            self._open("ledger.db"),
            self.gateway,
            self.deployment,
            on_advance=self._advanced,
            heartbeat_seconds=min(HEARTBEAT_SECONDS, self.settings.limits.unseen_seconds / 4),
        )

    @cached_property
    def ledger_engine(self) -> Engine:
        """The read model, for reading."""
        return self._open("ledger.db", readonly=True)

    @cached_property
    def queries(self) -> Queries:
        return Queries(self.ledger_engine)

    @cached_property
    def grants(self) -> Grants:
        return Grants(
            self.ledger_engine,
            max_unseen_seconds=self.settings.limits.unseen_seconds,
            on_advance=self._forget_logs,
        )

    @cached_property
    def papers(self) -> Papers:
        return Papers(self.ledger_engine)

    @cached_property
    def weigher(self) -> Weigher:
        return Weigher(self.ledger_engine, self.deployment)

    def _advanced(self, _cursor: Cursor) -> None:
        self.loops.documents.set()

    def _forget_logs(self) -> None:
        for present in self._present_logs:
            present.forget()
