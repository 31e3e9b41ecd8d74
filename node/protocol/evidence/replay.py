"""Replay of a bundle's events, with what the claimed call was judged by taken on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ...errors import DecisionRefused
from ..ledger.core import Ledger, Origin
from ..ledger.judge import Standing, standing_in
from ..ledger.outside import Sm2Outside
from ..ledger.report import refuse
from ..ledger.store import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evm.abi import ChainEvent
    from ..wire.trustfile import Trust


class Anchor(NamedTuple):
    """A size and root of a log in a block."""

    size: int
    root: bytes
    checkpoint_hash: bytes
    block_number: int
    timestamp: int


@dataclass(slots=True)
class Replayed:
    """The ledger at the trusted head, and the claimed call's standing at each change since."""

    records: Memory = field(default_factory=Memory)
    anchors: dict[bytes, list[Anchor]] = field(default_factory=dict)
    """By log, in chain order, sizes strictly growing."""
    decisions: int = 0
    standings: list[tuple[int, Standing]] = field(default_factory=list)
    """After the block the leaf names, and after each later one with events."""

    @property
    def judged(self) -> Standing:
        """How the call stood after the block that its leaf names."""
        return self.standings[0][1]

    def find_change(self, until: int) -> int | None:
        """Return the first block up to `until` after which the call stood differently."""
        blocks = (n for n, standing in self.standings if n <= until and standing != self.judged)
        return next(blocks, None)


def replay(
    events: Sequence[ChainEvent], trust: Trust, *, block: int, authorisation: int, key_id: bytes
) -> Replayed:
    """Apply all events, and take the standing of (authorisation, key) from `block` on.

    Raises:
        EvidenceInvalid: an event is out of sequence, not signed as it must be, or not allowed.
    """
    replayed, root = Replayed(), trust.root_key
    origin = Origin(trust.chain_id, trust.registry, (root.x, root.y))
    ledger = Ledger(replayed.records, origin, Sm2Outside())

    def take(number: int) -> None:
        standing = standing_in(replayed.records, authorisation, key_id)
        replayed.standings.append((number, standing))

    for number, group in groupby(events, key=lambda event: event.block_number):
        if number > block and not replayed.standings:
            take(block)
        for event in group:
            _apply(ledger, event, replayed)
        if replayed.standings:
            take(number)
    if not replayed.standings:
        take(block)
    return replayed


def place(event: ChainEvent) -> str:
    """Name an event's place on the chain."""
    return (
        f"block {event.block_number}, transaction {event.tx_index}, log {event.log_index} "
        f"({event.name})"
    )


def _apply(ledger: Ledger, event: ChainEvent, replayed: Replayed) -> None:
    try:
        act = ledger.apply(event)
    except DecisionRefused as err:
        refuse(
            place(event),
            f"合约规则不允许这一事件（{err.facts['name']}）",
            f"the contract cannot have emitted it: {err.message}",
        )
    replayed.decisions += act is not None
    if event.name == "Anchored":
        args = event.args
        anchor = Anchor(
            args["size"], args["root"], args["checkpointHash"], event.block_number, event.timestamp
        )
        replayed.anchors.setdefault(args["log"], []).append(anchor)
