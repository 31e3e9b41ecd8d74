"""A log on its way to the chain: published, then anchored.

`publisher`: at most one checkpoint a second is remembered as shown; at start, head >= published >=
chain must hold. `anchorer`: published sizes go on chain. `keeper`: the loop that runs them.
`succession`: which of a department's logs takes calls, and from when on.
"""

from __future__ import annotations

from .anchorer import Anchorer, ChainHead, read_chain_head
from .keeper import Keeper
from .publisher import Publisher, check_logs
from .succession import PresentLog

__all__ = [
    "Anchorer",
    "ChainHead",
    "Keeper",
    "PresentLog",
    "Publisher",
    "check_logs",
    "read_chain_head",
]
