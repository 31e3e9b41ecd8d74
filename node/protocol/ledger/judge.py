"""Whether the ledger permitted a call: the state it was judged by, and the judgement again.

The state is taken after the block the leaf names; taken again after each block up to the anchoring
one, it must not have changed, or the time of the call within those blocks decides and nobody can
prove it: the verdict is `undetermined`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..wire.leaf import SERVED
from .enums import AuthorisationState as State
from .enums import EntryState, KeyKind, Mode
from .report import refuse
from .steps import CALLABLE

if TYPE_CHECKING:
    from ..wire.leaf import Leaf
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
    granted_to: bytes = b""
    """Application of the authorisation; empty when there is no such authorisation."""
    provider: bytes = b""
    entry: bytes = b""
    version: int = 0
    entry_state: int = 0
    revision: int = 0
    state: int = 0
    items: int = 0
    mode: int = 0
    valid_from: int = 0
    valid_until: int = 0


def take_standing(world: World, authorisation: int, key_id: bytes) -> Standing:
    """Take the state that a call is judged by, as the world stands."""
    key = world.registry.keys.get(key_id)
    one = world.authorisations.by_id.get(authorisation)
    standing = Standing(
        key_is_registered=key is not None and key.kind == KeyKind.APPLICATION and not key.revoked,
        key_from=key.valid_from if key else 0,
        key_until=key.valid_until if key else 0,
        application=key.holder if key else b"",
    )
    if one is None:
        return standing
    return replace(
        standing,
        granted_to=one.application,
        provider=one.provider,
        entry=one.entry,
        version=one.version,
        entry_state=world.catalogue.entries[one.entry].versions[one.version].state,
        revision=one.revision,
        state=one.state,
        items=one.items,
        mode=one.mode,
        valid_from=one.valid_from,
        valid_until=one.valid_until,
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


def verify_permission(leaf: Leaf, judged: Standing, provider: bytes) -> None:
    """Check that the state a call was judged by gives the outcome that its leaf says.

    Raises:
        EvidenceInvalid: served without permission, or refused on a ground that was not there.
    """
    at = leaf.at // 1000
    if not key_is_live(judged, at):
        refuse("leaf.base", "调用时应用密钥无效", "the application's key was not valid then")
    refusals = find_refusals(judged, provider, at)
    if leaf.outcome == SERVED:
        _verify_served(leaf, judged, refusals)
    elif leaf.outcome in LEDGER_CODES and leaf.outcome not in refusals:
        refuse(
            "leaf.outcome",
            f"账本状态不支持该拒绝理由 {leaf.outcome}",
            f"the ledger gave no ground for {leaf.outcome}",
        )


def _verify_served(leaf: Leaf, judged: Standing, refusals: set[str]) -> None:
    if refusals:
        code = min(refusals)
        refuse(
            "leaf.outcome", f"账本状态不允许该调用：{code}", f"the ledger did not permit it: {code}"
        )
    granted = (judged.entry, judged.version, judged.revision)
    if (leaf.entry, leaf.version, leaf.revision) != granted:
        refuse(
            "leaf.version", "目录、版本或修订号与授权不符", "not the authorisation's entry version"
        )
    if leaf.items == 0 or leaf.items & ~judged.items:
        refuse("leaf.items", "提供的数据项超出授权", "items that were not granted")
    if leaf.masked & ~leaf.items:
        refuse("leaf.masked", "脱敏项不在提供的数据项内", "masked items that were not served")
