"""A decision signed somewhere else: judged, its papers stored, relayed, and its block waited for.

Nothing is kept between preparing and submitting: what comes is the whole decision, and it is judged
as a stranger's. The same signed decision again gives the same answer, whatever became of the first
time: the outbox knows it by its hash.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import DecisionRefused, SignatureInvalid
from ..protocol import forms as documents
from ..protocol.ledger.core import Signed
from .act import Act
from .repeats import send_once, take_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..protocol.ledger.core import Weighed
    from .desk import Decided, Desk, SignedAct
    from .repeats import Repeats

FOLLOW_SECONDS = 5.0
"""How long the read model may take to have a block that is mined."""
POLL_SECONDS = 0.02
_OF_A_SIGNATURE = frozenset({"SignatureRefused", "PossessionRefused"})


class Rules(Protocol):
    """What the contracts would say; `ledger_sync.weighing` implements it."""

    def weigh(self, call: Signed, *, signed: bool = False) -> Weighed: ...


class Following(Protocol):
    """What is asked of the read model."""

    def find_next_block(self) -> int | None:
        """Return the first block it has not; None where there is no read model."""
        ...

    def find_spent(self, contract: str, key: bytes, nonce: int) -> bytes | None:
        """Return the hash of the decision on the chain with this nonce of this key."""
        ...


@dataclass(frozen=True, slots=True)
class Submitted:
    """What is handed in: a decision and the signatures of it."""

    kind: str
    documents: tuple[bytes, ...]
    message: Mapping[str, Any]
    key: bytes
    """Id of the key that signed."""
    signature: bytes
    """r‖s, 64 bytes."""
    possession: bytes | None = None
    """The new key's, where one is registered."""
    again: bool = False
    """Take it even if the same was decided before."""
    context: bytes = b""
    """As it was prepared."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of it."""

    decided: Decided
    finished: bool
    """It was enqueued before, and has now been brought to its end."""
    followed: bool
    """This node's read model has its block."""


class Submitter:
    """Takes signed decisions to the chain."""

    def __init__(self, desk: Desk, repeats: Repeats, rules: Rules, following: Following) -> None:
        """Send through `desk`; `rules` judge first, `following` tells when it is there to read."""
        self._desk, self._repeats = desk, repeats
        self._rules, self._following = rules, following

    def submit(self, given: Submitted) -> Answered:
        """Take a signed decision to its end.

        Raises:
            InvalidInput, MalformedDocument: the parts do not fit each other.
            SignatureInvalid: a signature is not that of its key over this decision.
            AlreadyExists: the same was decided before, in another decision.
            DecisionRefused: the contract would refuse it, or has.
            PeerUnavailable, ChainUnavailable, Conflict: as `repeats.send_once`.
        """
        signed = self._desk.assemble(
            given.kind,
            given.message,
            given.documents,
            (given.key, given.signature),
            given.possession,
        )
        for paper in signed.documents:
            documents.parse(paper)
        # Known already: neither its papers nor the rules, which have moved on with it, are asked.
        known = self._desk.finish(given.kind, signed.hash)
        if known is not None:
            return self._answer(known, finished=True)
        act = Act(given.kind, dict(given.message), list(given.documents))
        try:
            self._judge(given, signed)
        except DecisionRefused:
            # What is there already is refused for being there: it is told as what it is.
            taken = None if given.again else take_up(self._desk, self._repeats, act, given.context)
            if taken is None:
                raise
            return self._answer(taken, finished=True)
        decided, finished = send_once(
            self._desk,
            self._repeats,
            act,
            lambda: signed,
            again=given.again,
            context=given.context,
        )
        return self._answer(decided, finished=finished)

    def _judge(self, given: Submitted, signed: SignedAct) -> None:
        """Refuse what the contract would, before a paper is stored or sent anywhere."""
        contract, nonce = signed.kind.contract, signed.message["nonce"]
        if self._following.find_spent(contract, given.key, nonce) == signed.hash:
            # By this very decision, whoever carried it: `Desk.send` finds where. Any other with a
            # nonce that is spent is judged: keys and nonces are public, and whoever names a pair
            # must leave no paper here, nor anywhere.
            return
        call = Signed(
            given.kind,
            signed.message,
            given.key,
            _halves(given.signature),
            (0, 0) if given.possession is None else _halves(given.possession),
            self._desk.domain_of(given.kind).contract,
        )
        refusal = self._rules.weigh(call, signed=True).refusal
        if refusal is None:
            return
        if refusal.facts.get("name") in _OF_A_SIGNATURE:
            raise SignatureInvalid(
                "签名不成立：不是这把密钥对这份决定的签名 / is not that key's of this decision",
                key=given.key.hex(),
                decision=signed.hash.hex(),
            ) from refusal
        raise refusal

    def _answer(self, decided: Decided, *, finished: bool) -> Answered:
        return Answered(decided, finished, await_block(self._following, decided.block))


def await_block(following: Following, block: int, timeout_seconds: float | None = None) -> bool:
    """Wait until the read model has a block, so that who asks next sees the decision.

    False where it has not come so far in time, or there is no read model to wait for.
    """
    waits = FOLLOW_SECONDS if timeout_seconds is None else timeout_seconds
    deadline = time.monotonic() + waits
    while True:
        reached = following.find_next_block()
        if reached is None:
            return False
        if reached > block:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)


def _halves(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
