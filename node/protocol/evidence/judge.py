"""Whether the ledger permitted a call: the state it was judged by, and the judgement again.

The state is taken after the block the leaf names; taken again after each block up to the anchoring
one, it must not have changed, or the time of the call within those blocks decides and nobody can
prove it: the verdict is `undetermined`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..enums import AuthorisationState as State
from ..enums import EntryState, KeyKind, Mode
from .steps import CALLABLE

if TYPE_CHECKING:
    from .world import World

_STATE_CODES: dict[int, str] = {
    State.SUSPENDED: "authorisation-suspended",
    State.RECTIFIED: "authorisation-suspended",
    State.TERMINATED: "authorisation-terminated",
    State.DISPOSED: "authorisation-terminated",
    State.CLOSED: "authorisation-terminated",
}
_TIME_CODES = frozenset({"authorisation-not-started", "authorisation-expired"})
LEDGER_CODES = (
    frozenset(_STATE_CODES.values())
    | _TIME_CODES
    | {"authorisation-unknown", "authorisation-not-agreed", "mode-not-granted", "entry-frozen"}
)
"""Refusals that follow from the ledger alone, so that their ground can be checked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a call under one authorisation by one key is judged by."""

    key_is_registered: bool
    """As an application's key, not revoked."""
    key_from: int
    key_until: int
    application: bytes
    """Holder of the key."""
    granted_to: bytes
    """Application of the authorisation; empty when there is no such authorisation."""
    provider: bytes
    entry: bytes
    version: int
    entry_state: int
    revision: int
    state: int
    items: int
    mode: int
    valid_from: int
    valid_until: int


def take_standing(world: World, authorisation: int, key_id: bytes) -> Standing:
    """Take the state that a call is judged by, as the world stands."""
    key = world.registry.keys.get(key_id)
    one = world.authorisations.by_id.get(authorisation)
    entry = world.catalogue.entries.get(one.entry) if one else None
    return Standing(
        key_is_registered=key is not None and key.kind == KeyKind.APPLICATION and not key.revoked,
        key_from=key.valid_from if key else 0,
        key_until=key.valid_until if key else 0,
        application=key.holder if key else b"",
        granted_to=one.application if one else b"",
        provider=one.provider if one else b"",
        entry=one.entry if one else b"",
        version=one.version if one else 0,
        entry_state=entry.versions[one.version - 1].state if one and entry else 0,
        revision=one.revision if one else 0,
        state=one.state if one else 0,
        items=one.items if one else 0,
        mode=one.mode if one else 0,
        valid_from=one.valid_from if one else 0,
        valid_until=one.valid_until if one else 0,
    )


def key_is_live(standing: Standing, at: int) -> bool:
    """Say whether the caller's key may sign at second `at`."""
    return standing.key_is_registered and standing.key_from <= at < standing.key_until


def find_refusals(standing: Standing, provider: bytes, at: int) -> set[str]:
    """Return every refusal the ledger's state gives for a call to `provider` at second `at`."""
    if standing.application != standing.granted_to or standing.provider != provider:
        return {"authorisation-unknown"}
    codes = set()
    if standing.state not in CALLABLE:
        codes.add(_STATE_CODES.get(standing.state, "authorisation-not-agreed"))
    if at < standing.valid_from:
        codes.add("authorisation-not-started")
    if at >= standing.valid_until:
        codes.add("authorisation-expired")
    if standing.mode != Mode.QUERY:
        codes.add("mode-not-granted")
    if standing.entry_state == EntryState.FROZEN:
        codes.add("entry-frozen")
    return codes
