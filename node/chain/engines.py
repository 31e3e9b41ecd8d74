"""What differs between EVM engines, in one table; everything else is standard JSON-RPC.

All of them are final at once (Besu QBFT, FISCO PBFT, the embedded chain): `latest` is the only
block tag used and a changed block is an alarm. All run without fees: gas price 0.
`embedded` was measured here, `besu` and `fisco` are taken from their documentation and source.
Also noted: Besu's `extraData` carries the validators' seals and is left out of the seal hash;
FISCO's block hash is not keccak(RLP(header)), so bundles with headers cannot be made on it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Engine:
    """How to speak to one engine."""

    name: str
    client_version: str
    """How its `web3_clientVersion` begins, in lower case."""
    log_range_blocks: int
    """Most blocks one `eth_getLogs` may span; FISCO cuts the answer silently beyond its limit."""
    batch_requests: int
    """Most requests in one JSON-RPC batch."""
    pending_transactions: int
    """Most transactions of one sender that may wait in its pool."""
    has_history: bool
    """Whether calls at a past block see that block's state."""


EMBEDDED = Engine("embedded", "shareledger/embedded", 5_000, 500, 500, has_history=False)
BESU = Engine("besu", "besu/", 1_000, 100, 4, has_history=True)
FISCO = Engine("fisco", "fisco", 10, 8, 100, has_history=False)
OTHER = Engine("other", "", 500, 50, 4, has_history=False)
"""An engine nobody has looked at: the narrowest figures that are still useful."""


def engine_of(client_version: str) -> Engine:
    """Pick the row for what an endpoint calls itself."""
    version = client_version.lower()
    return next(
        (row for row in (EMBEDDED, BESU, FISCO) if version.startswith(row.client_version)), OTHER
    )
