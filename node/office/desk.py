"""Where a decision is signed and sent: the one way for all kinds (design.md section 6).

Order: sign; store the papers here and with one other entitled node; try the decision out; commit
the transaction to the outbox; wait until it is mined. Dying anywhere leaves at worst papers that
no decision binds. A decision sent again is the same decision: its hash is the outbox's key.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..chain.outbox import NONCE_SPENT, find_carried
from ..crypto import sign_decision
from ..errors import ChainUnavailable, DecisionRefused, InvalidInput, LedgerError
from ..protocol import forms as documents
from ..protocol.evm import abi
from ..protocol.evm.decision import (
    DECISIONS,
    Domain,
    calldata,
    from_event,
    hash_decision,
)
from ..protocol.wire.prepared import declared_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..chain.deployment import Deployment
    from ..chain.gateway import Gateway, TxReceipt
    from ..chain.outbox import Outbox
    from ..crypto import Signer
    from ..documents.store import DocumentStore
    from ..protocol.evm.decision import DecisionType
    from ..protocol.forms import Document

LIFE_SECONDS = 24 * 60 * 60
"""How long a signature stays usable; the contracts allow seven days."""
NONCE_BITS = 64
GAS = 2_000_000
GAS_PER_BYTE = 1_000
"""Of calldata: each version or application of a batch costs its own verification of fields."""
GAS_LIMIT = 100_000_000


@dataclass(frozen=True, slots=True)
class SignedAct:
    """A decision as it goes to its contract; may be sent any number of times."""

    kind: DecisionType
    message: dict[str, Any]
    hash: bytes
    """EIP-712 hash: what was signed, and the decision's id."""
    data: bytes
    """Calldata."""
    documents: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that is on the chain."""

    kind: str
    hash: bytes
    transaction: bytes
    block: int
    gas_used: int
    event: Mapping[str, Any]
    """The event's arguments: the message, then what the contract derived."""


class Desk:
    """Takes decisions to one deployment of the contracts."""

    def __init__(
        self,
        deployment: Deployment,
        gateway: Gateway,
        outbox: Outbox,
        store: DocumentStore,
        store_elsewhere: Callable[[Sequence[Document]], object],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Relay through `outbox`; `store_elsewhere` leaves documents with other nodes.

        `clock` gives seconds and must agree with the chain's within `notAfter`.
        """
        self._deployment = deployment
        self._gateway = gateway
        self._outbox = outbox
        self._store = store
        self._store_elsewhere = store_elsewhere
        self._clock = clock

    def decide(
        self,
        kind: str,
        message: Mapping[str, Any],
        papers: Sequence[bytes],
        signer: Signer,
        possession: Signer | bytes | None = None,
    ) -> Decided:
        """`sign`, then `send`: `desk.decide(*act, signer)`."""
        return self.send(self.sign(kind, message, papers, signer, possession))

    def sign(
        self,
        kind: str,
        message: Mapping[str, Any],
        papers: Sequence[bytes],
        signer: Signer,
        possession: Signer | bytes | None = None,
    ) -> SignedAct:
        """Sign one decision without sending it.

        `possession` is the new key of an enrolment or of an added key, or its signature, r‖s, where
        the message has its nonce and notAfter already (`possession`).

        Raises:
            InvalidInput: message, papers and possession do not fit the kind of decision.
        """
        declared = declared_kind(kind)
        complete = {
            "nonce": secrets.randbits(NONCE_BITS),
            "notAfter": int(self._clock()) + LIFE_SECONDS,
            **message,
        }
        _check_bound(complete, papers)
        digest = hash_decision(declared, complete, self.domain_of(kind))
        proof = possession
        if proof is not None and not isinstance(proof, bytes):
            proof = sign_decision(proof, digest)
        data = calldata(
            declared, complete, signer.public_key.key_id, sign_decision(signer, digest), proof
        )
        return SignedAct(declared, complete, digest, data, tuple(papers))

    def assemble(
        self,
        kind: str,
        message: Mapping[str, Any],
        papers: Sequence[bytes],
        signature: tuple[bytes, bytes],
        possession: bytes | None = None,
    ) -> SignedAct:
        """Put a decision together that was signed; nothing is verified here.

        `signature` is the id of the key that signed, and r‖s; `possession` the new key's r‖s.

        Raises:
            InvalidInput: message, papers and signatures do not fit the kind of decision.
        """
        declared = declared_kind(kind)
        complete = dict(message)
        _check_bound(complete, papers)
        digest = hash_decision(declared, complete, self.domain_of(kind))
        data = calldata(declared, complete, *signature, possession)
        return SignedAct(declared, complete, digest, data, tuple(papers))

    def domain_of(self, kind: str) -> Domain:
        """Return where decisions of a kind count."""
        return Domain(self._deployment.chain_id, self._address(DECISIONS[kind]))

    def send(self, signed: SignedAct) -> Decided:
        """Store the papers, relay a signed decision and wait until it is mined.

        Raises:
            MalformedDocument: a paper is none.
            PeerUnavailable: no other entitled node took a paper.
            DecisionRefused: the contract refuses; `facts` hold its error's name and values.
            ChainUnavailable: not mined in time; it stays in the outbox and may still be.
        """
        return self.send_all([signed])[0]

    def send_all(self, acts: Sequence[SignedAct]) -> list[Decided]:
        """Relay decisions that ask nothing of each other, in order; raises as `send`.

        All of their papers travel together, and none is waited for before all are on their way.
        One that is refused ends it: those before it are decided.
        """
        # Papers first: what is on the chain must never name one that is nowhere.
        papers = [documents.parse(data) for signed in acts for data in signed.documents]
        self._store.keep(papers)
        self._store_elsewhere(papers)
        sent: list[tuple[SignedAct, int | TxReceipt]] = []
        try:
            for signed in acts:
                sent.append((signed, self._enqueue(signed)))
                if signed is not acts[-1]:
                    self._outbox.pump()  # the chain and its followers begin with this one
        except LedgerError:
            for each in sent:
                self._settled(*each)
            raise
        return [self._settled(*each) for each in sent]

    def _enqueue(self, signed: SignedAct) -> int | TxReceipt:
        """Commit a decision to the outbox; return its row, or the receipt where it was carried."""
        address = self._address(signed.kind)
        try:
            self._gateway.call(address, signed.data)
        except DecisionRefused as error:
            if error.facts.get("name") != NONCE_SPENT:
                raise
            # This very decision may be there already, whoever carried it: that is success. One of
            # our own outbox answers for itself, also while the endpoint's logs lag behind.
            if self._outbox.find(signed.hash.hex()) is None:
                carried = find_carried(self._gateway, address, signed.data)
                receipt = None if carried is None else self._gateway.receipt(carried)
                if receipt is None:
                    raise
                return receipt
        gas = min(GAS + GAS_PER_BYTE * len(signed.data), GAS_LIMIT)
        return self._outbox.enqueue(signed.hash.hex(), address, signed.data, gas)

    def _settled(self, signed: SignedAct, sent: int | TxReceipt) -> Decided:
        receipt = self._outbox.wait(sent) if isinstance(sent, int) else sent
        return self._decided(signed.kind, signed.hash, receipt)

    def find(self, kind: str, decision_hash: bytes) -> Decided | None:
        """Return a decision of this outbox that is on the chain, or None.

        Raises:
            DecisionRefused, TransactionRefused: it was sent and has failed.
            ChainUnavailable: it is mined, but the endpoint does not answer.
        """
        row = self._outbox.find(decision_hash.hex())
        receipt = None if row is None else self._outbox.result(row)
        return None if receipt is None else self._decided(DECISIONS[kind], decision_hash, receipt)

    def finish(self, kind: str, decision_hash: bytes) -> Decided | None:
        """Bring a decision that is in the outbox to its end; None: it never got there.

        Raises:
            DecisionRefused, TransactionRefused: it has failed.
            ChainUnavailable: not mined in time; it stays in the outbox and may still be.
        """
        row = self._outbox.find(decision_hash.hex())
        if row is None:
            return None
        return self._decided(DECISIONS[kind], decision_hash, self._outbox.wait(row))

    def _decided(self, kind: DecisionType, decision_hash: bytes, receipt: TxReceipt) -> Decided:
        domain = self.domain_of(kind.name)
        return Decided(
            kind=kind.name,
            hash=decision_hash,
            transaction=receipt.tx_hash,
            block=receipt.block_number,
            gas_used=receipt.gas_used,
            event=_event(kind, decision_hash, domain, receipt),
        )

    def _address(self, kind: DecisionType) -> bytes:
        return self._deployment.contracts[kind.contract].address


def _event(
    kind: DecisionType, decision_hash: bytes, domain: Domain, receipt: TxReceipt
) -> Mapping[str, Any]:
    for log in receipt.logs:
        if log.address == domain.contract:
            name, args = abi.decode_words(kind.contract, log.words, log.topic_count)
            if name != kind.event:
                continue
            if hash_decision(*from_event(name, args), domain) == decision_hash:
                return args
    raise ChainUnavailable(f"0x{receipt.tx_hash.hex()} carries no {kind.event}")


def _check_bound(message: Mapping[str, Any], papers: Sequence[bytes]) -> None:
    # Before anybody signs: a paper that no field names would be kept, and prove nothing.
    named = set(_bytes_in(message))
    for paper in papers:
        digest = documents.digest_of(paper)
        if digest not in named:
            raise InvalidInput(f"the decision does not name the paper {digest.hex()}")


def _bytes_in(value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _bytes_in(member)
