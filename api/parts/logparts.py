"""The logs of the departments served: written, read, archived, counted, anchored."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ledger_sync.usage import CallLists
from node.anchoring.anchorer import Anchorer
from node.anchoring.keeper import Keeper
from node.anchoring.publisher import Publisher
from node.crypto import Ed25519Signer
from node.log import (
    Archivist,
    FarWriter,
    LogIdentity,
    LogReader,
    LogWriter,
    Marks,
    Strips,
    Tallies,
    TileStore,
)
from node.protocol.wire import ids

from ..operating.reasons import naming
from .base import NOT_OPENED
from .documentparts import DocumentParts

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from ..settings import DepartmentSettings


class LogParts(DocumentParts):
    """Each department's log, and what is known of it."""

    @cached_property
    def identities(self) -> list[LogIdentity]:
        """The log of each department served, in the order of the settings."""
        registry = self.deployment.registry
        found = []
        for department in self.settings.departments:
            origin = ids.log_origin(
                self.deployment.chain_id, registry, department.code, department.generation
            )
            found.append(
                LogIdentity(
                    log=ids.log_id(origin),
                    origin=origin,
                    department=ids.department_id(department.code),
                    sm2=self._signers[department.code],
                    ed25519=self._log_key(department),
                )
            )
        return found

    def _log_key(self, department: DepartmentSettings) -> Ed25519Signer:
        with naming(f"{department.code} 的 log_key", department.log_key, NOT_OPENED):
            return Ed25519Signer.load(department.log_key, self.settings.password)

    @cached_property
    def writer(self) -> LogWriter | FarWriter:
        if self.is_several:
            return FarWriter(self.log_socket)
        return LogWriter(
            self.open_log(),
            self.identities,
            on_fatal=lambda error: self.loops.fail("log writer", error),
            on_commit=self.loops.growth.set,
            strangers_per_day=self.settings.limits.strangers_per_day,
        )

    def open_log(self) -> Engine:
        """Open log.db for its one writer."""
        return self._open("log.db")

    @property
    def log_socket(self) -> Path:
        """Where the log writer listens that is a process of its own."""
        return self.settings.data_dir / "log.sock"

    @cached_property
    def reader(self) -> LogReader:
        """The logs, for reading; log.db exists once the writer was started."""
        engine = self._open("log.db", readonly=True)
        return LogReader(engine, published=self.node_engine, store=self.tile_store)

    @cached_property
    def tile_store(self) -> TileStore | None:
        """Where full tiles are besides the tables; None: nowhere."""
        place = self.settings.tile_place
        return None if place is None else TileStore(place)

    @cached_property
    def archivist(self) -> Archivist | None:
        """What brings them there."""
        if self.tile_store is None:
            return None
        return Archivist(
            self.open_log(),
            self.node_engine,
            self.reader,
            self.tile_store,
            anchored=self._anchored_size,
            local_entries=self.settings.tiles.local_entries,
        )

    def _anchored_size(self, log: bytes) -> int:
        """Return how many leaves of a log the followed chain knows."""
        fact = self.queries.find_log(log)
        return 0 if fact is None else fact.size

    @cached_property
    def tallies(self) -> Tallies:
        """Calls counted by hour; tally.db exists once a node that shows pages has started."""
        return Tallies(self._open("tally.db", readonly=True))

    @cached_property
    def marks(self) -> Marks:
        """How the hashes of leaves begin."""
        return Marks(self._open("tally.db", readonly=True))

    @cached_property
    def calls(self) -> CallLists:
        """Calls by who and what for, counted or listed."""
        return CallLists(self.ledger_engine, Strips(self._open("tally.db", readonly=True)))

    @cached_property
    def keeper(self) -> Keeper:
        anchoring = self.settings.anchoring
        logs = [identity.log for identity in self.identities]
        publisher = Publisher(
            self.node_engine, self.reader, logs, interval_ms=int(anchoring.publish_seconds * 1000)
        )
        anchorer = Anchorer(
            self.node_engine,
            self.reader,
            logs,
            chain=self.gateway,
            sender=self.outbox,
            contract=self.deployment.anchors,
            relay=self.relay.address,
            interval_seconds=anchoring.anchor_seconds,
            leaves=anchoring.anchor_leaves,
        )
        return Keeper(publisher, anchorer, self.outbox)
