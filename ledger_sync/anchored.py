"""Runs of anchors, which most events of a chain are: read, judged and kept together.

Each is held to the same rule as an anchor by itself (`node.protocol.ledger.anchors`). What is wrong
with one is not said here: the run is left as it was, and whoever applies its events one by one says
which it is.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from node.errors import DecisionRefused
from node.protocol.evm.abi import event_types

from .tables import ANCHOR

if TYPE_CHECKING:
    from node.chain.gateway import RawLog
    from node.protocol.ledger.core import Ledger

    from .rows import Rows

ANCHORS = "AccessAnchors"
ANCHORED = next(each for each in event_types(ANCHORS).values() if each.name == "Anchored")
_WORDS = attrgetter("words")
_PLACE = attrgetter("block_number", "log_index", "tx_hash")


def apply_run(ledger: Ledger, rows: Rows, logs: list[RawLog]) -> bool:
    """Apply logs of the event `Anchored` that follow each other; False if one is not as it must be.

    Nothing was kept then.
    """
    values = ANCHORED.decode_all([*map(_WORDS, logs)])
    if values is None:
        return False
    log, size, root, checkpoint_hash, old_size, seq = zip(*values, strict=True)
    try:
        ledger.apply_anchors(seq, zip(log, old_size, size, root, strict=True))
    except DecisionRefused:
        return False
    place = zip(*map(_PLACE, logs), strict=True)
    rows.add_all(ANCHOR, zip(log, size, old_size, root, checkpoint_hash, seq, *place, strict=True))
    return True
