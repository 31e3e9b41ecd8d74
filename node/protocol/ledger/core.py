"""The ledger: decisions and events judged by the contracts' rules, once, over any store.

`decide` is what a contract does with a call; `apply` is what follows from an event, if the contract
would have accepted its decision there and then. Nothing is believed for being in an event: who
signed, with which role, in which order and to what effect is derived again from the root key on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import DecisionRefused
from ..evm.decision import DECISIONS, Domain
from . import (
    anchors,
    authorisations,
    catalogue,
    registry,
)
from .facts import SequenceFact
from .signed import Act, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..evm.abi import ChainEvent
    from .signed import Mandate
    from .surroundings import Outside, Store

    Handler = Callable[[Act], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a ledger begins: the chain, its registry, the key that signs the first enrolment."""

    chain_id: int
    registry: bytes
    root_key: tuple[int, int]
    """Its point."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A call of a contract: a decision as it is sent."""

    name: str
    """Of the struct."""
    message: dict[str, Any]
    key: bytes
    signature: tuple[int, int] = (0, 0)
    possession: tuple[int, int] = (0, 0)
    address: bytes = bytes(20)
    """Of the contract it is sent to: part of what is signed."""


class Weighed(NamedTuple):
    """What a contract would say to a decision."""

    asked: tuple[Mandate, ...]
    """Who may take it; empty where it is refused before that is asked."""
    derived: dict[str, Any]
    """Members of its event that the contract would derive."""
    refusal: DecisionRefused | None


class Ledger:
    """The rules over one store."""

    def __init__(self, store: Store, origin: Origin, outside: Outside) -> None:
        """Judge over `store`; `outside` answers for the curve."""
        self.store = store
        self._outside = outside
        self._chain_id = origin.chain_id
        chain = (origin.chain_id, origin.registry)
        self.handlers: dict[str, Handler] = {
            **_HANDLERS,
            "EnrolDepartment": partial(registry.enrol, root=origin.root_key),
            "RegisterLog": partial(anchors.register_log, chain=chain),
            "SupersedeLog": partial(anchors.supersede_log, chain=chain),
        }

    def decide(self, call: Signed, *, time: int, block: int = 0) -> tuple[Act, dict[str, Any]]:
        """Do what the contract does with a decision in a block of second `time`.

        Returns the decision as judged, and the members that the contract derives for its event.
        What was written before a refusal stays: work on a `store.Draft`.

        Raises:
            DecisionRefused: the contract refuses it; `facts` hold its error's `name` and `args`.
        """
        act = self._act(call, time, block)
        return act, self._judge(act)

    def weigh(self, call: Signed, *, time: int, block: int = 0) -> Weighed:
        """Say what the contract would do with a decision, and who may take it; as `decide`."""
        act = self._act(call, time, block)
        try:
            derived = self._judge(act)
        except DecisionRefused as error:
            return Weighed(act.asked, {}, error)
        return Weighed(act.asked, derived, None)

    def _act(self, call: Signed, time: int, block: int) -> Act:
        contract = DECISIONS[call.name].contract
        return Act(
            contract,
            call.name,
            call.message,
            call.key,
            call.signature,
            call.possession,
            time,
            block,
            self._next(contract),
            Domain(self._chain_id, call.address),
            self.store,
            self._outside,
        )

    def apply(self, event: ChainEvent) -> Act | None:
        """Check the next event of the chain and keep what follows; None when it is no decision.

        Raises:
            DecisionRefused: the contract cannot have emitted it: an event before it is missing,
                its decision is refused, or something else follows from it. The error is the
                contract's, or EventMissing, MemberDiffers, EventUnknown.
        """
        expected = self._next(event.contract)
        if event.seq != expected:
            refuse("EventMissing", event.contract, expected, event.seq)
        args = event.args
        kind = _BY_EVENT.get(event.name)
        if kind is None:
            self._observe(event)
            self.store.put(SequenceFact(event.contract, event.seq))
            return None
        act = Act(
            event.contract,
            kind.name,
            args,
            args["signingKey"],
            (args["r"], args["s"]),
            (args.get("possessionR", 0), args.get("possessionS", 0)),
            event.timestamp,
            event.block_number,
            event.seq,
            Domain(self._chain_id, event.address),
            self.store,
            self._outside,
            event=event,
        )
        for member, value in self._judge(act).items():
            if args[member] != value:
                refuse("MemberDiffers", member, value, args[member])
        return act

    def apply_anchors(
        self, seqs: Sequence[int], anchored: Iterable[tuple[bytes, int, int, bytes]]
    ) -> None:
        """Check the chain's next events, all of them anchors, as `apply` does one by one.

        Raises:
            DecisionRefused: one cannot have been emitted; nothing is kept of any then.
        """
        contract = "AccessAnchors"
        expected = self._next(contract)
        for seq in seqs:
            if seq != expected:
                refuse("EventMissing", contract, expected, seq)
            expected += 1
        anchors.anchor_all(self.store, anchored)
        self.store.put(SequenceFact(contract, expected - 1))

    def _judge(self, act: Act) -> dict[str, Any]:
        derived = self.handlers[act.name](act)
        self.store.put(SequenceFact(act.contract, act.seq))
        return derived

    def _observe(self, event: ChainEvent) -> None:
        if event.name == "Anchored":
            anchors.anchor(self.store, event.args)
        elif event.name == "LogFrozen":
            anchors.freeze(self.store, self._outside, event.args)
        else:
            refuse("EventUnknown", event.contract, event.name)

    def _next(self, contract: str) -> int:
        last = self.store.find(SequenceFact, contract)
        return last.seq + 1 if last else 1


_HANDLERS: dict[str, Handler] = {
    "UpdateDepartment": registry.update,
    "SetDepartmentStatus": registry.set_status,
    "AddKey": registry.add_key,
    "RecoverKey": registry.recover_key,
    "RevokeKey": registry.revoke_key,
    "GrantRoles": registry.grant_roles,
    "RegisterApplication": registry.register_application,
    "ListContract": registry.list_contract,
    "SubmitVersions": catalogue.submit_versions,
    "ReviewVersions": catalogue.review_versions,
    "SetStandingReply": catalogue.set_standing_reply,
    "SubmitWithdrawal": catalogue.submit_withdrawal,
    "ReviewWithdrawal": catalogue.review_withdrawal,
    "FreezeEntry": catalogue.freeze,
    "UnfreezeEntry": catalogue.unfreeze,
    "ApplyFor": authorisations.apply_for,
    "Reply": authorisations.reply,
    "Step": authorisations.advance,
    "Change": authorisations.change,
}
"""What judges each kind of decision; the other three need to know where the ledger begins."""
_BY_EVENT = {kind.event: kind for kind in DECISIONS.values()}
