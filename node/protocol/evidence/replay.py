"""Replay of a bundle's events, with what the claimed call was judged by taken on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from ..ledger.enums import EntryState, KeyKind
from ..ledger.judge import Standing
from ..ledger.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evm.abi import ChainEvent
    from ..wire.trust import Trust


@dataclass(frozen=True, slots=True)
class Replayed:
    """The world at the trusted head, and the claimed call's standing at each change since."""

    world: World
    judged: Standing
    """As it stood after the block that the leaf names."""
    later: tuple[tuple[int, Standing], ...]
    """(block, standing after it) for later blocks with events of the contracts."""

    def find_change(self, until: int) -> int | None:
        """Return the first block up to `until` after which the call stood differently."""
        blocks = (n for n, standing in self.later if n <= until and standing != self.judged)
        return next(blocks, None)


def replay(
    events: Sequence[ChainEvent], trust: Trust, *, block: int, authorisation: int, key_id: bytes
) -> Replayed:
    """Apply all events, and take the standing of (authorisation, key) from `block` on.

    Raises:
        EvidenceInvalid: an event is out of sequence, not signed as it must be, or not allowed.
    """
    world = World(trust)
    taken: list[tuple[int, Standing]] = []
    for number, group in groupby(events, key=lambda event: event.block_number):
        if number > block and not taken:
            taken.append((block, take_standing(world, authorisation, key_id)))
        for event in group:
            world.apply(event)
        if taken:
            taken.append((number, take_standing(world, authorisation, key_id)))
    if not taken:
        taken.append((block, take_standing(world, authorisation, key_id)))
    return Replayed(world, taken[0][1], tuple(taken[1:]))


def take_standing(world: World, authorisation: int, key_id: bytes) -> Standing:
    """Take the state that a call is judged by, as the world stands."""
    key = world.registry.keys.get(key_id)
    one = world.authorisations.by_id.get(authorisation)
    standing = Standing(
        key=key_id,
        key_is_registered=key is not None,
        key_kind=key.kind if key else 0,
        key_from=key.valid_from if key else 0,
        key_until=key.valid_until if key else 0,
        key_revoked=key is not None and key.revoked,
        application=key.holder if key and key.kind == KeyKind.APPLICATION else b"",
    )
    if one is None:
        return standing
    return replace(
        standing,
        granted_to=one.application,
        provider=one.provider,
        consumer=one.consumer,
        provider_status=1,
        consumer_status=1,
        entry=one.entry,
        version=one.version,
        entry_frozen=world.catalogue.entries[one.entry].versions[one.version].state
        == EntryState.FROZEN,
        revision=one.revision,
        state=one.state,
        items=one.items,
        purpose=one.purpose,
        mode=one.mode,
        valid_from=one.valid_from,
        valid_until=one.valid_until,
    )
