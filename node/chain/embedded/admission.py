"""What the embedded chain takes: the checks a transaction must pass before it may wait.

anvil accepts and silently drops, or queues for ever, what these refuse (design.md section 7);
whatever passes must be minable as it stands, or the whole batch would be replayed for it.
Pure but for what the blocks have taught, and the two tables of nonces, which the sealer's lock
guards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import MalformedTransaction, TransactionRefused
from ..transactions import Transaction, parse_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

TRANSACTION_BYTES = 128 * 1024
TRANSACTION_GAS = 100_000_000
"""Most gas one transaction may ask for; a block holds ten of them."""
CREATION_BYTES = 49_152
"""EIP-3860."""


class Doors:
    """Whose transactions are taken, and where to; learned from every block, at a start anew.

    Contracts come into being by their deployers alone, so those that are listed are among those
    that were made; before the first is listed the others must be callable as well.
    """

    def __init__(self, deployers: Collection[bytes] | None) -> None:
        """Let these accounts create contracts; None, for tests, lets anybody do anything."""
        self._deployers = deployers
        self._contracts: set[bytes] = set()
        self._known: set[bytes] = set()

    def knows(self, sender: bytes) -> bool:
        """Tell whether an account has made a contract or carried a decision.

        A call that succeeds without an event is neither: anybody can pay for a view.
        """
        return sender in self._known

    def check(self, transaction: Transaction) -> None:
        """Check that a transaction may come in.

        Raises:
            TransactionRefused: a creation by somebody else, or a call to nothing of this ledger.
        """
        sender, to = transaction.sender, transaction.to
        if self._deployers is None or to in self._contracts:
            return
        if not to:
            if sender not in self._deployers:
                raise TransactionRefused(
                    f"0x{sender.hex()} may create no contract on this chain; "
                    "start it with --deployer and this address if it should",
                    reason="not-admitted",
                )
        elif to != sender or transaction.data:
            raise TransactionRefused(
                f"0x{to.hex()} is no contract of this ledger: the embedded chain takes calls to "
                "its contracts and empty transfers to oneself",
                reason="not-admitted",
            )

    def learn(
        self, block: Sequence[Transaction], receipts: Callable[[], list[dict[str, Any]]]
    ) -> None:
        """Learn from a sealed block; its `receipts`, in its order, are asked for if they tell."""
        if all(each.to and each.sender in self._known for each in block):
            return
        for transaction, receipt in zip(block, receipts(), strict=True):
            if receipt["status"] != "0x1":
                continue
            if not transaction.to:
                self._contracts.add(bytes.fromhex(receipt["contractAddress"][2:]))
            if receipt["logs"] or not transaction.to:
                self._known.add(transaction.sender)


def check(raw: bytes, chain_id: int) -> Transaction:
    """Check everything about a transaction that does not depend on others.

    Raises:
        MalformedTransaction: too long, or not a signed transaction.
        TransactionRefused: another chain's, over the gas cap or under what it needs at least, or
            it costs or moves coin (there is none on this chain).
    """
    if len(raw) > TRANSACTION_BYTES:
        raise MalformedTransaction(f"{len(raw)} bytes; at most {TRANSACTION_BYTES} are taken")
    transaction = parse_transaction(raw)
    problem = ""
    if transaction.chain_id != chain_id:
        problem = f"signed for chain {transaction.chain_id}, this is chain {chain_id}"
    elif transaction.gas > TRANSACTION_GAS:
        problem = f"gas {transaction.gas} is over the cap {TRANSACTION_GAS}"
    elif transaction.gas < transaction.intrinsic_gas:
        # anvil takes it and leaves it out of the block.
        problem = f"intrinsic gas too low: {transaction.gas}, it needs {transaction.intrinsic_gas}"
    elif transaction.value or transaction.price:
        problem = "insufficient funds: nobody has coin here, value and gas price must be 0"
    elif not transaction.to and len(transaction.data) > CREATION_BYTES:
        problem = f"creation code of {len(transaction.data)} bytes; at most {CREATION_BYTES}"
    if problem:
        raise TransactionRefused(problem, reason="invalid")
    return transaction


class Nonces:
    """The next nonce of every sender, twice: as admitted to the queue and as handed to anvil.

    Between the two lies the queue. A refusal by anvil brings the first back to the second, and
    what the sender had queued behind it fails instead of leaving a gap.
    """

    def __init__(self) -> None:
        self._admitted: dict[bytes, int] = {}
        self._sent: dict[bytes, int] = {}

    def knows(self, sender: bytes) -> bool:
        """Tell whether the sender's next nonce is here."""
        return sender in self._admitted

    def note(self, sender: bytes, count: int) -> None:
        """Note how many of a sender's transactions are sealed; while none of them is queued."""
        self._admitted[sender] = self._sent[sender] = count

    def check(self, transaction: Transaction) -> None:
        """Check that a transaction has the next nonce of its sender, who is known.

        Raises:
            TransactionRefused: nonce-low or nonce-gap.
        """
        _compare(transaction, self._admitted[transaction.sender])

    def admit(self, transaction: Transaction) -> None:
        self._admitted[transaction.sender] += 1

    def check_sending(self, transaction: Transaction) -> None:
        """Check that nothing the sender queued before this one was refused.

        Raises:
            TransactionRefused: nonce-gap.
        """
        _compare(transaction, self._sent[transaction.sender])

    def sent(self, transaction: Transaction) -> None:
        """Note that anvil has taken it."""
        self._sent[transaction.sender] += 1

    def refused(self, transaction: Transaction) -> None:
        """Note that anvil has refused it: its nonce is free again."""
        self._admitted[transaction.sender] = self._sent[transaction.sender]

    def forget(self) -> None:
        """Start anew from the sealed blocks; the queue must be empty."""
        self._admitted.clear()
        self._sent.clear()


def _compare(transaction: Transaction, expected: int) -> None:
    sender = f"0x{transaction.sender.hex()}"
    if transaction.nonce < expected:
        raise TransactionRefused(
            f"nonce too low: {sender} is at {expected}, got {transaction.nonce}", reason="nonce-low"
        )
    if transaction.nonce > expected:
        raise TransactionRefused(
            f"nonce too high: {sender} is at {expected}, got {transaction.nonce}; "
            "gaps are not queued",
            reason="nonce-gap",
        )
