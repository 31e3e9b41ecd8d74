"""A log on its way to the chain: published, then anchored.

`ports`: what this package needs of a log, a chain and an outbox. `publisher`: at most one
checkpoint a second is remembered as shown. `published`: logs as others are shown them. `anchorer`:
published sizes go on chain. `startup`: head >= published >= chain, or the disk was rolled back.
`keeper`: the loop that runs them.
"""

from __future__ import annotations

from .anchorer import Anchorer, ChainHead, read_chain_head
from .keeper import Keeper, KeeperStatus
from .published import PublishedLogs
from .publisher import Publisher
from .startup import check_logs

__all__ = [
    "Anchorer",
    "ChainHead",
    "Keeper",
    "KeeperStatus",
    "PublishedLogs",
    "Publisher",
    "check_logs",
    "read_chain_head",
]
