"""What a trace reads besides the tables, as Protocols.

`node.log.LogReader` and `api.cli.remote.RemoteLogs` satisfy `LogReader`,
`node.documents.store.DocumentStore` satisfies `Documents`; the command line joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.protocol.wire.receipt import Receipt


class LogReader(Protocol):
    """A department's log, here or behind another node's API; all ids are 32 bytes."""

    def find_event(self, log: bytes, event: bytes) -> int | None:
        """Return the index of a call, or None; raises NotFound for a log that is not at hand."""
        ...

    def receipt(self, log: bytes, index: int) -> Receipt:
        """Return the entry with its proof under some signed checkpoint of the log."""
        ...

    def entry(self, log: bytes, index: int) -> bytes:
        """Return the leaf of an entry."""
        ...

    def consistency(self, log: bytes, old: int, new: int) -> Sequence[bytes]:
        """Return the proof that the tree of `new` leaves begins with the tree of `old`."""
        ...

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, int]]:
        """List (number, index) of an authorisation's calls after the one numbered `after`."""
        ...


class Documents(Protocol):
    """The documents this node has."""

    def find(self, digest: bytes) -> bytes | None:
        """Return the document with this SM3 digest, or None."""
        ...
