"""The ledger's state, replayed decision by decision from the events of its contracts.

Nothing is believed for being in an event: who signed, with which role, within which validity, in
which order and to what effect is derived again from the root key of the trust file onwards.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..evm import decision
from .anchors import Anchors
from .authorisations import Authorisations
from .catalogue import Catalogue
from .registry import Registry, place, require
from .report import checking

if TYPE_CHECKING:
    from ..evm.abi import ChainEvent
    from ..wire.trust import Trust

MAX_NOTICE_SECONDS = 7 * 24 * 3600
"""A signature is good for at most seven days (`notAfter`, protocol.md section 3)."""


def check_time(event: ChainEvent) -> None:
    """Check that a decision was mined within the time its signature allows.

    Raises:
        EvidenceInvalid: it was not.
    """
    require(
        event.timestamp <= event.args["notAfter"] <= event.timestamp + MAX_NOTICE_SECONDS,
        event,
        "决定的签名已过期或有效期过长",
        "mined outside the time its signature allows",
    )


class World:
    """Every contract's state after the events applied so far."""

    def __init__(self, trust: Trust) -> None:
        """Start before the first block."""
        self.chain_id = trust.chain_id
        self.registry = Registry(trust.root_key)
        self.catalogue = Catalogue(self.registry)
        self.authorisations = Authorisations(self.registry, self.catalogue)
        self.anchors = Anchors(self.registry, trust.chain_id, trust.registry)
        self.decisions = 0
        self._last_seq: dict[bytes, int] = defaultdict(int)
        self._nonces: set[tuple[bytes, bytes, int]] = set()

    def apply(self, event: ChainEvent) -> None:
        """Check the next event of the chain and apply it.

        Raises:
            EvidenceInvalid: an event before it is missing, its signature does not hold, or the
                rules do not allow it.
        """
        require(
            event.seq == self._last_seq[event.address] + 1,
            event,
            "合约事件序号不连续",
            f"event {event.seq} of the contract follows {self._last_seq[event.address]}",
        )
        self._last_seq[event.address] = event.seq
        if event.name != "Anchored":
            self._check_decision(event)
        {
            "DepartmentRegistry": self.registry.apply,
            "CatalogueRegistry": self.catalogue.apply,
            "ShareAuthorisations": self.authorisations.apply,
            "AccessAnchors": self.anchors.apply,
        }[event.contract](event)

    def _check_decision(self, event: ChainEvent) -> None:
        args = event.args
        used = (event.address, args["signingKey"], args["nonce"])
        require(used not in self._nonces, event, "决定被重放", "a nonce was used twice")
        self._nonces.add(used)
        check_time(event)
        public_key = self.registry.signer(event)
        with checking(place(event), "决定的签名不成立", "the decision's signature does not hold"):
            decision.reverify(event, decision.Domain(self.chain_id, event.address), public_key)
        self.decisions += 1
