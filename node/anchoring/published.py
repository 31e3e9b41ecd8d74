"""A node's logs as others are shown them: receipts under published checkpoints.

What is anchored was published before, so the proof from such a receipt to its anchor is short, and
its signature was made before the anchor: it counts even after the log's key was revoked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.log.published import list_published
from node.protocol.wire.receipt import Receipt

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from node.log.reader import LogReader


class PublishedLogs:
    """The logs of one store and what was published of them; safe from several threads."""

    def __init__(self, engine: Engine, reader: LogReader) -> None:
        """Take the engine of `node.db` and the reader of `log.db`."""
        self._engine = engine
        self._reader = reader

    def find_event(self, log: bytes, event: bytes) -> int | None:
        """Return the index of a call, or None; raises NotFound for a log that is not here."""
        return self._reader.find_event(log, event)

    def entry(self, log: bytes, index: int) -> bytes:
        """Return the leaf of an entry; raises NotFound."""
        return self._reader.entry(log, index)

    def request(self, log: bytes, index: int) -> bytes | None:
        """Return the body of the request behind an entry, or None when none is kept."""
        return self._reader.request(log, index)

    def consistency(self, log: bytes, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of `new` leaves begins with the tree of `old`."""
        return self._reader.consistency(log, old, new)

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, int]]:
        """List (number, index) of an authorisation's calls after the one numbered `after`."""
        return self._reader.calls(log, authorisation, after=after, limit=limit)

    def receipt(self, log: bytes, index: int) -> Receipt:
        """Return an entry's receipt under the first published checkpoint that holds it.

        Under the newest one of the log while none was published.

        Raises:
            NotFound: the log has no such entry.
        """
        found = list_published(self._engine, log, from_size=index + 1, limit=1)
        if not found:
            return self._reader.receipt(log, index)
        size = found[0].size
        return Receipt(
            leaf=self._reader.entry(log, index),
            index=index,
            size=size,
            proof=tuple(self._reader.inclusion(log, index, size)),
            checkpoint=found[0].checkpoint,
        )
