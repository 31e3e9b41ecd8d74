"""What anchoring needs of its neighbours, as they are used here and nothing more.

`node.log.reader.LogReader`, `node.chain.gateway.Gateway` and `node.chain.outbox.Outbox` satisfy
these; tests put small fakes in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Head(Protocol):
    """A log's newest tree."""

    @property
    def size(self) -> int:
        """Number of leaves."""
        ...

    @property
    def root(self) -> bytes:
        """Root hash of all of them."""
        ...

    @property
    def checkpoint(self) -> bytes:
        """The signed note of this size and root."""
        ...


class Logs(Protocol):
    """The logs this node keeps."""

    def head(self, log: bytes) -> Head:
        """Return a log's newest tree; raises NotFound for a log nothing was ever opened for."""
        ...

    def root_at(self, log: bytes, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        ...

    def consistency(self, log: bytes, old_size: int, size: int) -> Sequence[bytes]:
        """Return the proof that the tree of `size` begins with that of `old_size`."""
        ...


class Chain(Protocol):
    """Reads of contracts."""

    def call(self, to: bytes, data: bytes) -> bytes:
        """Call a view; raises ChainUnavailable (retryable)."""
        ...


class Sender(Protocol):
    """The durable queue of transactions of one relay account."""

    def enqueue(self, unique_key: str, *, to: bytes, data: bytes, gas: int) -> int:
        """Commit a transaction; the same key again returns the row that is there."""
        ...

    def result(self, row_id: int) -> object | None:
        """Return what became of a row; None while it is open. Raises DecisionRefused if refused."""
        ...

    def pump(self) -> object:
        """Send what waits and see what was mined; raises ChainUnavailable (retryable)."""
        ...
