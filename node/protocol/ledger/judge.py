"""Whether the ledger permits a call: the facts it is judged by, and the judgement.

One judge for the node that serves, the verifier that reads a bundle and the trace. A call is judged
at one second, which stands in its leaf as `judged`; the facts are those after the block the leaf
names. If they came to stand differently up to the block that anchors the leaf, nobody can prove
which was first: the verdict is `undetermined`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..wire.leaf import SERVED
from .enums import (
    DepartmentStatus,
    KeyKind,
    Mode,
    Permit,
)
from .facts import (
    AuthorisationFact,
    CatalogueFact,
    DepartmentFact,
    KeyFact,
    VersionFact,
    entry_at,
)
from .report import refuse
from .steps import permit_in

if TYPE_CHECKING:
    from ..wire.leaf import Leaf
    from .facts import EntryFact, Snapshot
    from .surroundings import Store

_CODES = {
    Permit.UNKNOWN: "authorisation-unknown",
    Permit.DEPARTMENT_SUSPENDED: "department-suspended",
    Permit.ENTRY_FROZEN: "entry-frozen",
    Permit.NOT_AGREED: "authorisation-not-agreed",
    Permit.SUSPENDED: "authorisation-suspended",
    Permit.TERMINATED: "authorisation-terminated",
    Permit.NOT_STARTED: "authorisation-not-started",
    Permit.EXPIRED: "authorisation-expired",
}
_MODE_CODE = "mode-not-granted"
LEDGER_CODES = frozenset({*_CODES.values(), _MODE_CODE})
"""Refusals that follow from the ledger alone, so that their ground can be checked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a call by one key under one authorisation is judged by; empty where there is none."""

    key: bytes = b""
    key_is_registered: bool = False
    key_kind: int = 0
    key_from: int = 0
    key_until: int = 0
    key_revoked: bool = False
    application: bytes = b""
    """Holder of the key."""
    granted_to: bytes = b""
    """Application of the authorisation."""
    provider: bytes = b""
    consumer: bytes = b""
    provider_status: int = 0
    consumer_status: int = 0
    entry: bytes = b""
    version: int = 0
    entry_frozen: bool = False
    revision: int = 0
    state: int = 0
    """0: no such authorisation."""
    items: int = 0
    purpose: bytes = b""
    mode: int = 0
    valid_from: int = 0
    valid_until: int = 0


def standing_of(snapshot: Snapshot) -> Standing:
    """Return what a call is judged by, as a snapshot has it."""
    return stand(
        snapshot.key, snapshot.authorisation, snapshot.entry, snapshot.provider, snapshot.consumer
    )


def stand(
    key: KeyFact | None,
    one: AuthorisationFact | None,
    entry: EntryFact | None,
    provider: DepartmentFact | None,
    consumer: DepartmentFact | None,
) -> Standing:
    """Return what a call is judged by, from the facts it is about."""
    return Standing(
        key=key.key if key else b"",
        key_is_registered=key is not None,
        key_kind=key.kind if key else 0,
        key_from=key.valid_from if key else 0,
        key_until=key.valid_until if key else 0,
        key_revoked=key is not None and key.revoked_at is not None,
        application=key.holder if key else b"",
        granted_to=one.application if one else b"",
        provider=one.provider if one else b"",
        consumer=one.consumer if one else b"",
        provider_status=provider.status if provider else 0,
        consumer_status=consumer.status if consumer else 0,
        entry=one.entry if one else b"",
        version=one.version if one else 0,
        entry_frozen=entry is not None and entry.frozen,
        revision=one.revision if one else 0,
        state=one.state if one else 0,
        items=one.items if one else 0,
        purpose=one.purpose if one else b"",
        mode=one.mode if one else 0,
        valid_from=one.valid_from if one else 0,
        valid_until=one.valid_until if one else 0,
    )


def standing_in(store: Store, authorisation: int, key: bytes) -> Standing:
    """Return what a call by `key` under an authorisation is judged by, as a store has it."""
    one = store.find(AuthorisationFact, authorisation)
    if one is None:
        return stand(store.find(KeyFact, key), None, None, None, None)
    entry = store.find(CatalogueFact, one.entry)
    version = store.find(VersionFact, one.entry, one.version)
    return stand(
        store.find(KeyFact, key),
        one,
        entry_at(entry, version) if entry and version else None,
        store.find(DepartmentFact, one.provider),
        store.find(DepartmentFact, one.consumer),
    )


def key_is_live(standing: Standing, at: int) -> bool:
    """Say whether the caller's key may sign calls at second `at`."""
    return (
        standing.key_is_registered
        and standing.key_kind == KeyKind.APPLICATION
        and not standing.key_revoked
        and standing.key_from <= at < standing.key_until
    )


def find_refusals(standing: Standing, provider: bytes, judged: int) -> list[str]:
    """Return every code that the ledger alone gives a call to `provider` judged at second `judged`.

    In the order of protocol.md section 4.5: a node answers the first.
    """
    if not _is_own(standing) or standing.provider != provider:
        return [_CODES[Permit.UNKNOWN]]
    codes = [_CODES[reason] for reason in _reasons(standing, judged)]
    return codes if standing.mode == Mode.QUERY else [*codes, _MODE_CODE]


def find_refusal(standing: Standing, provider: bytes, judged: int) -> str | None:
    """Return the first of `find_refusals`; None where the ledger permits the call."""
    return next(iter(find_refusals(standing, provider, judged)), None)


def permits(
    standing: Standing, application_key: bytes, items: int, purpose: bytes, at: int
) -> Permit:
    """Return what `ShareAuthorisations.permits` answers in a block of second `at`."""
    if application_key != standing.key or not key_is_live(standing, at) or not _is_own(standing):
        return Permit.UNKNOWN
    if reasons := _reasons(standing, at):
        return reasons[0]
    if purpose != standing.purpose:
        return Permit.PURPOSE_NOT_GRANTED
    if items == 0 or items & ~standing.items:
        return Permit.ITEM_NOT_GRANTED
    return Permit.PERMITTED


def verify_permission(leaf: Leaf, standing: Standing, provider: bytes) -> None:
    """Check that what a call was judged by gives, at its second, the outcome that its leaf says.

    Raises:
        EvidenceInvalid: served without permission, or refused on a ground that was not there.
    """
    if not key_is_live(standing, leaf.judged):
        refuse("leaf.base", "调用时应用密钥无效", "the application's key was not valid then")
    refusals = find_refusals(standing, provider, leaf.judged)
    if leaf.outcome == SERVED:
        _verify_served(leaf, standing, refusals)
    elif leaf.outcome in LEDGER_CODES and leaf.outcome not in refusals[:1]:
        refuse(
            "leaf.outcome",
            f"账本状态不支持该拒绝理由 {leaf.outcome}",
            f"the ledger gave no ground for {leaf.outcome}",
        )


def _verify_served(leaf: Leaf, standing: Standing, refusals: list[str]) -> None:
    if refusals:
        code = refusals[0]
        refuse(
            "leaf.outcome", f"账本状态不允许该调用：{code}", f"the ledger did not permit it: {code}"
        )
    granted = (standing.entry, standing.version, standing.revision)
    if (leaf.entry, leaf.version, leaf.revision) != granted:
        refuse(
            "leaf.version", "目录、版本或修订号与授权不符", "not the authorisation's entry version"
        )
    if leaf.items == 0 or leaf.items & ~standing.items:
        refuse("leaf.items", "提供的数据项超出授权", "items that were not granted")
    if leaf.masked & ~leaf.items:
        refuse("leaf.masked", "脱敏项不在提供的数据项内", "masked items that were not served")


def _is_own(standing: Standing) -> bool:
    """Say whether the authorisation exists and is of the application whose key it is."""
    return (
        standing.state != 0
        and standing.key_kind == KeyKind.APPLICATION
        and standing.application == standing.granted_to
    )


def _reasons(standing: Standing, at: int) -> list[Permit]:
    """List what stands in the way at second `at`, in the contract's order."""
    reasons = []
    if (standing.provider_status, standing.consumer_status) != (
        DepartmentStatus.ACTIVE,
        DepartmentStatus.ACTIVE,
    ):
        reasons.append(Permit.DEPARTMENT_SUSPENDED)
    if standing.entry_frozen:
        reasons.append(Permit.ENTRY_FROZEN)
    if (reason := permit_in(standing.state)) is not Permit.PERMITTED:
        reasons.append(reason)
    if at < standing.valid_from:
        reasons.append(Permit.NOT_STARTED)
    if at >= standing.valid_until:
        reasons.append(Permit.EXPIRED)
    return reasons
