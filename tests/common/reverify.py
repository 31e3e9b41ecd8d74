"""A decision's event verified again from its own values, by the code that signs and encodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.crypto import Sm2PublicKey, verify_decision
from node.errors import (
    InvalidInput,
    MalformedEvent,
    MalformedKey,
    SignatureInvalid,
)
from node.protocol.evm.decision import (
    DecisionType,
    Domain,
    from_event,
    hash_decision,
)

if TYPE_CHECKING:
    from node.protocol.evm.abi import ChainEvent

_POSSESSED = (("qx", "qy"), ("headX", "headY"))


def reverify(
    event: ChainEvent,
    domain: Domain,
    public_key: Sm2PublicKey,
    possession_key: Sm2PublicKey | None = None,
) -> bytes:
    """Check an event's SM2 signatures again, as its contract did; return the decision's hash.

    `possession_key` defaults to the new key the decision itself names.

    Raises:
        SignatureInvalid: a signature does not hold, or another key than `public_key` is named.
        MalformedEvent: the event carries no decision.
    """
    kind, message = from_event(event.name, event.args)
    try:
        digest = hash_decision(kind, message, domain)
        signature = _join(event.args["r"], event.args["s"])
        named = event.args["signingKey"]
        proof = (
            _join(event.args["possessionR"], event.args["possessionS"]) if kind.possession else None
        )
    except (KeyError, InvalidInput, OverflowError, AttributeError, TypeError) as error:
        raise MalformedEvent(f"{event.name}: {error}") from error
    if named != public_key.key_id:
        raise SignatureInvalid(f"{event.name} is signed by the key {named.hex()}")
    verify_decision(public_key, digest, signature)
    if proof is not None:
        verify_decision(possession_key or possessed_key(kind, message), digest, proof)
    return digest


def possessed_key(kind: DecisionType, message: dict[str, Any]) -> Sm2PublicKey:
    """Return the new key a decision registers.

    Raises:
        SignatureInvalid: it registers none, or what it names is no point on the curve.
    """
    for x, y in _POSSESSED:
        if x in message and y in message:
            try:
                return Sm2PublicKey.from_coordinates(message[x], message[y])
            except MalformedKey as error:
                raise SignatureInvalid(f"{kind.name} names a key off the curve") from error
    raise SignatureInvalid(f"{kind.name} registers no key")


def _join(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
