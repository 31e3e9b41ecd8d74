"""The one way a signed decision is accepted, as in `contracts/SignedDecision.sol`.

In this order: it is meant for now and was not used before; its key is an officer's, live, and holds
a role in a department that may decide and is active; the SM2 signature holds. A refusal carries the
contract's own error with its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ...errors import DecisionRefused
from ..evm.abi import error_members
from ..evm.decision import DECISIONS, hash_decision, hash_event
from .enums import DepartmentStatus, KeyKind
from .facts import (
    DepartmentFact,
    KeyFact,
    NonceFact,
    RoleFact,
)

if TYPE_CHECKING:
    from ..evm.abi import ChainEvent
    from ..evm.decision import Domain
    from .surroundings import Outside, Store

MAX_NOTICE_SECONDS = 7 * 24 * 3600
"""A signature is good for at most seven days (`notAfter`, protocol.md section 3)."""
NO_END = 2**64 - 1
OURS = {
    "EventMissing": ("contract", "expected", "found"),
    "MemberDiffers": ("member", "expected", "found"),
    "EventUnknown": ("contract", "event"),
}
"""Refusals of an event that no contract has a word for, with the names of their values."""


@dataclass(slots=True)
class Act:
    """A decision that is being judged."""

    contract: str
    name: str
    """Of the struct."""
    message: dict[str, Any]
    """The struct's members; may hold more."""
    key: bytes
    """That is said to have signed."""
    signature: tuple[int, int]
    possession: tuple[int, int]
    """The new key's signature; zeros where the decision registers none."""
    time: int
    """Seconds of the block."""
    block: int
    seq: int
    """Of the event."""
    domain: Domain
    store: Store
    outside: Outside
    acting: bytes = bytes(32)
    """Department for which it was signed; known once it was accepted."""
    signer: KeyFact | None = None
    hash: bytes = b""
    """EIP-712 hash, once `hashed` was asked."""
    event: ChainEvent | None = None
    """That carries it; None where it is not on the chain."""
    asked: tuple[Mandate, ...] = ()
    """Who may decide it, once the rules have come so far."""

    def __getitem__(self, member: str) -> Any:  # noqa: ANN401 - members have every type
        return self.message[member]

    def hashed(self) -> bytes:
        """Return the EIP-712 hash: what was signed."""
        if not self.hash:
            kind, event = DECISIONS[self.name], self.event
            found = event and hash_event(kind, event.words, self.domain)
            if not found:
                message = {name: self.message[name] for name in kind.fields}
                found = hash_decision(kind, message, self.domain)
            self.hash = found
        return self.hash


class Mandate(NamedTuple):
    """A department that may decide, through a key that holds any of `roles` in it."""

    department: bytes
    roles: int
    """0: it may not."""
    even_inactive: bool = False


def refuse(error: str, *values: object) -> NoReturn:
    """Refuse with an error of the contracts, or one of `OURS`, and its values in order.

    Raises:
        DecisionRefused: always; `facts` hold the error's `name` and its `args` by name.
    """
    members = OURS.get(error) or error_members()[error]
    args = dict(zip(members, values, strict=True))
    shown = ", ".join(f"{name}={_show(value)}" for name, value in args.items())
    raise DecisionRefused(f"{error}({shown})", name=error, args=args)


def refuse_signature(act: Act) -> NoReturn:
    """Refuse a decision whose signature does not hold.

    Raises:
        DecisionRefused: always.
    """
    r, s = act.signature
    refuse("SignatureRefused", act.key, act.hashed(), r, s)


def accept(act: Act, *mandates: Mandate) -> int:
    """Accept a decision that any of `mandates` may take; return the first that covers its key.

    Raises:
        DecisionRefused: it is out of time, used up, or not signed by whom it must be.
    """
    act.asked = mandates
    spend(act)
    act.signer = key = live_officer(act, act.key)
    index = _mandate_of(act, mandates)
    act.acting = mandates[index].department
    if not act.outside.is_signed(act, key.qx, key.qy):
        refuse_signature(act)
    return index


def spend(act: Act) -> None:
    """Check that a decision is meant for now and use its nonce up.

    Raises:
        DecisionRefused: it is over, good for too long, or was used before.
    """
    not_after, nonce = act["notAfter"], act["nonce"]
    if act.time > not_after:
        refuse("DecisionExpired", not_after, act.time)
    latest = act.time + MAX_NOTICE_SECONDS
    if not_after > latest:
        refuse("DecisionTooLongLived", not_after, latest)
    if act.store.find(NonceFact, act.contract, act.key, nonce) is not None:
        refuse("NonceSpent", act.key, nonce)
    act.store.put(NonceFact(act.contract, act.key, nonce))


def live_officer(act: Act, key_id: bytes) -> KeyFact:
    """Return a key that may be trusted with a role now.

    Raises:
        DecisionRefused: unknown, no officer's, revoked or out of its validity.
    """
    return require_officer(act.store.find(KeyFact, key_id), key_id, act.time)


def require_officer(key: KeyFact | None, key_id: bytes, time: int) -> KeyFact:
    """The same of a key that was looked up already, at a second of chain time."""
    if key is None:
        refuse("KeyUnknown", key_id)
    if key.kind != KeyKind.OFFICER:
        refuse("KeyNotOfficer", key_id, key.kind)
    if key.revoked_at is not None:
        refuse("KeyAlreadyRevoked", key_id, key.revoked_at)
    if not key.valid_from <= time < key.valid_until:
        refuse("KeyNotValid", key_id, key.valid_from, key.valid_until, time)
    return key


def require_active(act: Act, department: bytes) -> None:
    """Check that a department takes part.

    Raises:
        DecisionRefused: it is suspended, closed or unknown.
    """
    found = act.store.find(DepartmentFact, department)
    status = found.status if found else 0
    if status != DepartmentStatus.ACTIVE:
        refuse("DepartmentNotActive", department, status)


def require_period(act: Act, valid_from: int, valid_until: int, latest: int = NO_END) -> None:
    """Check that a period is one, is not over and ends by `latest`.

    Raises:
        DecisionRefused: it is not.
    """
    if valid_from >= valid_until or not act.time < valid_until <= latest:
        refuse("PeriodInvalid", valid_from, valid_until)


def require_digest(act: Act, digest: bytes) -> None:
    """Check that a decision, or a part of it, names a document.

    Raises:
        DecisionRefused: it does not.
    """
    if not any(digest):
        refuse("DigestMissing", act.key, act["nonce"])


def _mandate_of(act: Act, mandates: tuple[Mandate, ...]) -> int:
    for index, (department, roles, even_inactive) in enumerate(mandates):
        # As a plain number: a set of flags is made anew with every &.
        if not roles or not _roles(act, department) & int(roles):
            continue
        # Not passed over for a later one: who signs for a suspended department is told so.
        if not even_inactive:
            require_active(act, department)
        return index
    for department, roles, _ in mandates:
        if roles:
            held = _roles(act, department)
            refuse("RoleMissing", department, act.key, roles, held)
    refuse("RoleMissing", bytes(32), act.key, 0, 0)


def _roles(act: Act, department: bytes) -> int:
    grant = act.store.find(RoleFact, department, act.key)
    return grant.roles if grant and grant.valid_from <= act.time < grant.valid_until else 0


def _show(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_show, value))}]"
    return value.hex() if isinstance(value, bytes) else str(value)
